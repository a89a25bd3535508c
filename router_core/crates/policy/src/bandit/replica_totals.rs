//! The totals of one replica, with what others need to add theirs.

use pointsman_model::HalfLife;

use super::arm_totals::ArmTotals;

/// Weights grow by this many doublings before the landmark moves up.
const MOST_DOUBLINGS: f64 = 256.0;

/// What one replica knows of all arms in one epoch.
///
/// Forgetting is exact and needs no sweep: what happened at `t` is added with weight 2^((t − landmark) / half-life),
/// and a reader divides by 2^((now − landmark) / half-life). So a reward that comes late weighs what its decision
/// weighs, a correction takes out exactly what was put in, and replicas need not forget at the same moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplicaTotals {
    /// The epoch that the totals are of.
    pub epoch: u64,
    /// Grows with each change; of two readings of a replica the one with the higher number holds.
    pub sequence: u64,
    /// The time, in decisions or seconds, at which weights are 1. 0 where nothing is forgotten.
    pub landmark: f64,
    /// By variant.
    pub arms: Vec<ArmTotals>,
}

impl ReplicaTotals {
    /// No calls yet.
    #[must_use]
    pub fn new(epoch: u64, arm_count: usize) -> Self {
        Self { epoch, arms: vec![ArmTotals::default(); arm_count], ..Self::default() }
    }

    /// The calls of all arms.
    #[must_use]
    pub fn pulls(&self) -> u64 {
        self.arms.iter().map(|arm| arm.pulls).fold(0, u64::saturating_add)
    }

    /// The weight that something at this time is added with; moves the landmark where weights would grow too large.
    pub(super) fn weight(&mut self, time: f64, half_life: Option<HalfLife>) -> f64 {
        let Some(half_life) = half_life.map(HalfLife::ticks) else { return 1.0 };
        let doublings = (time - self.landmark) / half_life;
        if doublings <= MOST_DOUBLINGS {
            return doublings.exp2();
        }
        // Whole doublings, for multiplying by a power of two loses nothing.
        let whole = doublings.floor();
        self.landmark += whole * half_life;
        for arm in &mut self.arms {
            *arm = arm.scaled((-whole).exp2());
        }
        ((time - self.landmark) / half_life).exp2()
    }

    /// By how much weights have faded at a time.
    pub(super) fn fading(&self, now: f64, half_life: Option<HalfLife>) -> f64 {
        half_life.map_or(1.0, |half_life| ((self.landmark - now) / half_life.ticks()).exp2())
    }
}
