//! What a pipeline may ask of a record: the names, what each of them is, and which records have it.

use super::Anchor;
use crate::model::Day;

/// The records that go through a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The records of `leads`.
    Leads,
    /// Terms of contracts: each order opens the next.
    Contracts,
    /// Accounts.
    Accounts,
}

impl Kind {
    /// As in `records:`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Leads => "leads",
            Kind::Contracts => "contracts",
            Kind::Accounts => "accounts",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What kind of thing a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Words.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Words.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// What is known of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known<'a> {
    /// Its value.
    pub value: Value<'a>,
    /// The day from which it is so, where the fact has a day of its own.
    pub since: Option<Day>,
}

impl<'a> Known<'a> {
    /// Words.
    pub fn text(text: Option<&'a str>) -> Option<Known<'a>> {
        text.map(|text| Known { value: Value::Text(text), since: None })
    }

    /// A number.
    pub fn number(number: Option<f64>) -> Option<Known<'a>> {
        number.map(|number| Known { value: Value::Number(number), since: None })
    }

    /// Yes or no.
    pub fn flag(flag: bool) -> Option<Known<'a>> {
        Some(Known { value: Value::Flag(flag), since: None })
    }

    /// Yes since that day, or no.
    pub fn since(day: Option<Day>) -> Option<Known<'a>> {
        Some(Known { value: Value::Flag(day.is_some()), since: day })
    }
}

/// One record on one morning, as a pipeline sees it: nothing in it lies in the future.
pub trait Facts: Sync {
    /// What is known of a field; nothing where nobody knows.
    fn get(&self, field: Field) -> Option<Known<'_>>;

    /// A day of its own.
    fn day(&self, anchor: Anchor) -> Option<Day>;
}

const L: u8 = 1 << Kind::Leads as u8;
const C: u8 = 1 << Kind::Contracts as u8;
const A: u8 = 1 << Kind::Accounts as u8;

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident $name:literal $kind:ident $records:expr;)*) => {
        /// Something that a pipeline may ask of a record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field { $($(#[$doc])* $variant),* }

        impl Field {
            /// All of them.
            pub const ALL: &'static [Field] = &[$(Field::$variant),*];

            /// The name in conditions.
            pub fn name(self) -> &'static str {
                match self { $(Field::$variant => $name),* }
            }

            /// What it is.
            pub fn kind(self) -> Type {
                match self { $(Field::$variant => Type::$kind),* }
            }

            fn records(self) -> u8 {
                match self { $(Field::$variant => $records),* }
            }
        }
    };
}

fields! {
    /// The person.
    Name "name" Text L;
    /// The company.
    Company "company" Text L;
    /// Mail address.
    Email "email" Text L;
    /// Telephone number.
    Phone "phone" Text L;
    /// The number has 7 to 15 digits that are not all alike (ITU E.164).
    ValidPhone "valid_phone" Flag L;
    /// Who works on it.
    Owner "owner" Text L;
    /// What it may be worth.
    Amount "amount" Number L;
    /// What getting it cost.
    Cost "cost" Number L;
    /// UTM source.
    UtmSource "utm_source" Text L;
    /// UTM medium.
    UtmMedium "utm_medium" Text L;
    /// UTM campaign.
    UtmCampaign "utm_campaign" Text L;
    /// UTM term.
    UtmTerm "utm_term" Text L;
    /// UTM content.
    UtmContent "utm_content" Text L;
    /// Why it was lost.
    LostReason "lost_reason" Text L;
    /// The account it belongs to.
    AccountId "account_id" Text L;
    /// The account that recommended us.
    ReferredBy "referred_by" Text L;
    /// ISO 4217.
    Currency "currency" Text L | C;
    /// Where it is.
    Region "region" Text L | C | A;
    /// What it does.
    Industry "industry" Text L | C | A;
    /// Size class of the account.
    Tier "tier" Text C | A;
    /// The company's own division of its customers.
    Segment "segment" Text C | A;
    /// Who looks after the account.
    Csm "csm" Text C | A;
    /// Who sold it.
    Seller "seller" Text C | A;
    /// Head count.
    Employees "employees" Number A;
    /// What was sold.
    Product "product" Text C;
    /// The price of one year, in whole units of the currency.
    Annual "annual" Number C;
    /// Paid seats.
    Seats "seats" Number C;
    /// Runs on by itself.
    AutoRenews "auto_renews" Flag C;
    /// Notice was given.
    Cancelled "cancelled" Flag C;
    /// It ended and its loss was decided.
    Lost "lost" Flag C;
    /// It ended, and nothing followed in time: `accounts.undecided_days` went by, or the account began something else.
    Lapsed "lapsed" Flag C;
    /// A next term is signed, or this one ran on by itself.
    Renewed "renewed" Flag C;
    /// It is a customer.
    Signed "signed" Flag A;
    /// It went live.
    Live "live" Flag A;
    /// Its last contract ended without another one.
    Left "left" Flag A;
    /// It left once and came back.
    Returned "returned" Flag A;
    /// What it paid a year before it left, in whole units of its currency.
    AnnualLost "annual_lost" Number A;
    /// Severe tickets (1 or 2) in the year before it left.
    Complaints "complaints" Number A;
    /// How the last touch was answered: `silent`, `not now`, `interest`, `refused`.
    Answer "answer" Text L | C | A;
    /// Touches since it came into its stage.
    Touches "touches" Number L | C | A;
    /// Touches in a row without any reaction.
    Unanswered "unanswered" Number L | C | A;
    /// Good answers to the questionnaire.
    GoodAnswers "good_answers" Number L | C | A;
}

impl Field {
    /// The fields of a record.
    pub fn of(kind: Kind) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |field| field.records() & kind.bit() != 0)
    }

    /// The field of a record with this name.
    pub fn parse(kind: Kind, name: &str) -> Option<Field> {
        Field::of(kind).find(|field| field.name() == name)
    }
}
