//! The bandits of an engine: they learn from what is brought between decisions, as a server's do from feedback.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use pointsman_gateway::{GatewayError, decide_rows_by};
use pointsman_model::{BanditPolicy, Id, ModelError, Policy, Router, Snapshot};
use pointsman_policy::{ArmTotals, BanditLearner, Merged, ReplicaTotals, Reward, decide_by_bandit};
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message as _;
use rand::Rng;

/// What each bandit of a state has learnt.
pub(crate) struct Bandits(HashMap<Id, Mutex<BanditLearner>>);

impl Bandits {
    pub(crate) fn new(snapshot: &Snapshot) -> Result<Self, ModelError> {
        let mut learners = HashMap::new();
        for (id, router) in snapshot.routers.iter() {
            if let Policy::Bandit(bandit) = &router.policy {
                learners.insert(id.clone(), Mutex::new(learner(router, bandit)?));
            }
        }
        Ok(Self(learners))
    }

    fn learner(&self, router: &Router) -> Result<MutexGuard<'_, BanditLearner>, GatewayError> {
        let learner = self.0.get(&router.id).ok_or_else(|| {
            GatewayError::InvalidRequest(format!("router_id: {} is no bandit; it learns nothing", router.id))
        })?;
        Ok(learner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Decides rows by the slots of entities that keep them or else by the table in force, and counts the calls.
    pub(crate) fn decide(
        &self,
        router: &Router,
        rng: &mut impl Rng,
        batch: &[u8],
    ) -> Result<Vec<u8>, GatewayError> {
        let mut learner = self.learner(router)?;
        let Policy::Bandit(bandit) = &router.policy else {
            return Err(GatewayError::InvalidRequest(format!("router_id: {} is no bandit", router.id)));
        };
        let version = learner.table().version();
        let decided = decide_rows_by(router, version, batch, |request| {
            let decision = decide_by_bandit(bandit, learner.table(), request, rng);
            // The table draws no variant but the router's.
            let _ = learner.observe_decision(decision.variant);
            decision
        });
        Ok(decided?)
    }

    /// Counts rewards; answers how many were counted. None is where one is wrong.
    pub(crate) fn observe_rewards(
        &self,
        router: &Router,
        variants: &[String],
        values: &[f64],
        decided_at: Option<&[f64]>,
    ) -> Result<u64, GatewayError> {
        let mut learner = self.learner(router)?;
        for (name, count) in [("values", Some(values.len())), ("decided_at", decided_at.map(<[f64]>::len))] {
            if let Some(count) = count.filter(|count| *count != variants.len()) {
                let reason =
                    format!("{name}: {count} for {} variants; there is one for each", variants.len());
                return Err(GatewayError::InvalidRequest(reason));
            }
        }
        let (epoch, now) = (learner.totals().epoch, learner.now());
        let reward = |index: usize| {
            let variant = variant_index(router, &variants[index])
                .ok_or_else(|| ModelError::new("", format!("{:?} is no variant", variants[index])))?;
            let decided_at = decided_at.map_or(now, |times| times[index]);
            if !(0.0..=now).contains(&decided_at) {
                let reason =
                    format!("was decided at {decided_at}, and it is {now}; use a time from 0 to that");
                return Err(ModelError::new("", reason));
            }
            let value = values[index];
            let Policy::Bandit(bandit) = &router.policy else {
                return Err(ModelError::new("", "is no bandit"));
            };
            bandit.settings.check_reward(value)?;
            Ok(Reward { variant, epoch, decided_at, value })
        };
        let rewards = (0..variants.len())
            .map(|index| reward(index).map_err(|error| error.within(&format!("rewards[{index}]"))));
        let rewards: Vec<Reward> = rewards.collect::<Result<_, _>>().map_err(invalid)?;
        let mut counted = 0;
        for reward in &rewards {
            counted += u64::from(learner.observe_reward(reward).map_err(invalid)?);
        }
        Ok(counted)
    }

    /// What this engine itself counted, as it has faded by now, and its number: the higher one holds.
    pub(crate) fn arm_totals(&self, router: &Router) -> Result<(u64, Vec<u8>), GatewayError> {
        let learner = self.learner(router)?;
        let arms = router.variants.iter().zip(learner.faded_totals());
        let arms = arms.map(|(variant, arm)| proto::ArmTotals {
            variant: variant.name.to_string(),
            pulls: arm.pulls,
            weighted_pulls: arm.weighted_pulls,
            own_pulls: 0,
            count: arm.count,
            origin: arm.origin,
            sum: arm.sum,
            sum_of_squares: arm.sum_of_squares,
        });
        let totals = proto::RouterTotals {
            router_id: router.id.to_string(),
            router_incarnation: router.settings.incarnation,
            epoch: learner.totals().epoch,
            arms: arms.collect(),
            ..Default::default()
        };
        Ok((learner.totals().sequence, totals.encode_to_vec()))
    }

    /// Takes what another engine counted; answers whether it is newer than what was known of that one.
    pub(crate) fn merge(
        &self,
        router: &Router,
        replica: u64,
        sequence: u64,
        totals: &[u8],
    ) -> Result<bool, GatewayError> {
        let mut learner = self.learner(router)?;
        let totals = proto::RouterTotals::decode(totals)
            .map_err(|error| GatewayError::InvalidRequest(format!("totals: {error}")))?;
        let mut arms = vec![ArmTotals::default(); router.variants.len()];
        for (index, arm) in totals.arms.iter().enumerate() {
            let place =
                variant_index(router, &arm.variant).and_then(|place| arms.get_mut(usize::from(place)));
            *place.ok_or_else(|| {
                let reason = format!("totals.arms[{index}].variant: {:?} is no variant", arm.variant);
                GatewayError::InvalidRequest(reason)
            })? = ArmTotals {
                pulls: arm.pulls,
                weighted_pulls: arm.weighted_pulls,
                count: arm.count,
                origin: arm.origin,
                sum: arm.sum,
                sum_of_squares: arm.sum_of_squares,
            };
        }
        // They have faded up to now, so that a weight is 1 now.
        let landmark = learner.now();
        let totals = ReplicaTotals { epoch: totals.epoch, sequence, landmark, arms };
        Ok(learner.merge(replica, &totals).map_err(invalid)? == Merged::Taken)
    }

    /// Computes the shares anew, at a time where one is given; answers them by variant.
    pub(crate) fn update(&self, router: &Router, seconds: Option<f64>) -> Result<Vec<f64>, GatewayError> {
        let mut learner = self.learner(router)?;
        if let Some(seconds) = seconds {
            if !(seconds >= 0.0 && seconds.is_finite()) {
                let reason = format!("seconds: {seconds} is no time from 0");
                return Err(GatewayError::InvalidRequest(reason));
            }
            learner.set_seconds(seconds);
        }
        let table = learner.update().map_err(invalid)?;
        Ok((0_u8..).take(router.variants.len()).map(|variant| table.probability(variant)).collect())
    }
}

fn learner(router: &Router, bandit: &BanditPolicy) -> Result<BanditLearner, ModelError> {
    let mut learner = BanditLearner::new(bandit.settings, router.variants.len(), bandit.epoch)?;
    for variant in (0_u8..).take(router.variants.len()).filter(|variant| !bandit.arms.contains(variant)) {
        learner.set_enabled(variant, false)?;
    }
    learner.update()?;
    Ok(learner)
}

fn variant_index(router: &Router, name: &str) -> Option<u8> {
    let place = router.variants.iter().position(|variant| variant.name.as_str() == name)?;
    u8::try_from(place).ok()
}

fn invalid(error: ModelError) -> GatewayError {
    GatewayError::InvalidRequest(error.to_string())
}
