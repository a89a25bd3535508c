//! What a bandit learns by: algorithm, direction, exploration, forgetting. Checked once, relied on afterwards.

use crate::{MAX_VARIANTS, MetricDirection, ModelError, ShownNumber};

/// The fewest and the most pseudo-observations of a prior; fewer could not be told from none.
const PRIOR_OBSERVATIONS: (f64, f64) = (1e-3, 1e9);

/// The numbers a bandit takes for rewards, means and variances; their squares can still be added up.
const LARGEST_NUMBER: f64 = 1e100;

/// The rewards that any algorithm but thompson_beta takes.
pub(super) const NUMBERS: (f64, f64) = (-LARGEST_NUMBER, LARGEST_NUMBER);

/// The longest half-life and feedback window, in seconds.
const LONGEST_SECONDS: f64 = 1e12;

/// The settings of a bandit as they were given, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BanditDefinition {
    /// How shares follow from what was learnt.
    pub algorithm: BanditAlgorithm,
    /// Whether more reward is better, or less.
    pub direction: MetricDirection,
    /// The part of calls that is split evenly over all arms whatever was learnt, 0 to 1: a total, not for each arm.
    pub exploration_floor: f64,
    /// The part of calls that is split evenly over all arms and marked, 0 to 1. Above 0 it replaces the floor.
    pub uniform_slice: f64,
    /// After how much a call and its reward count half. Nothing is forgotten without.
    pub half_life: Option<HalfLife>,
    /// The calls that each arm gets before anything is concluded.
    pub warm_up_pulls: u64,
}

/// How shares follow from what was learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BanditAlgorithm {
    /// By the probability of being best, for rewards from 0 to 1.
    ThompsonBeta(BetaPrior),
    /// By the probability of being best, for rewards of any size.
    ThompsonNormal(NormalPrior),
    /// By the greatest mean plus an allowance for doubt, which is `alpha · √(2 ln N / n)`.
    Ucb1 {
        /// How much doubt counts, in units of reward.
        alpha: f64,
    },
    /// The best mean, but for a part of calls.
    EpsilonGreedy {
        /// That part, split evenly over all arms, 0 to 1.
        epsilon: f64,
    },
}

/// What is believed of a rate before any reward, as if so many rewards had come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaPrior {
    /// Rewards of 1.
    pub alpha: f64,
    /// Rewards of 0.
    pub beta: f64,
}

/// What is believed of a mean before any reward: Student's distribution, from a normal-inverse-gamma prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormalPrior {
    /// The mean; without, the mean of all arms' rewards.
    pub mean: Option<f64>,
    /// How many rewards that mean is worth.
    pub count: f64,
    /// The variance of rewards; without, the one within the arms, so that units of reward do not matter.
    pub variance: Option<f64>,
    /// How sure that variance is: twice this is the degrees of freedom it is worth. From 1, so that means exist.
    pub variance_shape: f64,
}

/// After how much something counts half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HalfLife {
    /// So many calls of the router, whichever arms they go to.
    Decisions(f64),
    /// So many seconds.
    Seconds(f64),
}

impl HalfLife {
    /// The number, on the clock that it is of.
    #[must_use]
    pub const fn ticks(self) -> f64 {
        match self {
            Self::Decisions(ticks) | Self::Seconds(ticks) => ticks,
        }
    }
}

impl Default for BetaPrior {
    /// Every rate is as likely as any other.
    fn default() -> Self {
        Self { alpha: 1.0, beta: 1.0 }
    }
}

impl Default for NormalPrior {
    /// One reward like those that came.
    fn default() -> Self {
        Self { mean: None, count: 1.0, variance: None, variance_shape: 1.0 }
    }
}

impl Default for BanditAlgorithm {
    fn default() -> Self {
        Self::ThompsonBeta(BetaPrior::default())
    }
}

impl Default for BanditDefinition {
    fn default() -> Self {
        Self {
            algorithm: BanditAlgorithm::default(),
            direction: MetricDirection::default(),
            exploration_floor: 0.05,
            uniform_slice: 0.0,
            half_life: None,
            warm_up_pulls: 0,
        }
    }
}

impl BanditDefinition {
    /// Every field that is wrong, by the names that the API has for them.
    #[must_use]
    pub fn faults(&self) -> Vec<ModelError> {
        let mut checks = self.algorithm.checks();
        checks.push(check_part("exploration_floor", self.exploration_floor));
        checks.push(check_part("uniform_slice", self.uniform_slice));
        match self.half_life {
            Some(HalfLife::Decisions(decisions)) => {
                checks.push(check_between("half_life.decisions", decisions, (1.0, 1e15)));
            }
            Some(HalfLife::Seconds(seconds)) => checks.push(check_seconds("half_life", seconds)),
            None => {}
        }
        if self.warm_up_pulls > 1_000_000_000 {
            let reason = format!("{} is more than 1000000000 calls for each arm", self.warm_up_pulls);
            checks.push(Err(ModelError::new("warm_up_pulls", reason)));
        }
        checks.into_iter().filter_map(Result::err).collect()
    }
}

/// Settings that were checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BanditSettings(BanditDefinition);

impl BanditSettings {
    /// Checks settings for a bandit of so many arms.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn build(definition: BanditDefinition, arm_count: usize) -> Result<Self, ModelError> {
        if !(1..=MAX_VARIANTS).contains(&arm_count) {
            let reason =
                format!("{arm_count} enabled variants; a bandit has 1 to {MAX_VARIANTS} to choose from");
            return Err(ModelError::new("variants", reason));
        }
        match definition.faults().into_iter().next() {
            Some(first) => Err(first),
            None => Ok(Self(definition)),
        }
    }

    /// What was checked.
    #[must_use]
    pub const fn definition(&self) -> &BanditDefinition {
        &self.0
    }

    /// Whether rewards are from 0 to 1 by the algorithm's nature.
    #[must_use]
    pub const fn takes_rates_only(&self) -> bool {
        self.0.algorithm.takes_rates_only()
    }

    /// Checks a reward.
    ///
    /// # Errors
    /// It is no number that the algorithm takes.
    pub fn check_reward(&self, reward: f64) -> Result<(), ModelError> {
        self.0.algorithm.check_reward("reward", reward)
    }

    /// The part of calls that is split evenly and marked.
    #[must_use]
    pub fn uniform_slice(&self) -> f64 {
        match self.exploration() {
            (slice, true) => slice,
            (_, false) => 0.0,
        }
    }

    /// The part of calls that is split evenly over the arms, and whether those calls are marked.
    #[must_use]
    pub fn exploration(&self) -> (f64, bool) {
        if self.0.uniform_slice > 0.0 {
            (self.0.uniform_slice, true)
        } else {
            (self.0.exploration_floor, false)
        }
    }
}

impl BanditAlgorithm {
    /// The word that users see.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::ThompsonBeta(_) => "thompson_beta",
            Self::ThompsonNormal(_) => "thompson_normal",
            Self::Ucb1 { .. } => "ucb1",
            Self::EpsilonGreedy { .. } => "epsilon_greedy",
        }
    }

    /// Whether rewards are from 0 to 1 by the algorithm's nature.
    #[must_use]
    pub const fn takes_rates_only(&self) -> bool {
        matches!(self, Self::ThompsonBeta(_))
    }

    /// Checks a reward that stands in a field.
    pub(super) fn check_reward(&self, field: &str, reward: f64) -> Result<(), ModelError> {
        if self.takes_rates_only() && !(0.0..=1.0).contains(&reward) {
            let reason = format!(
                "{reward} is not between 0 and 1, and thompson_beta takes no other rewards; use thompson_normal, \
                 or scale the metric"
            );
            return Err(ModelError::new(field, reason));
        }
        check_between(field, reward, NUMBERS)
    }

    fn checks(&self) -> Vec<Result<(), ModelError>> {
        match *self {
            Self::ThompsonBeta(BetaPrior { alpha, beta }) => vec![
                check_between("thompson_beta.prior_alpha", alpha, PRIOR_OBSERVATIONS),
                check_between("thompson_beta.prior_beta", beta, PRIOR_OBSERVATIONS),
            ],
            Self::ThompsonNormal(prior) => prior.checks(),
            Self::Ucb1 { alpha } => vec![check_between("ucb1.alpha", alpha, (0.0, LARGEST_NUMBER))],
            Self::EpsilonGreedy { epsilon } => vec![check_part("epsilon_greedy.epsilon", epsilon)],
        }
    }
}

impl NormalPrior {
    fn checks(&self) -> Vec<Result<(), ModelError>> {
        let mut checks = Vec::new();
        if let Some(mean) = self.mean {
            checks.push(check_between("thompson_normal.prior_mean", mean, (-LARGEST_NUMBER, LARGEST_NUMBER)));
        }
        checks.push(check_between("thompson_normal.prior_count", self.count, PRIOR_OBSERVATIONS));
        if let Some(variance) = self.variance {
            let range = (1.0 / LARGEST_NUMBER, LARGEST_NUMBER);
            checks.push(check_between("thompson_normal.prior_variance", variance, range));
        }
        let shape = self.variance_shape;
        checks.push(check_between("thompson_normal.prior_variance_shape", shape, (1.0, 1e9)));
        checks
    }
}

/// Refuses a length of time below a second.
pub(super) fn check_seconds(field: &str, seconds: f64) -> Result<(), ModelError> {
    if (1.0..=LONGEST_SECONDS).contains(&seconds) {
        return Ok(());
    }
    let (seconds, longest) = (ShownNumber(seconds), ShownNumber(LONGEST_SECONDS));
    Err(ModelError::new(field, format!("{seconds} s is no time from 1 s to {longest} s")))
}

fn check_part(field: &str, part: f64) -> Result<(), ModelError> {
    if (0.0..=1.0).contains(&part) {
        return Ok(());
    }
    Err(ModelError::new(field, format!("{part} is not between 0 and 1; it is a part of all calls")))
}

/// Refuses what is no number, too.
pub(super) fn check_between(
    field: &str,
    value: f64,
    (least, greatest): (f64, f64),
) -> Result<(), ModelError> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    let (value, least, greatest) = (ShownNumber(value), ShownNumber(least), ShownNumber(greatest));
    Err(ModelError::new(field, format!("{value} is not a number from {least} to {greatest}")))
}
