//! One simulated problem: arms that succeed at known rates, decided by replicas that learn.

use pointsman_model::{
    BanditAlgorithm, BanditDefinition, BanditSettings, BetaPrior, HalfLife, MetricDirection,
};
use pointsman_policy::{BanditLearner, Reward};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

pub(crate) const THOMPSON: BanditAlgorithm =
    BanditAlgorithm::ThompsonBeta(BetaPrior { alpha: 1.0, beta: 1.0 });
pub(crate) const UCB1: BanditAlgorithm = BanditAlgorithm::Ucb1 { alpha: 1.0 };
pub(crate) const EPSILON_GREEDY: BanditAlgorithm = BanditAlgorithm::EpsilonGreedy { epsilon: 0.1 };

pub(crate) struct Problem {
    /// The rates of each phase; phases are equally long.
    pub(crate) phases: Vec<Vec<f64>>,
    pub(crate) calls: usize,
    /// After how many calls tables are made anew.
    pub(crate) update_every: usize,
    /// After how many calls their rewards are told.
    pub(crate) reward_every: usize,
    pub(crate) replicas: usize,
    pub(crate) merge_every: usize,
    pub(crate) algorithm: BanditAlgorithm,
    pub(crate) half_life: Option<f64>,
}

impl Problem {
    pub(crate) fn new(algorithm: BanditAlgorithm, rates: &[f64], calls: usize) -> Self {
        let phases = vec![rates.to_vec()];
        let (update_every, reward_every, replicas, merge_every) = (1, 1, 1, usize::MAX);
        Self { phases, calls, update_every, reward_every, replicas, merge_every, algorithm, half_life: None }
    }

    /// Tables and rewards at the end of each batch of calls.
    pub(crate) fn in_batches(self, calls: usize) -> Self {
        Self { update_every: calls, reward_every: calls, ..self }
    }

    pub(crate) fn updated_every(self, calls: usize) -> Self {
        Self { update_every: calls, ..self }
    }

    fn learner(&self) -> BanditLearner {
        let definition = BanditDefinition {
            algorithm: self.algorithm,
            direction: MetricDirection::Maximise,
            exploration_floor: 0.0,
            half_life: self.half_life.map(HalfLife::Decisions),
            ..BanditDefinition::default()
        };
        let arm_count = self.phases[0].len();
        BanditLearner::new(BanditSettings::build(definition, arm_count).unwrap(), arm_count, 1).unwrap()
    }

    /// The regret of one run: what always calling the best arm would have gained on average beyond what was called.
    pub(crate) fn regret(&self, seed: u64) -> f64 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut learners: Vec<BanditLearner> = (0..self.replicas).map(|_| self.learner()).collect();
        let mut waiting: Vec<(usize, Reward)> = Vec::new();
        let mut regret = 0.0;
        for call in 0..self.calls {
            let rates = &self.phases[call * self.phases.len() / self.calls];
            let best = rates.iter().copied().fold(0.0, f64::max);
            let replica = call % self.replicas;
            let learner = &mut learners[replica];
            let decision = learner.decide(&mut rng);
            let rate = rates[usize::from(decision.variant)];
            regret += best - rate;
            let decided_at = learner.observe_decision(decision.variant).unwrap();
            let value = f64::from(u8::from(rng.random::<f64>() < rate));
            waiting.push((replica, Reward { variant: decision.variant, epoch: 1, decided_at, value }));
            if (call + 1).is_multiple_of(self.reward_every) {
                for (replica, reward) in waiting.drain(..) {
                    learners[replica].observe_reward(&reward).unwrap();
                }
            }
            if (call + 1).is_multiple_of(self.merge_every) {
                merge_all(&mut learners);
            }
            if (call / self.replicas + 1).is_multiple_of(self.update_every) {
                learners[replica].update().unwrap();
            }
        }
        regret
    }

    /// The mean regret of so many runs, and its standard error.
    pub(crate) fn mean_regret(&self, runs: u64) -> Figure {
        let regrets: Vec<f64> = (0..runs).map(|seed| self.regret(seed + 1)).collect();
        let mean = regrets.iter().sum::<f64>() / runs as f64;
        let squares: f64 = regrets.iter().map(|regret| (regret - mean).powi(2)).sum();
        Figure { mean, error: (squares / (runs - 1) as f64 / runs as f64).sqrt() }
    }
}

fn merge_all(learners: &mut [BanditLearner]) {
    let totals: Vec<_> = learners.iter().map(|learner| learner.totals().clone()).collect();
    for (own, learner) in learners.iter_mut().enumerate() {
        for (replica, totals) in totals.iter().enumerate().filter(|(replica, _)| *replica != own) {
            learner.merge(replica as u64, totals).unwrap();
        }
    }
}

/// A mean with its standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) mean: f64,
    pub(crate) error: f64,
}

/// Fails where a regret is above the one to reach by more than three standard errors of the difference.
pub(crate) fn assert_reaches(name: &str, found: Figure, reach: (f64, f64)) {
    println!("{name}: {:.1} ± {:.1}, to reach {} ± {}", found.mean, found.error, reach.0, reach.1);
    let allowed = 3.0 * found.error.hypot(reach.1);
    assert!(found.mean <= reach.0 + allowed, "{name}: {found:?} is above {reach:?} by more than {allowed}");
}
