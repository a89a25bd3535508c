//! A bandit that learns: it counts calls and rewards, takes the totals of other replicas, and makes new tables.

use std::collections::BTreeMap;

use pointsman_model::{BanditSettings, BanditTable, HalfLife, ModelError};
use rand::Rng;

use super::{
    allocation::allocate, arm_totals::ArmTotals, assessment::Assessment, best_arm::Scratch,
    decide::decide_bandit, pace::Pace, replica_totals::ReplicaTotals,
};
use crate::decision::Decision;

/// A reward of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reward {
    /// The variant that the call went to.
    pub variant: u8,
    /// The epoch of its decision.
    pub epoch: u64,
    /// The time of its decision, as [`BanditLearner::now`] told it then; how late the reward comes does not matter.
    pub decided_at: f64,
    /// How good it was.
    pub value: f64,
}

/// What became of totals that were brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// They hold from now on.
    Taken,
    /// The same or later ones are there.
    Known,
    /// They are of another epoch.
    OtherEpoch,
}

/// Learns from calls and rewards. The same calls in the same order give the same tables.
///
/// Its variants are those of a router; those that are switched off keep what was learnt of them.
#[derive(Debug)]
pub struct BanditLearner {
    settings: BanditSettings,
    enabled: Vec<bool>,
    own: ReplicaTotals,
    others: BTreeMap<u64, ReplicaTotals>,
    seconds: f64,
    pace: Pace,
    version: u64,
    table: BanditTable,
    scratch: Scratch,
}

impl BanditLearner {
    /// A bandit that knows nothing yet of this epoch.
    ///
    /// # Errors
    /// There are more variants than a table holds.
    pub fn new(settings: BanditSettings, variant_count: usize, epoch: u64) -> Result<Self, ModelError> {
        let even = vec![1.0; variant_count];
        let mut learner = Self {
            settings,
            enabled: vec![true; variant_count],
            own: ReplicaTotals::new(epoch, variant_count),
            others: BTreeMap::new(),
            seconds: 0.0,
            pace: Pace::default(),
            version: 0,
            table: BanditTable::build(&even, 0.0, 0)?,
            scratch: Scratch::default(),
        };
        learner.update()?;
        Ok(learner)
    }

    /// Switches a variant on or off, for the next update on.
    ///
    /// # Errors
    /// There is no such variant, or none would be left.
    pub fn set_enabled(&mut self, variant: u8, enabled: bool) -> Result<(), ModelError> {
        self.check_variant(variant)?;
        let others = self.enabled.iter().zip(0_u8..).any(|(&on, index)| on && index != variant);
        if !enabled && !others {
            return Err(ModelError::new("variants", "the last enabled variant cannot be switched off"));
        }
        self.enabled[usize::from(variant)] = enabled;
        Ok(())
    }

    /// Forgets everything and begins another epoch; answers its number.
    ///
    /// # Errors
    /// As of [`BanditLearner::update`].
    pub fn reset(&mut self) -> Result<u64, ModelError> {
        let epoch = self.own.epoch + 1;
        self.own = ReplicaTotals::new(epoch, self.enabled.len());
        self.others.clear();
        self.pace.updated(0);
        self.update()?;
        Ok(epoch)
    }

    /// Lets time go on to a second; it never goes back. Only a half-life in seconds asks for it.
    pub fn set_seconds(&mut self, seconds: f64) {
        self.seconds = self.seconds.max(seconds);
    }

    /// The time on the clock that the half-life is of: calls that are known, of all replicas, or seconds.
    #[must_use]
    pub fn now(&self) -> f64 {
        match self.settings.definition().half_life {
            Some(HalfLife::Seconds(_)) => self.seconds,
            Some(HalfLife::Decisions(_)) => self.pulls() as f64,
            None => 0.0,
        }
    }

    /// Draws a variant from the table in force.
    #[inline]
    pub fn decide(&self, rng: &mut impl Rng) -> Decision {
        decide_bandit(&self.table, rng)
    }

    /// Counts a call; answers the time of its decision.
    ///
    /// # Errors
    /// There is no such variant.
    pub fn observe_decision(&mut self, variant: u8) -> Result<f64, ModelError> {
        self.check_variant(variant)?;
        let now = self.now();
        let weight = self.own.weight(now, self.settings.definition().half_life);
        self.own.arms[usize::from(variant)].add_pulls(1, weight);
        self.own.sequence += 1;
        Ok(now)
    }

    /// Counts a reward. Answers whether it did: those of other epochs are not counted.
    ///
    /// # Errors
    /// There is no such variant, or the algorithm takes no such reward.
    pub fn observe_reward(&mut self, reward: &Reward) -> Result<bool, ModelError> {
        self.change_rewards(reward, |arm, weight| arm.add_reward(reward.value, weight))
    }

    /// Puts a reward in the place of an earlier value of the same call. Answers whether it did.
    ///
    /// # Errors
    /// There is no such variant, or the algorithm takes no such reward.
    pub fn correct_reward(&mut self, reward: &Reward, earlier: f64) -> Result<bool, ModelError> {
        self.settings.check_reward(earlier).map_err(|error| error.within("earlier"))?;
        self.change_rewards(reward, |arm, weight| arm.correct_reward(earlier, reward.value, weight))
    }

    /// What this replica knows, for others to merge or to go on from after a restart.
    #[must_use]
    pub const fn totals(&self) -> &ReplicaTotals {
        &self.own
    }

    /// The same by variant, as it has faded by now.
    #[must_use]
    pub fn faded_totals(&self) -> Vec<ArmTotals> {
        let fading = self.own.fading(self.now(), self.settings.definition().half_life);
        self.own.arms.iter().map(|arm| arm.scaled(fading)).collect()
    }

    /// Goes on from what this replica knew, where that is of its epoch and newer than what it knows.
    ///
    /// # Errors
    /// The totals are of other variants.
    pub fn restore(&mut self, totals: ReplicaTotals) -> Result<Merged, ModelError> {
        self.check_arms(&totals)?;
        let merged = newer(&totals, &self.own, self.own.epoch);
        if merged == Merged::Taken {
            self.own = totals;
        }
        Ok(merged)
    }

    /// Takes the totals of another replica in the place of earlier ones of it. However often they come, and in
    /// whichever order, the latest count once.
    ///
    /// # Errors
    /// The totals are of other variants.
    pub fn merge(&mut self, replica: u64, totals: &ReplicaTotals) -> Result<Merged, ModelError> {
        self.check_arms(totals)?;
        let nothing = ReplicaTotals::default();
        let merged = newer(totals, self.others.get(&replica).unwrap_or(&nothing), self.own.epoch);
        if merged == Merged::Taken {
            self.others.insert(replica, totals.clone());
        }
        Ok(merged)
    }

    /// Totals of each variant over all replicas, as they have faded by now.
    #[must_use]
    pub fn merged_totals(&self) -> Vec<ArmTotals> {
        let half_life = self.settings.definition().half_life;
        let now = self.now();
        let mut arms = vec![ArmTotals::default(); self.enabled.len()];
        for replica in std::iter::once(&self.own).chain(self.others.values()) {
            let fading = replica.fading(now, half_life);
            for (arm, totals) in arms.iter_mut().zip(&replica.arms) {
                *arm = arm.merged(totals.scaled(fading));
            }
        }
        arms
    }

    /// Computes a new table from what is known, and puts it in force. On failure the one before stays.
    ///
    /// # Errors
    /// Totals that were merged are none that the algorithm takes.
    pub fn update(&mut self) -> Result<&BanditTable, ModelError> {
        let pulls = self.pulls();
        let expected_pulls = self.pace.expect(pulls);
        let (variants, arms) = self.arms();
        let allocation = allocate(&self.settings, &arms, expected_pulls, &mut self.scratch)?;
        let version = self.version + 1;
        self.table = allocation.table(&variants, self.enabled.len(), version)?;
        self.version = version;
        self.pace.updated(pulls);
        Ok(&self.table)
    }

    /// The table in force.
    #[must_use]
    pub const fn table(&self) -> &BanditTable {
        &self.table
    }

    /// What is believed of the enabled variants, with their indices.
    ///
    /// # Errors
    /// Totals that were merged are none that the algorithm takes.
    pub fn assess(&mut self) -> Result<(Vec<u8>, Assessment), ModelError> {
        let (variants, arms) = self.arms();
        let assessment = Assessment::of(&self.settings, &arms, &mut self.scratch)?;
        Ok((variants, assessment))
    }

    /// The enabled variants and their totals.
    fn arms(&self) -> (Vec<u8>, Vec<ArmTotals>) {
        let all = self.merged_totals();
        (0_u8..).zip(all).zip(&self.enabled).filter_map(|(arm, &enabled)| enabled.then_some(arm)).unzip()
    }

    fn pulls(&self) -> u64 {
        let others = self.others.values().map(ReplicaTotals::pulls);
        others.fold(self.own.pulls(), u64::saturating_add)
    }

    fn change_rewards(
        &mut self,
        reward: &Reward,
        change: impl FnOnce(&mut ArmTotals, f64),
    ) -> Result<bool, ModelError> {
        self.check_variant(reward.variant)?;
        self.settings.check_reward(reward.value)?;
        if reward.epoch != self.own.epoch {
            return Ok(false);
        }
        let weight = self.own.weight(reward.decided_at, self.settings.definition().half_life);
        change(&mut self.own.arms[usize::from(reward.variant)], weight);
        self.own.sequence += 1;
        Ok(true)
    }

    fn check_variant(&self, variant: u8) -> Result<(), ModelError> {
        let count = self.enabled.len();
        if usize::from(variant) < count {
            return Ok(());
        }
        Err(ModelError::new("variant", format!("{variant} is not one of the {count} variants")))
    }

    fn check_arms(&self, totals: &ReplicaTotals) -> Result<(), ModelError> {
        let (brought, count) = (totals.arms.len(), self.enabled.len());
        if brought == count {
            return Ok(());
        }
        Err(ModelError::new("arms", format!("{brought} arms were brought; the router has {count} variants")))
    }
}

fn newer(totals: &ReplicaTotals, known: &ReplicaTotals, epoch: u64) -> Merged {
    if totals.epoch != epoch {
        Merged::OtherEpoch
    } else if totals.sequence > known.sequence {
        Merged::Taken
    } else {
        Merged::Known
    }
}
