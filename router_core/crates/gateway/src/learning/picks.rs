//! How often a variant was picked by its bandit, how often it was not even asked then, and what it cost where it was.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// One thread's counters, in memory that no other thread writes to.
///
/// So a load and a store add without losing anything, and others see each number rise. They read them one by one, for sums
/// that need not be of one moment: Relaxed suffices for all.
#[derive(Debug, Default)]
#[repr(align(64))]
struct ThreadPicks {
    /// Written by its thread at each pick.
    all: AtomicU64,
    /// Written by its thread behind `all`; a reader of both may see it ahead by the last one.
    unasked: AtomicU64,
}

/// What one thread's calls cost, apart from its other counters: bandits that learn nothing of it have none. Written and read
/// as [`ThreadPicks`] are; a reader may see a call in some of the numbers and not yet in others.
#[derive(Debug, Default)]
#[repr(align(64))]
struct ThreadCosts {
    /// Written by its thread when a call is over, as the three others are.
    ended: AtomicU64,
    /// Those of `ended` that did not answer OK.
    failed: AtomicU64,
    /// The bits of a double: whole in each load, for it is one number.
    seconds: AtomicU64,
    /// The bits of a double, too.
    squared_seconds: AtomicU64,
}

/// What calls cost of which an arm was asked, or that it could not take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Costs {
    /// How many are over.
    pub(super) ended: u64,
    /// How many of them did not answer OK.
    pub(super) failed: u64,
    /// The sum of the times that they took.
    pub(super) seconds: f64,
    /// The sum of the squares of these times.
    pub(super) squared_seconds: f64,
}

/// The picks of one variant, counted by each thread for itself.
///
/// A pick is a decision by the bandit's table, whether or not it explored. It counts for the variant that was decided, be
/// it that another one stood in for it; calls that name their variant or that an operator sends elsewhere are no picks.
#[derive(Debug)]
pub(super) struct Picks {
    picks: Box<[ThreadPicks]>,
    /// None where nothing is learnt of costs.
    costs: Box<[ThreadCosts]>,
}

impl Picks {
    pub(super) fn new(threads: usize, counts_costs: bool) -> Self {
        let counted = if counts_costs { threads } else { 0 };
        Self {
            picks: (0..threads).map(|_| ThreadPicks::default()).collect(),
            costs: (0..counted).map(|_| ThreadCosts::default()).collect(),
        }
    }

    /// Counts a pick of the calling thread.
    #[inline]
    pub(super) fn add(&self, thread: usize) {
        if let Some(picks) = self.picks.get(thread) {
            raise(&picks.all);
        }
    }

    /// Says of a pick that was counted that the variant is not asked: nothing can be learnt of it.
    pub(super) fn add_unasked(&self, thread: usize) {
        if let Some(picks) = self.picks.get(thread) {
            raise(&picks.unasked);
        }
    }

    /// Says what a pick cost that was counted and is over.
    pub(super) fn add_cost(&self, thread: usize, is_failed: bool, took: Duration) {
        let Some(costs) = self.costs.get(thread) else { return };
        let seconds = took.as_secs_f64();
        raise(&costs.ended);
        if is_failed {
            raise(&costs.failed);
        }
        grow(&costs.seconds, seconds);
        grow(&costs.squared_seconds, seconds * seconds);
    }

    /// What all threads counted.
    pub(super) fn total(&self) -> u64 {
        self.sum(|picks| &picks.all)
    }

    /// How many of them the variant was not asked for.
    pub(super) fn unasked(&self) -> u64 {
        self.sum(|picks| &picks.unasked)
    }

    /// What they cost that are over; nothing where that is not counted.
    pub(super) fn costs(&self) -> Costs {
        self.costs.iter().fold(Costs::default(), |sum, costs| Costs {
            ended: sum.ended.wrapping_add(costs.ended.load(Relaxed)),
            failed: sum.failed.wrapping_add(costs.failed.load(Relaxed)),
            seconds: sum.seconds + f64::from_bits(costs.seconds.load(Relaxed)),
            squared_seconds: sum.squared_seconds + f64::from_bits(costs.squared_seconds.load(Relaxed)),
        })
    }

    fn sum(&self, counter: impl Fn(&ThreadPicks) -> &AtomicU64) -> u64 {
        self.picks.iter().map(|picks| counter(picks).load(Relaxed)).fold(0, u64::wrapping_add)
    }
}

/// Adds one. The calling thread alone writes its counters: no locked instruction is needed.
#[inline]
fn raise(count: &AtomicU64) {
    count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
}

/// Adds to a double, as [`raise`] does.
fn grow(sum: &AtomicU64, by: f64) {
    sum.store((f64::from_bits(sum.load(Relaxed)) + by).to_bits(), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_add_up_what_calls_cost_where_it_is_counted() {
        let (counting, other) = (Picks::new(2, true), Picks::new(2, false));
        for picks in [&counting, &other] {
            picks.add_cost(0, false, Duration::from_millis(500));
            picks.add_cost(1, true, Duration::from_millis(1500));
        }
        let all = Costs { ended: 2, failed: 1, seconds: 2.0, squared_seconds: 2.5 };
        assert_eq!((counting.costs(), other.costs()), (all, Costs::default()));
    }
}
