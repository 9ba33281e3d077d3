//! What the templates of the executive's digest may name.

use serde::Serialize;

use crate::digest::{Head, Notice, Picture};

/// The context of `templates/email/executive/*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutiveDigest {
    /// Whose mail it is, of which day, and what qualifies it.
    #[serde(flatten)]
    pub head: Head,
    /// `First value 62 % in time, NRR 104 %`.
    pub headline: String,
    /// What a list of mails shows after the subject.
    pub preheader: String,
    /// What changed and why: always three.
    pub sentences: Vec<Notice>,
    /// Whether there is any cohort.
    pub any_cohorts: bool,
    /// By cohort of go-live.
    pub cohorts: Vec<CohortLine>,
    /// The picture of the cohorts; empty where there is none.
    pub cohorts_picture: String,
    /// What it shows, in words.
    pub cohorts_words: String,
    /// Whether revenue can be told.
    pub any_revenue: bool,
    /// `EUR`: the currency of the tables; empty where there are none.
    pub currency: String,
    /// The last months.
    pub months: Vec<MonthLine>,
    /// `NRR = …`.
    pub nrr_definition: String,
    /// `GRR = …`.
    pub grr_definition: String,
    /// What a renewal rate is.
    pub renewal_rate_definition: String,
    /// Whether there is a projection.
    pub any_projection: bool,
    /// What is left of today's revenue.
    pub projection: Vec<ProjectionLine>,
    /// `at 0.8 % a month, the mean of 12 months`.
    pub churn: String,
    /// `one point less`; where there is less than a point to lose, `nothing lost`.
    pub better: String,
    /// The same as the head of a column.
    pub better_head: String,
    /// The picture of the projection; empty where there is none.
    pub projection_picture: String,
    /// What it shows, in words.
    pub projection_words: String,
    /// The pages of first value and of revenue; empty where there are none.
    pub first_value_link: String,
    /// As above.
    pub revenue_link: String,
    /// Where the reader switches these mails off; empty where that is nowhere.
    pub unsubscribe: String,
    /// What the HTML shows.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
}

/// The attainment of one cohort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CohortLine {
    /// `2026-03`.
    pub cohort: String,
    /// `8 of 12`.
    pub attained: String,
    /// `67 %`, or `–`.
    pub rate: String,
    /// `14 days`, or `not yet`.
    pub median: String,
    /// `3 yet to come`, or empty.
    pub pending: String,
    /// `67 % (8 of 12), half there after 14 days; 3 yet to come`.
    pub in_words: String,
}

/// One month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonthLine {
    /// `2026-10`.
    pub month: String,
    /// `120,000`.
    pub mrr: String,
    /// NRR of the twelve months that end with it: `104.2 %`, or `–`.
    pub nrr: String,
    /// GRR of them.
    pub grr: String,
    /// Renewal rate of the month.
    pub renewal_rate: String,
}

/// What is left at one point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectionLine {
    /// `2027-11`.
    pub month: String,
    /// At the present churn.
    pub present: String,
    /// At one point less.
    pub better: String,
    /// At one point more.
    pub worse: String,
}
