//! What a bandit believes of its arms, for people to read.

use pointsman_model::{BanditSettings, MetricDirection, ModelError};

use super::{
    allocation::check_totals,
    arm_totals::ArmTotals,
    best_arm::Scratch,
    interval::central_interval,
    thompson::{Outlook, outlook},
};

/// The probability with which an arm's mean lies in its interval.
pub const INTERVAL_PROBABILITY: f64 = 0.95;

/// What is believed of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmAssessment {
    /// The posterior mean.
    pub mean: f64,
    /// Where the 95 % interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The probability of being the best.
    pub best: f64,
}

/// What is believed of all arms. Thompson sampling on rates has Beta posteriors, every other algorithm Student's.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// By arm.
    pub arms: Vec<ArmAssessment>,
    /// The expected mean of the best arm, whichever that is.
    pub best_value: f64,
    direction: MetricDirection,
}

impl Assessment {
    /// Weighs the arms.
    ///
    /// # Errors
    /// The totals are none that the algorithm takes.
    pub fn of(
        settings: &BanditSettings,
        arms: &[ArmTotals],
        scratch: &mut Scratch,
    ) -> Result<Self, ModelError> {
        check_totals(settings, arms)?;
        let definition = settings.definition();
        let Outlook { best, best_value, origin } =
            outlook(&definition.algorithm, definition.direction, arms, scratch);
        let posteriors = scratch.posteriors.clone();
        let pairs = posteriors.iter().zip(best);
        let arms = pairs
            .map(|(posterior, best)| {
                let (low, high) = central_interval(posterior, INTERVAL_PROBABILITY, scratch);
                ArmAssessment {
                    mean: posterior.mean() + origin,
                    low: low + origin,
                    high: high + origin,
                    best,
                }
            })
            .collect();
        Ok(Self { arms, best_value, direction: definition.direction })
    }

    /// What a call to an arm is expected to lose against one to the best arm.
    #[must_use]
    pub fn regret(&self, arm: usize) -> f64 {
        let lost = self.arms.get(arm).map_or(0.0, |arm| self.best_value - arm.mean);
        match self.direction {
            MetricDirection::Maximise => lost.max(0.0),
            MetricDirection::Minimise => (-lost).max(0.0),
        }
    }

    /// What these calls of each arm are expected to have lost.
    #[must_use]
    pub fn regret_of(&self, pulls: &[u64]) -> f64 {
        pulls.iter().enumerate().map(|(arm, &pulls)| pulls as f64 * self.regret(arm)).sum()
    }
}
