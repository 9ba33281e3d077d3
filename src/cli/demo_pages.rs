//! The pages of a demo, and a way in for one person of each role.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tokio::net::TcpListener;

use super::exit::Wrong;
use super::run::asked_to_stop;
use crate::clock::{Clock, ManualClock, Pulse, SystemClock};
use crate::cycle::Setup;
use crate::model::Instant;
use crate::model::record::{Role, User};
use crate::store::facts::AsOf;
use crate::store::sign_in::{self, LINK_SECONDS};
use crate::store::{Db, people};
use crate::web::{AppState, Limits, serve, sign_in_address};

/// Those for whom there is a way in, and what they look at.
const ROLES: [(Role, &str); 5] = [
    (Role::Csm, "a CSM: what is to be done today"),
    (Role::Leader, "the leader: the whole team"),
    (Role::Product, "the product manager: what customers ask for"),
    (Role::Executive, "an executive: where the company is going"),
    (Role::Admin, "an admin: everything"),
];

/// Takes the address before the days are lived through: whoever waits for them wants to see pages then.
pub async fn listen(at: SocketAddr) -> Result<TcpListener> {
    if !at.ip().is_loopback() {
        bail!(Wrong(format!("--listen {at}: a demo is served on this machine alone; write 127.0.0.1:{}", at.port())));
    }
    TcpListener::bind(at).await.map_err(|error| {
        Wrong(format!("--listen {at} cannot be had ({error}); name another port, such as --listen 127.0.0.1:8090")).into()
    })
}

/// Ready to be served.
pub struct DemoPages {
    state: AppState,
    listener: TcpListener,
    /// The ways in.
    pub doors: Vec<Door>,
}

/// A way in.
#[derive(Debug, Serialize)]
pub struct Door {
    user: String,
    name: String,
    role: &'static str,
    link: String,
    #[serde(skip)]
    about: &'static str,
}

impl DemoPages {
    /// A way in for each role. `morning`: of the last cycle, which has been lived through. `csm`: who of the CSMs.
    pub async fn open(
        listener: TcpListener,
        db: &Db,
        setup: &Arc<Setup>,
        morning: Instant,
        csm: Option<&str>,
    ) -> Result<DemoPages> {
        // In the small hours the last morning is yet to come: then time stands still there.
        let clock: Arc<dyn Clock> =
            if SystemClock.now() >= morning { Arc::new(SystemClock) } else { Arc::new(ManualClock::new(morning)) };
        let now = clock.now();
        let zone = setup.config.company.zone();
        let users = people::users(db, AsOf { day: zone.day_of(now), through_pull: i64::MAX }, zone).await?;
        let mut doors = Vec::new();
        for (role, about) in ROLES {
            let Some(user) = one_of(&users, role, csm) else { continue };
            let link = sign_in::new_link(db, user.id.as_str(), now).await?.context("a new store has room for links")?;
            let link = sign_in_address(&setup.config, &link, "/");
            doors.push(Door { user: user.id.to_string(), name: user.name.clone(), role: role.word(), link, about });
        }
        let pulse = Arc::new(Pulse::default());
        pulse.beat(now);
        Ok(DemoPages { state: AppState::new(db.clone(), Arc::clone(setup), clock, pulse)?, listener, doors })
    }

    /// For people.
    pub fn text(&self) -> String {
        let minutes = LINK_SECONDS / 60;
        let mut text =
            format!("The pages are served until Ctrl-C. Each of these links lets you in once, within {minutes} minutes:\n");
        for door in &self.doors {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {} ({}), {}\n    {}\n", door.name, door.user, door.about, door.link);
        }
        text += "\nAnother one: longroad user link USER, in the folder.";
        text
    }

    /// Serves them until Ctrl-C.
    pub async fn serve(self) -> Result<()> {
        let mut failed = Ok(());
        let stopped = async { failed = asked_to_stop().await.map(drop) };
        serve(self.listener, self.state, Limits::default(), stopped).await;
        failed
    }
}

/// The person of a role; among CSMs this one.
fn one_of<'u>(users: &'u BTreeMap<String, User>, role: Role, csm: Option<&str>) -> Option<&'u User> {
    let of_role = |user: &&User| user.role == role;
    let named = csm.and_then(|id| users.get(id)).filter(of_role);
    named.or_else(|| users.values().find(of_role))
}
