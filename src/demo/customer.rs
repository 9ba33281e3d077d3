//! Who the sample customers are: what does not change from day to day.

use super::behaviour::{Behaviour, cast};
use super::names::{self, Country};
use super::random::Random;
use crate::model::Day;

/// Days of history before the first lived day.
pub(super) const HISTORY_DAYS: i32 = 90;
/// The CSMs that share the accounts.
pub(super) const CSMS: usize = 5;
/// What most bought.
pub(super) const PRODUCT: &str = "Atlas";
/// What some bought: their first value is a point of the value plan, so that it is known however long ago it was.
pub(super) const LEDGER: &str = "Atlas Ledger";
/// The sellers; the last one promises what the product does not do.
const SELLERS: &[&str] = &["Amira Voss", "Jonas Reed", "Petra Lund", "Victor Hale"];

/// The time that the company is written for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Where all dice begin.
    pub(super) seed: u64,
    /// The first morning that is lived through.
    pub(super) first_day: Day,
    /// How many mornings are.
    pub(super) days: u32,
}

impl Span {
    /// The first day of the history.
    pub(super) fn start(&self) -> Day {
        self.first_day - HISTORY_DAYS
    }

    /// The first day after the last lived one.
    pub(super) fn end(&self) -> Day {
        self.first_day + i32::try_from(self.days).unwrap_or(i32::MAX)
    }

    /// How far the day lies between start (0) and end (1).
    pub(super) fn progress(&self, day: Day) -> f64 {
        (f64::from(day - self.start()) / f64::from((self.end() - self.start()).max(1))).clamp(0.0, 1.0)
    }
}

/// The size class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    Enterprise,
    Mid,
    Small,
}

impl Tier {
    /// As in `accounts.csv`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Tier::Enterprise => "enterprise",
            Tier::Mid => "mid",
            Tier::Small => "small",
        }
    }

    /// One of three, in the order of the tiers.
    pub(super) fn choose<T>(self, enterprise: T, mid: T, small: T) -> T {
        match self {
            Tier::Enterprise => enterprise,
            Tier::Mid => mid,
            Tier::Small => small,
        }
    }
}

/// One sample customer.
pub(super) struct Customer {
    /// Its place among all, from 0.
    pub(super) place: usize,
    /// `A0001` and so on.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) story: Behaviour,
    pub(super) tier: Tier,
    pub(super) country: &'static Country,
    pub(super) industry: &'static str,
    pub(super) employees: i32,
    /// Seats that it pays for.
    pub(super) seats: i32,
    /// The id of the user who looks after it.
    pub(super) csm: String,
    pub(super) seller: &'static str,
    /// What it bought first.
    pub(super) product: &'static str,
    /// Whether its seller sells what the product cannot do.
    pub(super) oversold: bool,
    pub(super) signed_on: Day,
    pub(super) live_on: Day,
    /// The day on which its story turns; it lies in the lived window.
    pub(super) turn: Day,
    /// The head of its family.
    pub(super) parent_id: Option<String>,
}

impl Customer {
    /// All of them.
    pub(super) fn all(span: &Span, accounts: usize) -> Vec<Customer> {
        let stories = cast(accounts, span.seed);
        let mut customers: Vec<Customer> =
            stories.into_iter().enumerate().map(|(place, story)| Customer::new(span, place, story)).collect();
        // A family: the third of ten is the mother of the sixth and the ninth.
        for place in [5, 8] {
            if customers.len() >= 10 && customers[2].signed_on < span.first_day {
                customers[place].parent_id = Some(customers[2].id.clone());
            }
        }
        customers
    }

    fn new(span: &Span, place: usize, story: Behaviour) -> Customer {
        let mut random = Random::of(&[span.seed, 2, place as u64]);
        let tier = match random.between(0, 99) {
            0..=9 => Tier::Enterprise,
            10..=39 => Tier::Mid,
            _ => Tier::Small,
        };
        let country = names::country(&mut random);
        let shift = Random::of(&[span.seed, 3]).index(60);
        let (name, industry) = names::company(place, shift, country, &mut random);
        let employees = tier.choose(random.between(1200, 18_000), random.between(150, 1200), random.between(8, 150));
        let seats = tier.choose(random.between(20, 120) * 10, random.between(8, 40) * 5, random.between(4, 36));
        // In a long life new customers come all the time, and some are still being brought on when it ends.
        let late = i32::try_from(span.days.saturating_sub(45)).unwrap_or(0);
        let later = Random::of(&[span.seed, 5, place as u64]).between(0, late);
        let (signed_on, live_on) = match story {
            // Some are still being brought on when the lived days end.
            Behaviour::OnboardingWell if place.is_multiple_of(3) => {
                let live = span.first_day + i32::try_from(span.days.min(45)).unwrap_or(45) + random.between(3, 20);
                (span.first_day - random.between(3, 12) + late, live + late)
            }
            Behaviour::OnboardingWell => {
                let live = span.first_day - random.between(12, 50) + later;
                (live - random.between(15, 40), live)
            }
            // Its month after go-live ends within the lived window.
            Behaviour::OnboardingBadly => {
                let live = span.first_day - random.between(18, 28) + later;
                (live - random.between(15, 40), live)
            }
            // A term of a year or two of them, of which the last ended within the last year.
            Behaviour::Lost => {
                let terms = if place.is_multiple_of(2) { 380 } else { 745 };
                let signed = span.first_day - random.between(20, 330) - terms;
                (signed, signed + random.between(20, 70))
            }
            Behaviour::Leaving => {
                let signed = span.first_day - random.between(400, 1400);
                (signed, signed + random.between(20, 70))
            }
            _ => {
                let signed = span.first_day - random.between(200, 1400);
                (signed, signed + random.between(20, 70))
            }
        };
        let product = match story {
            Behaviour::Lost => LEDGER,
            Behaviour::Steady | Behaviour::Growing | Behaviour::Untouched | Behaviour::Overdue
                if Random::of(&[span.seed, 4, place as u64]).chance(35) =>
            {
                LEDGER
            }
            _ => PRODUCT,
        };
        let third = i32::try_from(span.days / 3).unwrap_or(0);
        let seller = random.index(SELLERS.len());
        // The first CSM is new and has a small book; the last one has too large a one.
        let csm = match random.between(0, 99) {
            0..=10 => 1,
            11..=29 => 2,
            30..=49 => 3,
            50..=69 => 4,
            _ => CSMS,
        };
        Customer {
            place,
            id: format!("A{:04}", place + 1),
            name,
            story,
            tier,
            country,
            industry,
            employees,
            seats,
            csm: format!("csm-{csm}"),
            seller: SELLERS[seller],
            product,
            oversold: seller + 1 == SELLERS.len(),
            signed_on,
            live_on,
            turn: span.first_day + random.between(third / 2, third),
            parent_id: None,
        }
    }

    /// Dice of its own for one purpose.
    pub(super) fn dice(&self, span: &Span, purpose: u64) -> Random {
        Random::of(&[span.seed, purpose, self.place as u64])
    }

    /// How content its people are, −1 to 1.
    pub(super) fn mood(&self, day: Day) -> f64 {
        let turned = day >= self.turn;
        match self.story {
            Behaviour::Growing => 0.8,
            Behaviour::Steady | Behaviour::OnboardingWell | Behaviour::NoFeed => 0.5,
            Behaviour::ChampionLeaves | Behaviour::Untouched => 0.2,
            Behaviour::Burning | Behaviour::Dropping if !turned => 0.4,
            Behaviour::Overdue => 0.0,
            Behaviour::OnboardingBadly | Behaviour::Fading => -0.2,
            Behaviour::Dropping => -0.4,
            Behaviour::Leaving | Behaviour::Lost => -0.6,
            Behaviour::Burning => -0.8,
        }
    }
}
