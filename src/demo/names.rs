//! Word lists from which companies and people are named. Any likeness to a real company is chance.

use super::random::Random;

/// Where a customer may be, and what follows from it.
pub(super) struct Country {
    pub(super) region: &'static str,
    pub(super) currency: &'static str,
    pub(super) timezone: &'static str,
    pub(super) language: &'static str,
    /// Units of its currency that one euro buys, roughly: prices are set in euros.
    pub(super) per_euro: f64,
    /// Endings of company names.
    forms: &'static [&'static str],
    /// How many of a hundred customers are there.
    share: i32,
}

static COUNTRIES: &[Country] = &[
    Country {
        region: "DACH",
        currency: "EUR",
        timezone: "Europe/Berlin",
        language: "de",
        per_euro: 1.0,
        forms: &[" GmbH", " AG", " GmbH & Co. KG"],
        share: 34,
    },
    Country {
        region: "Benelux",
        currency: "EUR",
        timezone: "Europe/Amsterdam",
        language: "nl",
        per_euro: 1.0,
        forms: &[" B.V.", " N.V."],
        share: 14,
    },
    Country {
        region: "France",
        currency: "EUR",
        timezone: "Europe/Paris",
        language: "fr",
        per_euro: 1.0,
        forms: &[" SAS", " SA"],
        share: 14,
    },
    Country {
        region: "Nordics",
        currency: "EUR",
        timezone: "Europe/Helsinki",
        language: "fi",
        per_euro: 1.0,
        forms: &[" Oy", " Oyj"],
        share: 12,
    },
    Country {
        region: "UK & Ireland",
        currency: "GBP",
        timezone: "Europe/London",
        language: "en",
        per_euro: 0.86,
        forms: &[" Ltd", " plc", ""],
        share: 11,
    },
    Country {
        region: "North America",
        currency: "USD",
        timezone: "America/Chicago",
        language: "en",
        per_euro: 1.1,
        forms: &[" Inc.", " LLC", " Corp."],
        share: 9,
    },
    Country {
        region: "Switzerland",
        currency: "CHF",
        timezone: "Europe/Zurich",
        language: "de",
        per_euro: 0.95,
        forms: &[" AG", " SA"],
        share: 4,
    },
    Country {
        region: "Japan",
        currency: "JPY",
        timezone: "Asia/Tokyo",
        language: "ja",
        per_euro: 160.0,
        forms: &[" K.K."],
        share: 2,
    },
];

/// The names that trip programs up: they come first, so that even a small company has them.
const AWKWARD: &[&str] = &[
    "Müller & Söhne Präzisionstechnik GmbH",
    "O'Malley's Bakeries Ltd",
    "東雲精機株式会社",
    "<b>Bold</b> Interiors",
    "Łódzkie Tkaniny, S.A.",
    "\"Quotient\" Média",
];

const STEMS: &[&str] = &[
    "Alder",
    "Amberfield",
    "Arkwold",
    "Birkholm",
    "Blauwater",
    "Brackenridge",
    "Calder",
    "Castelnor",
    "Cindermark",
    "Corvane",
    "Dornbach",
    "Dunmere",
    "Eastmarch",
    "Eisenau",
    "Elmstead",
    "Fairhaven",
    "Falkenried",
    "Fjordline",
    "Galeweather",
    "Glimmerbeck",
    "Goldau",
    "Greystone",
    "Hallbrook",
    "Hartwell",
    "Hohenfels",
    "Ironbridge",
    "Ivorel",
    "Jasperon",
    "Juniper Hill",
    "Kestrel",
    "Kiefernhain",
    "Larkspur",
    "Lindqvist",
    "Lumenor",
    "Marlowe",
    "Meridia",
    "Mistral",
    "Nordhafen",
    "Northwick",
    "Oakhurst",
    "Orlando & Vey",
    "Pellworth",
    "Pinecrest",
    "Quarrymoor",
    "Ravensburgh",
    "Rosefield",
    "Saltmarsh",
    "Silbersee",
    "Sommerau",
    "Stonegate",
    "Tannwald",
    "Thornbury",
    "Umbria Nova",
    "Valmont",
    "Vesterby",
    "Wellspring",
    "Westerlund",
    "Wolkenstein",
    "Yarrow",
    "Zephyrine",
];

const TRADES: &[(&str, &str)] = &[
    ("Logistics", "logistics"),
    ("Optics", "manufacturing"),
    ("Foods", "food"),
    ("Energy", "energy"),
    ("Textiles", "manufacturing"),
    ("Pharma", "health"),
    ("Clinics", "health"),
    ("Insurance", "finance"),
    ("Leasing", "finance"),
    ("Machinery", "manufacturing"),
    ("Robotics", "manufacturing"),
    ("Software", "software"),
    ("Analytics", "software"),
    ("Publishing", "media"),
    ("Studios", "media"),
    ("Hotels", "travel"),
    ("Airways", "travel"),
    ("Timber", "construction"),
    ("Construction", "construction"),
    ("Retail", "retail"),
    ("Outfitters", "retail"),
    ("Seeds", "agriculture"),
    ("Waterworks", "energy"),
    ("Telecom", "telecom"),
];

const GIVEN: &[&str] = &[
    "Ada",
    "Aisha",
    "Anneli",
    "Bastian",
    "Bérénice",
    "Callum",
    "Chiara",
    "Dagmar",
    "Dmitri",
    "Eilidh",
    "Emre",
    "Esther",
    "Farid",
    "Femke",
    "Giulia",
    "Gunnar",
    "Hana",
    "Henrik",
    "Imogen",
    "Ivo",
    "Jens",
    "Jolanda",
    "Kaori",
    "Kwame",
    "Leonie",
    "Lucía",
    "Maëlle",
    "Marek",
    "Nadia",
    "Niamh",
    "Oskar",
    "Paula",
    "Pieter",
    "Quentin",
    "Rasmus",
    "Ruth",
    "Saskia",
    "Søren",
    "Takeshi",
    "Tilda",
    "Ulrike",
    "Viktor",
    "Wanda",
    "Xenia",
    "Yusuf",
    "Zoë",
];

const FAMILY: &[&str] = &[
    "Achterberg",
    "Aydın",
    "Bellamy",
    "Brandt",
    "Castellane",
    "Czerny",
    "Dahlgren",
    "D'Arcy",
    "Eklund",
    "Faber",
    "Fontaine",
    "Gallagher",
    "Grünwald",
    "Hargreaves",
    "Hoshino",
    "Ibarra",
    "Jansen",
    "Kallio",
    "Kowalczyk",
    "Laurent",
    "Lindemann",
    "Marchetti",
    "Mbeki",
    "Nakamura",
    "Nordström",
    "Okafor",
    "O'Rourke",
    "Petrov",
    "Quist",
    "Rautio",
    "Rosenthal",
    "Sato",
    "Schäfer",
    "Tanaka",
    "Thorne",
    "Underhill",
    "van der Meer",
    "Vogel",
    "Whitcombe",
    "Yilmaz",
    "Zimmer",
];

/// A country, as often as its share says.
pub(super) fn country(random: &mut Random) -> &'static Country {
    let mut left = random.between(0, COUNTRIES.iter().map(|country| country.share).sum::<i32>() - 1);
    for country in COUNTRIES {
        if left < country.share {
            return country;
        }
        left -= country.share;
    }
    &COUNTRIES[0]
}

/// The name and the industry of the company at this place; no two places share a name.
pub(super) fn company(place: usize, shift: usize, country: &Country, random: &mut Random) -> (String, &'static str) {
    let (trade, industry) = TRADES[(place + shift) % TRADES.len()];
    if let Some(name) = AWKWARD.get(place) {
        return ((*name).to_owned(), industry);
    }
    // 60 stems and 24 trades: walking both lists at once meets each of 120 pairs once, and each further round of
    // 120 shifts the stems by one, so that 1,440 companies differ before a number is needed.
    let round = place / 120;
    let stem = STEMS[(place + shift + round) % STEMS.len()];
    let form = random.pick(country.forms);
    match round / 12 {
        0 => (format!("{stem} {trade}{form}"), industry),
        series => (format!("{stem} {trade} {}{form}", series + 1), industry),
    }
}

/// A person's name.
pub(super) fn person(random: &mut Random) -> String {
    format!("{} {}", random.pick(GIVEN), random.pick(FAMILY))
}

/// The name as the local part of a mail address: Latin letters and a dot.
pub(super) fn mailbox(name: &str) -> String {
    let plain = |c: char| match c {
        'ä' | 'á' | 'à' => 'a',
        'é' | 'ë' | 'è' => 'e',
        'í' | 'ı' => 'i',
        'ö' | 'ø' | 'ó' => 'o',
        'ü' => 'u',
        c => c,
    };
    let text: String = name.to_lowercase().chars().map(plain).filter(|c| c.is_ascii_alphabetic() || *c == ' ').collect();
    text.split_whitespace().collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_companies_share_a_name() {
        let mut random = Random::of(&[1]);
        let names: BTreeSet<String> = (0..5000).map(|place| company(place, 5, &COUNTRIES[7], &mut random).0).collect();
        assert_eq!(names.len(), 5000);
    }

    #[test]
    fn mailboxes_are_plain() {
        assert_eq!(mailbox("Zoë van der Meer"), "zoe.van.der.meer");
        assert_eq!(mailbox("Søren O'Rourke"), "soren.orourke");
    }
}
