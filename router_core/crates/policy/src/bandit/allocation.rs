//! The shares of arms: what the algorithm prefers, with warm-up and exploration mixed in.

use pointsman_model::{BanditAlgorithm, BanditSettings, BanditTable, MetricDirection, ModelError};

use super::{
    arm_totals::{ArmTotals, common_origin, pooled_mean},
    best_arm::Scratch,
    epsilon_greedy,
    thompson::outlook,
    ucb1,
};

/// The most calls that an update looks ahead.
const LONGEST_INTERVAL: f64 = 1e12;

/// How far sums of fractions may round beyond what their number allows.
const ROUNDING: f64 = 1e-6;

/// The shares of arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    /// By arm; they add up to 1.
    pub shares: Vec<f64>,
    /// The part of all calls that is marked as split evenly; the shares hold it already.
    pub uniform_slice: f64,
}

impl Allocation {
    /// The table to draw from, for a router of so many variants of which `variants` are the arms. All others are
    /// never drawn.
    ///
    /// # Errors
    /// An arm is none of the variants.
    pub fn table(
        &self,
        variants: &[u8],
        variant_count: usize,
        version: u64,
    ) -> Result<BanditTable, ModelError> {
        let mut shares = vec![0.0; variant_count];
        for (variant, share) in variants.iter().zip(&self.shares) {
            let place = shares.get_mut(usize::from(*variant)).ok_or_else(|| {
                ModelError::new("variants", format!("{variant} is not one of the {variant_count} variants"))
            })?;
            *place = *share;
        }
        BanditTable::build(&shares, self.uniform_slice, version)
    }
}

/// Computes the shares of arms from their totals.
///
/// `expected_pulls` is how many calls are expected before the next update: an arm that needs few more calls, to be
/// warmed up or by UCB1's index, gets no more than those of a long interval.
///
/// # Errors
/// The totals are none that the algorithm takes.
pub fn allocate(
    settings: &BanditSettings,
    arms: &[ArmTotals],
    expected_pulls: f64,
    scratch: &mut Scratch,
) -> Result<Allocation, ModelError> {
    check_totals(settings, arms)?;
    let definition = settings.definition();
    let next_pulls = if expected_pulls > 1.0 { expected_pulls.min(LONGEST_INTERVAL) } else { 1.0 };
    let warm_up = WarmUp::new(settings, arms, next_pulls);
    let preferred = match definition.algorithm {
        BanditAlgorithm::ThompsonBeta(_) | BanditAlgorithm::ThompsonNormal(_) => {
            outlook(&definition.algorithm, definition.direction, arms, scratch).best
        }
        BanditAlgorithm::Ucb1 { alpha } => {
            let origin = common_origin(arms);
            let unknown = turned(definition.direction, pooled_mean(arms, origin));
            let scores: Vec<f64> =
                scores(definition.direction, arms).map(|score| score.unwrap_or(unknown)).collect();
            let pulls = arms.iter().zip(&warm_up.shares);
            let pulls: Vec<f64> = pulls.map(|(arm, part)| arm.weighted_pulls + part * next_pulls).collect();
            ucb1::shares(alpha, &scores, &pulls, (next_pulls * warm_up.rest).max(1.0))
        }
        BanditAlgorithm::EpsilonGreedy { epsilon } => {
            let scores: Vec<Option<f64>> = scores(definition.direction, arms).collect();
            epsilon_greedy::shares(epsilon, &scores)
        }
    };
    let (exploration, _) = settings.exploration();
    let even = 1.0 / arms.len() as f64;
    let mix = |(part, preferred): (&f64, &f64)| {
        exploration * even + (1.0 - exploration) * (part + warm_up.rest * preferred)
    };
    let mut shares: Vec<f64> = warm_up.shares.iter().zip(&preferred).map(mix).collect();
    let sum: f64 = shares.iter().sum();
    // Rounding leaves 10⁻¹⁵ or so; anything else is no distribution, and must not be drawn from.
    if sum.is_nan() || (sum - 1.0).abs() > ROUNDING {
        return Err(ModelError::new(
            "totals",
            format!("the shares of these totals add up to {sum}, not to 1"),
        ));
    }
    for share in &mut shares {
        *share /= sum;
    }
    Ok(Allocation { shares, uniform_slice: settings.uniform_slice() })
}

/// Whether calls alone change the shares, before their rewards come: UCB1 counts them, and so does every warm-up.
#[must_use]
pub fn follows_calls(settings: &BanditSettings, arms: &[ArmTotals]) -> bool {
    let is_ucb1 = matches!(settings.definition().algorithm, BanditAlgorithm::Ucb1 { .. });
    is_ucb1 || arms.iter().any(|arm| arm.pulls < needed_calls(settings))
}

/// The calls that each arm gets before anything is concluded.
fn needed_calls(settings: &BanditSettings) -> u64 {
    let definition = settings.definition();
    match definition.algorithm {
        BanditAlgorithm::ThompsonBeta(_) | BanditAlgorithm::ThompsonNormal(_) => definition.warm_up_pulls,
        // Neither has an opinion of an arm that was never tried.
        BanditAlgorithm::Ucb1 { .. } | BanditAlgorithm::EpsilonGreedy { .. } => {
            definition.warm_up_pulls.max(1)
        }
    }
}

/// The part of the next calls that goes to arms which have had too few.
struct WarmUp {
    /// By arm.
    shares: Vec<f64>,
    /// What is left for the others.
    rest: f64,
}

impl WarmUp {
    fn new(settings: &BanditSettings, arms: &[ArmTotals], next_pulls: f64) -> Self {
        let needed = needed_calls(settings);
        let missing = |arm: &ArmTotals| needed.saturating_sub(arm.pulls);
        let calls: u64 = arms.iter().map(missing).sum();
        let part = (calls as f64 / next_pulls).min(1.0);
        let arm_count = arms.iter().filter(|arm| missing(arm) > 0).count();
        let each = if arm_count > 0 { part / arm_count as f64 } else { 0.0 };
        let shares = arms.iter().map(|arm| if missing(arm) > 0 { each } else { 0.0 }).collect();
        Self { shares, rest: 1.0 - part }
    }
}

/// The means about an origin that they share, so turned that the greatest is the best.
fn scores(direction: MetricDirection, arms: &[ArmTotals]) -> impl Iterator<Item = Option<f64>> {
    let origin = common_origin(arms);
    arms.iter().map(move |arm| arm.mean_from(origin).map(|mean| turned(direction, mean)))
}

const fn turned(direction: MetricDirection, mean: f64) -> f64 {
    match direction {
        MetricDirection::Maximise => mean,
        MetricDirection::Minimise => -mean,
    }
}

/// Refuses totals that would give shares which mean nothing.
pub(super) fn check_totals(settings: &BanditSettings, arms: &[ArmTotals]) -> Result<(), ModelError> {
    if arms.is_empty() {
        return Err(ModelError::new("totals", "there is no arm; at least one variant must be enabled"));
    }
    for (index, arm) in arms.iter().enumerate() {
        let refuse = |field: &str, value: f64, wrong: &str| {
            Err(ModelError::new(format!("totals[{index}].{field}"), format!("{value} {wrong}")))
        };
        for (field, value) in [("weighted_pulls", arm.weighted_pulls), ("count", arm.count)] {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse(field, value, "is not a number from 0");
            }
        }
        for (field, value) in
            [("origin", arm.origin), ("sum", arm.sum), ("sum_of_squares", arm.sum_of_squares)]
        {
            if !value.is_finite() {
                return refuse(field, value, "is not a finite number");
            }
        }
        let rewards = arm.reward_sum();
        let slack = ROUNDING * (1.0 + arm.count);
        if settings.takes_rates_only() && !(-slack..=arm.count + slack).contains(&rewards) {
            return refuse(
                "sum",
                rewards,
                "is no sum of that many rewards from 0 to 1, which thompson_beta takes",
            );
        }
    }
    Ok(())
}
