//! What is known of a bandit's arms, which outlives the route that decides by it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use pointsman_model::{Id, ModelError};
use pointsman_policy::{ArmTotals, Pace, Scratch};
use pointsman_wire::generated::pointsman_v1 as proto;
use rand::RngExt;

use super::picks::Picks;
use crate::clock::utc_now_us;

/// Trouble with one bandit is told no more often than that.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(60);

/// The lower bits of a table's number are drawn once for all tables of a bandit in this process, and tell it from other
/// processes; the upper ones are the microsecond in which the table was made. Together they stay below 2^53, so that JSON
/// does not round them.
const NUMBER_STEP: u64 = 1 << 10;

/// What is known of the arms of one router in one epoch.
#[derive(Debug)]
pub(super) struct Knowledge {
    /// The incarnation of the router: another one of the same id begins with nothing.
    pub(super) incarnation: u64,
    pub(super) epoch: u64,
    learnt: Mutex<Learnt>,
}

/// What changes of it. Nobody who decides a call waits for it.
#[derive(Debug)]
pub(super) struct Learnt {
    /// By variant; those that went away stay, in case that they come back.
    picks: HashMap<Id, Arc<Picks>>,
    /// By variant, as the control plane gave them last.
    pub(super) given: HashMap<Id, Given>,
    /// How often totals were given.
    pub(super) reading: u64,
    pub(super) pace: Pace,
    pub(super) scratch: Scratch,
    number: u64,
    own_bits: u64,
    complained: Option<Instant>,
}

/// Totals of an arm over all servers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given {
    totals: ArmTotals,
    /// How many of the picks that are counted here are among them.
    own_pulls: u64,
}

impl Knowledge {
    pub(super) fn new(incarnation: u64, epoch: u64) -> Self {
        let learnt = Learnt {
            picks: HashMap::new(),
            given: HashMap::new(),
            reading: 0,
            pace: Pace::default(),
            scratch: Scratch::default(),
            number: 0,
            own_bits: rand::rng().random_range(0..NUMBER_STEP),
            complained: None,
        };
        Self { incarnation, epoch, learnt: Mutex::new(learnt) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Learnt {
    /// The counter of a variant.
    ///
    /// # Arguments
    /// * `counts_costs` - Whether it counts what calls cost; the same throughout an epoch.
    pub(super) fn picks_of(&mut self, variant: &Id, threads: usize, counts_costs: bool) -> Arc<Picks> {
        let made = || Arc::new(Picks::new(threads, counts_costs));
        self.picks.entry(variant.clone()).or_insert_with(made).clone()
    }

    /// All picks that were counted here.
    pub(super) fn own_picks(&self) -> u64 {
        self.picks.values().map(|picks| picks.total()).fold(0, u64::wrapping_add)
    }

    /// The totals of a variant with the picks that came since they were given.
    pub(super) fn totals_of(&self, variant: &Id, own_picks: u64) -> ArmTotals {
        let Given { mut totals, own_pulls } = self.given.get(variant).copied().unwrap_or_default();
        totals.add_pulls(own_picks.saturating_sub(own_pulls), 1.0);
        totals
    }

    /// The number of the next table: above all before it, whatever the clock does.
    pub(super) fn next_number(&mut self) -> u64 {
        let now = (utc_now_us() & !(NUMBER_STEP - 1)) | self.own_bits;
        self.number = now.max(self.number.saturating_add(NUMBER_STEP));
        self.number
    }

    /// Says that totals cannot be used.
    pub(super) fn complain(&mut self, router: &Id, error: &ModelError) {
        if self.complained.is_some_and(|told| told.elapsed() < COMPLAINT_PAUSE) {
            return;
        }
        self.complained = Some(Instant::now());
        tracing::error!(
            %router,
            reason = %error,
            "what was learnt of the router's arms cannot be used; its shares stay as they are"
        );
    }
}

impl Given {
    pub(super) fn of(arm: &proto::ArmTotals) -> Self {
        Self { totals: totals_from_proto(arm), own_pulls: arm.own_pulls }
    }
}

/// Takes over the totals of an arm.
pub(super) fn totals_from_proto(arm: &proto::ArmTotals) -> ArmTotals {
    ArmTotals {
        pulls: arm.pulls,
        weighted_pulls: arm.weighted_pulls,
        count: arm.count,
        origin: arm.origin,
        sum: arm.sum,
        sum_of_squares: arm.sum_of_squares,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_tables_rise_keep_the_bits_of_their_bandit_and_are_exact_in_json() {
        let knowledge = Knowledge::new(1, 1);
        let mut learnt = knowledge.lock();
        let numbers: Vec<u64> = (0..100).map(|_| learnt.next_number()).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next));
        assert!(numbers.iter().all(|number| number % NUMBER_STEP == learnt.own_bits));
        assert!(numbers[99] < 1 << 53);
        // Tables of a process that starts later are numbered higher, be it that its bits are lower.
        assert!(numbers[0].abs_diff(utc_now_us()) < 60_000_000);
    }
}
