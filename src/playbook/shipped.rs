//! The playbook that comes with longroad, for those who have not written theirs yet.

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../playbooks/", $path)))),*]
    };
}

/// Relative path and text of each file.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    files![
        "first-value/default.yaml",
        "pipelines/expansion.yaml",
        "pipelines/leads.yaml",
        "pipelines/onboarding.yaml",
        "pipelines/opportunity.yaml",
        "pipelines/renewal.yaml",
        "pipelines/trunk.yaml",
        "pipelines/win-back.yaml",
        "plays/champion-left.yaml",
        "plays/first-value-at-risk.yaml",
        "plays/no-contact.yaml",
        "plays/renewal-clock.yaml",
        "plays/use-fell.yaml",
        "scorecards/default.yaml",
        "solutions/agree-the-renewal.md",
        "solutions/find-the-next-champion.md",
        "solutions/reach-first-value.md",
        "solutions/renew-contact.md",
        "solutions/win-back-use.md",
        "solutions/work-session-on-site.md",
    ]
}
