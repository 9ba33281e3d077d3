//! The stories that the sample customers live through.

use super::random::Random;

/// What becomes of a customer. "The turn" is a day of the lived window, about a third into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Behaviour {
    /// Uses the product on every working day, year in, year out.
    Steady,
    /// Uses more of it every week, and bought an extension.
    Growing,
    /// Comes more rarely every week, and with fewer people.
    Fading,
    /// Stops altogether on the turn.
    Dropping,
    /// The champion leaves on the turn.
    ChampionLeaves,
    /// Went live within the last weeks, and reaches first value.
    OnboardingWell,
    /// Went live within the last weeks, and misses first value.
    OnboardingBadly,
    /// Nobody has spoken with them for months.
    Untouched,
    /// Has not paid a bill.
    Overdue,
    /// A burst of severe tickets begins on the turn.
    Burning,
    /// Its usage never arrived: unknown, which is not the same as falling.
    NoFeed,
    /// Gives notice on the turn.
    Leaving,
    /// Was lost in the year before.
    Lost,
}

/// How many of a thousand customers live each story; each has at least one, in this order, while customers last.
/// Whoever is left over is steady.
const SHARES: &[(Behaviour, usize)] = &[
    (Behaviour::Steady, 50),
    (Behaviour::Dropping, 30),
    (Behaviour::ChampionLeaves, 25),
    (Behaviour::OnboardingBadly, 30),
    (Behaviour::Leaving, 5),
    (Behaviour::NoFeed, 5),
    (Behaviour::Fading, 80),
    (Behaviour::Burning, 20),
    (Behaviour::Growing, 120),
    (Behaviour::OnboardingWell, 45),
    (Behaviour::Overdue, 25),
    (Behaviour::Untouched, 60),
    (Behaviour::Lost, 60),
];

/// One story per customer, well shuffled.
pub(super) fn cast(accounts: usize, seed: u64) -> Vec<Behaviour> {
    let mut stories: Vec<Behaviour> = SHARES.iter().take(accounts).map(|(story, _)| *story).collect();
    for (story, share) in SHARES {
        let more = (accounts * share / 1000).saturating_sub(1).min(accounts - stories.len());
        stories.extend(std::iter::repeat_n(*story, more));
    }
    stories.resize(accounts, Behaviour::Steady);
    let mut random = Random::of(&[seed, 1]);
    for last in (1..stories.len()).rev() {
        stories.swap(last, random.index(last + 1));
    }
    stories
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_story_is_told() {
        for accounts in [13, 50, 200, 1000] {
            let stories = cast(accounts, 7);
            assert_eq!(stories.len(), accounts);
            for (story, _) in SHARES {
                assert!(stories.contains(story), "{story:?} of {accounts}");
            }
        }
        assert_eq!(cast(0, 7).len() + cast(1, 7).len() + cast(5, 7).len(), 6);
    }
}
