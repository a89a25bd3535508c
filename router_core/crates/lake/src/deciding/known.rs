//! What a router was in each of its generations.

use pointsman_model::{Policy, Router, rules::Source};
use pointsman_wire::{decode_router, generated::pointsman_v1 as proto};

/// A router as it was for a while.
pub(super) struct Known {
    first_generation: u64,
    last_generation: u64,
    /// Records from before are of another definition with the same number.
    pub(super) earliest_us: i64,
    /// None where this release cannot read what is kept.
    pub(super) router: Option<Router>,
}

impl Known {
    pub(super) fn of(given: &proto::ReplayRouter) -> Self {
        Self {
            first_generation: given.first_generation,
            last_generation: given.last_generation,
            earliest_us: given.earliest_time_us,
            router: decode_router(&given.router).ok(),
        }
    }
}

/// All that is known of a router, in the order of its generations.
pub(super) struct KnownRouters(Vec<Known>);

impl KnownRouters {
    pub(super) fn of(given: &[proto::ReplayRouter]) -> Self {
        let mut known: Vec<Known> = given.iter().map(Known::of).collect();
        known.sort_by_key(|known| known.first_generation);
        Self(known)
    }

    /// Whether it was a bandit in any of them.
    pub(super) fn have_bandits(&self) -> bool {
        self.have(|policy| matches!(policy, Policy::Bandit(_)))
    }

    /// Whether it had rules in any of them.
    pub(super) fn have_rules(&self) -> bool {
        self.have(|policy| matches!(policy, Policy::Rules(_)))
    }

    /// The features that its rules read in any of them; some more than once.
    pub(super) fn features(&self) -> impl Iterator<Item = &str> {
        let routers = self.0.iter().filter_map(|known| known.router.as_ref());
        let sources = routers.flat_map(|router| match &router.policy {
            Policy::Rules(rules) => &rules.sources[..],
            Policy::Weighted(_) | Policy::Canary(_) | Policy::Bandit(_) => &[],
        });
        sources.filter_map(|source| match source {
            Source::Feature(name) => Some(&**name),
            Source::Metadata(_) => None,
        })
    }

    fn have(&self, is_such: impl Fn(&Policy) -> bool) -> bool {
        self.0.iter().any(|known| known.router.as_ref().is_some_and(|router| is_such(&router.policy)))
    }

    /// What it was in a generation; none when that is not kept.
    pub(super) fn at(&self, generation: u64) -> Option<&Known> {
        let behind = self.0.partition_point(|known| known.first_generation <= generation);
        let known = self.0.get(behind.checked_sub(1)?)?;
        (generation <= known.last_generation).then_some(known)
    }
}
