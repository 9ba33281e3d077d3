//! Every signal that longroad knows: its name, unit and meaning. Scorecards weigh them, conditions compare them,
//! explanations print them.

/// What kind of number a signal is, for printing and for checking conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whole days.
    Days,
    /// How many.
    Count,
    /// 0 to 1 (more where use outgrows what was bought).
    Share,
    /// 0 to 100, the place among peers of the same day.
    Percentile,
    /// A binary logarithm: −1 is half, +1 is double.
    Doublings,
    /// An answer on the survey's own scale.
    Answer,
    /// Money of one year in the account's currency.
    Money,
    /// 0 or 1.
    Flag,
    /// The index of a word.
    Word(&'static [&'static str]),
}

/// The states of first value (FIELD, First value), by the index that the signal holds.
pub const FIRST_VALUE_STATES: &[&str] = &["not_live", "on_track", "at_risk", "attained", "attained_late", "missed"];

macro_rules! catalogue {
    ($($(#[$doc:meta])* $variant:ident $name:literal $unit:expr, $label:literal;)*) => {
        /// One signal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Signal { $($(#[$doc])* $variant),* }

        impl Signal {
            /// All signals, in the order in which they are kept.
            pub const ALL: &'static [Signal] = &[$(Signal::$variant),*];
            /// How many there are.
            pub const COUNT: usize = Signal::ALL.len();

            /// The name in scorecards, conditions and JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Signal::$variant => $name),* }
            }

            /// What its number means.
            pub const fn unit(self) -> Unit {
                match self { $(Signal::$variant => $unit),* }
            }

            /// What people read.
            pub const fn label(self) -> &'static str {
                match self { $(Signal::$variant => $label),* }
            }
        }
    };
}

catalogue! {
    /// Days since the last day with use.
    DaysSinceUse "days_since_use" Unit::Days, "days since last use";
    /// Days with use among the last 28, scaled up where the account or the data is younger.
    ActiveDays "active_days_28" Unit::Days, "days with use in 28";
    /// Binary logarithm of active days in the last 28 against the 56 before, less the median of the peers.
    UseTrend "use_trend" Unit::Doublings, "trend of use against peers";
    /// Active days in the last 28 as a share of the mean of the two 28-day spans before.
    UseRatio "use_ratio" Unit::Share, "use against the 8 weeks before";
    /// Median gap between the last eight days with use.
    UseGap "use_gap_days" Unit::Days, "days from use to use";
    /// Different features used in the last 28 days.
    FeaturesUsed "features_used_28" Unit::Count, "features used in 28 days";
    /// Features used as a share of what the widest quarter of the peers uses.
    FeatureBreadth "feature_breadth" Unit::Share, "breadth of use";
    /// Place of the volume of use among peers.
    UsePercentile "use_percentile" Unit::Percentile, "volume of use";
    /// Place of the share of bad events among peers; 100 = the fewest.
    OutcomePercentile "outcome_percentile" Unit::Percentile, "good against bad events";
    /// Seats in use as a share of seats bought.
    LicenceUtilisation "licence_utilisation" Unit::Share, "licence utilisation";
    /// Value points reached as a share of those due.
    MilestonesDone "milestones_done" Unit::Share, "value points reached of those due";
    /// Where the account stands with its first value.
    FirstValue "first_value" Unit::Word(FIRST_VALUE_STATES), "first value";
    /// Days to the deadline of the first value; negative when it has passed.
    DaysToFirstValue "days_to_first_value_deadline" Unit::Days, "days to the first-value deadline";
    /// Severe (1 or 2) tickets open, and escalations, in the last 90 days.
    SevereTickets "severe_tickets" Unit::Count, "severe or escalated tickets in 90 days";
    /// Tickets opened in the last 90 days.
    Tickets "tickets_90" Unit::Count, "tickets in 90 days";
    /// Mean satisfaction of the last 90 days, tickets and surveys.
    Csat "csat" Unit::Answer, "satisfaction";
    /// The last answer to "would you recommend us".
    Nps "nps" Unit::Answer, "NPS answer";
    /// Does it solve a serious, lasting problem.
    FitProblem "problem" Unit::Answer, "fit: problem";
    /// Does it have the needed features.
    FitFeatures "features" Unit::Answer, "fit: features";
    /// Are they usable.
    FitUsability "usability" Unit::Answer, "fit: usability";
    /// Are they reliable.
    FitReliability "reliability" Unit::Answer, "fit: reliability";
    /// How much the customer cares.
    Attention "attention" Unit::Answer, "attention";
    /// How able the customer's team is.
    Ability "ability" Unit::Answer, "ability";
    /// What contacts felt like, −2 to 2, the newest counting most.
    Sentiment "sentiment" Unit::Answer, "sentiment of contacts";
    /// Days since both sides last spoke.
    DaysSinceContact "days_since_contact" Unit::Days, "days since two-way contact";
    /// Champions who are there.
    Champions "champions" Unit::Count, "champions";
    /// A champion left and none is there now.
    ChampionLeft "champion_left" Unit::Flag, "champion left";
    /// Contacts who are there.
    Contacts "contacts" Unit::Count, "known contacts";
    /// Days since the oldest unpaid bill was due.
    DaysOverdue "days_overdue" Unit::Days, "days overdue";
    /// Days to the end of the last contract in force.
    DaysToEnd "days_to_end" Unit::Days, "days to the end of the contract";
    /// Days to the last day to act: the end less the notice period.
    DaysToNotice "days_to_notice" Unit::Days, "days to the last day to act";
    /// Notice was given, nothing follows.
    NoticeGiven "notice_given" Unit::Flag, "cancellation notice given";
    /// The contract runs on by itself.
    AutoRenews "auto_renews" Unit::Flag, "renews by itself";
    /// The contract ended without renewal, cancellation or loss.
    OverdueUndecided "overdue_undecided" Unit::Flag, "renewal overdue, undecided";
    /// Revenue of one year.
    Arr "arr" Unit::Money, "ARR";
    /// Paid seats.
    Seats "seats" Unit::Count, "seats";
    /// Days since the first contract began, or since the account signed.
    AgeDays "age_days" Unit::Days, "age of the account";
    /// Days since go-live.
    DaysSinceLive "days_since_live" Unit::Days, "days since go-live";
    /// Days of the term that ends last, of those in force.
    TermDays "term_days" Unit::Days, "length of the term";
    /// Days since the account became a customer again after a gap.
    DaysSinceReturn "days_since_return" Unit::Days, "days since it came back";
    /// The contract does not run on by itself, though an earlier one of the account did.
    AutoRenewOff "auto_renew_off" Unit::Flag, "automatic renewal switched off";
    /// Tickets open for two weeks, or three days without an answer, that do not wait for the customer.
    StalledTickets "stalled_tickets" Unit::Count, "stalled tickets";
    /// Classes (daily, every second day, weekly, monthly, rarely) by which days with use fell against the eight weeks
    /// before, where neither chance nor the peers explain it; 0 = none.
    CadenceDropped "cadence_dropped" Unit::Count, "classes of rhythm lost";
    /// Place of the time since the last use among peers; 100 = the shortest.
    RecencyPercentile "recency_percentile" Unit::Percentile, "recency of use";
    /// Place among peers of the share of days with use, of up to 128; of up to 365 where use alone shows that accounts live.
    FrequencyPercentile "frequency_percentile" Unit::Percentile, "frequency of use";
    /// Place of good events for the money paid among peers.
    ValuePercentile "value_percentile" Unit::Percentile, "value for money";
    /// What a year of contacts and tickets costs as a share of the revenue of a year.
    CostToServe "cost_to_serve" Unit::Share, "cost to serve against ARR";
}

impl Signal {
    /// The signal with this name.
    pub fn parse(name: &str) -> Option<Signal> {
        Signal::ALL.iter().copied().find(|signal| signal.name() == name)
    }
}
