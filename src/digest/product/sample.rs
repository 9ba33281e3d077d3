//! Samples: what `check` renders, and what the templates' names are held against.

use super::context::ProductDigest;
use super::input::{
    MoverItem, NewItem, ProductInputs, ProductItem, RenewalItem, RequestItem, ShippedItem, TellItem, WaitingItem,
};
use crate::config::Sight;
use crate::digest::csm::CsmInputs;
use crate::digest::{Context, Kind, Links};
use crate::model::{Currency, Day, Id};
use crate::signals::Band;

impl Context for ProductDigest {
    const KIND: Kind = Kind::Product;

    fn samples() -> Vec<ProductDigest> {
        let busy = ProductInputs::sample();
        let calm = ProductInputs {
            sight: Sight::None,
            products: Vec::new(),
            movers: Vec::new(),
            new: Vec::new(),
            renewals: Vec::new(),
            shipped: Vec::new(),
            to_tell: Vec::new(),
            stale: Vec::new(),
            approximated: false,
            ..busy.clone()
        };
        let reader = CsmInputs::sample().reader;
        let digest = |inputs: &ProductInputs| ProductDigest::build(inputs, &reader, inputs.as_of, &Links::sample());
        [busy, calm].iter().map(digest).collect()
    }
}

fn request(id: &str, title: &str, product: &str) -> RequestItem {
    let product = (!product.is_empty()).then(|| product.to_owned());
    RequestItem { id: id.to_owned(), title: title.to_owned(), product }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl ProductInputs {
    /// A week with something in every list.
    pub fn sample() -> ProductInputs {
        let csm = CsmInputs::sample();
        let on = csm.on;
        let sso = request("R-12", "Single sign-on", "Core");
        let export = request("R-31", "Export as CSV", "Analytics");
        let offline = request("R-7", "Work offline", "");
        let product = |name: &str, pending| ProductItem { product: Some(name.to_owned()), pending };
        ProductInputs {
            company: csm.company,
            as_of: on,
            compared_with: on - 7,
            currency: Currency::parse("EUR").expect("three letters are a currency"),
            sight: Sight::Full,
            products: vec![ProductItem { product: None, pending: 3 }, product("Analytics", 14), product("Core", 22)],
            movers: vec![
                MoverItem {
                    request: sso.clone(),
                    from: 7,
                    to: 2,
                    why: texts(&["ARR near renewal EUR 9,000 → EUR 12,000 (+1,500)", "accounts 3 → 4 (+400)"]),
                },
                MoverItem {
                    request: export.clone(),
                    from: 2,
                    to: 3,
                    why: texts(&["nothing of its own: others moved past it, or fell behind"]),
                },
            ],
            new: vec![
                NewItem { request: export.clone(), rank: Some(3), accounts: 1, arr: Some("48000.00".to_owned()) },
                NewItem { request: offline.clone(), rank: None, accounts: 2, arr: None },
            ],
            renewals: renewals(on, &sso, &export),
            shipped: vec![
                ShippedItem {
                    request: request("R-3", "Roles for teams", "Core"),
                    measured: true,
                    from: on - 20,
                    to: on + 39,
                    used: texts(&["Acme Logistics", "Cedar Health", "Birch & Sons", "Fjord Shipping"]),
                    not_used: texts(&["Delta Foods"]),
                    unknown: texts(&["Elm Bank"]),
                },
                ShippedItem {
                    request: request("R-4", "Dark mode", "Core"),
                    measured: false,
                    from: on - 70,
                    to: on - 11,
                    used: Vec::new(),
                    not_used: Vec::new(),
                    unknown: texts(&["Elm Bank"]),
                },
            ],
            waiting: vec![
                WaitingItem { request: offline, accounts: 2, arr: None },
                WaitingItem { request: request("R-40", "Audit trail", "Core"), accounts: 5, arr: Some("310000.00".to_owned()) },
                WaitingItem { request: request("R-44", "Emoji", "Core"), accounts: 0, arr: Some("0.00".to_owned()) },
            ],
            to_tell: to_tell(on),
            stale: csm.stale,
            approximated: true,
        }
    }
}

fn renewals(on: Day, sso: &RequestItem, export: &RequestItem) -> Vec<RenewalItem> {
    let id = |text: &str| Id::parse(text).expect("letters are an id");
    let acme = RenewalItem {
        account_id: id("acme"),
        account: "Acme Logistics".to_owned(),
        renews_on: on + 24,
        act_by: Some(on - 6),
        arr: Some("48000.00".to_owned()),
        band: Band::AtRisk,
        requests: vec![sso.clone(), export.clone()],
    };
    let cedar = RenewalItem {
        account_id: id("cedar"),
        account: "Cedar Health".to_owned(),
        renews_on: on + 61,
        act_by: Some(on + 9),
        arr: None,
        band: Band::Healthy,
        requests: vec![sso.clone()],
    };
    vec![acme, cedar]
}

fn to_tell(on: Day) -> Vec<TellItem> {
    let item = |account: &str, person: &str, due_on| TellItem {
        account: account.to_owned(),
        request: request("R-3", "Roles for teams", "Core"),
        said: "is there",
        person: person.to_owned(),
        due_on,
    };
    vec![item("Elm Bank", "Dana Reyes", on - 3), item("Delta Foods", "", on + 2)]
}
