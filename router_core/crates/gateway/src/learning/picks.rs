//! How often a variant was picked by its bandit, and how often it was not even asked then.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One thread's counters, in memory that no other thread writes to.
#[derive(Debug, Default)]
#[repr(align(64))]
struct ThreadPicks {
    all: AtomicU64,
    unasked: AtomicU64,
}

/// The picks of one variant, counted by each thread for itself.
///
/// A pick is a decision by the bandit's table, whether or not it explored. It counts for the variant that was decided, be
/// it that another one stood in for it; calls that name their variant or that an operator sends elsewhere are no picks.
#[derive(Debug)]
pub(super) struct Picks(Box<[ThreadPicks]>);

impl Picks {
    pub(super) fn new(threads: usize) -> Self {
        Self((0..threads).map(|_| ThreadPicks::default()).collect())
    }

    /// Counts a pick of the calling thread.
    #[inline]
    pub(super) fn add(&self, thread: usize) {
        if let Some(picks) = self.0.get(thread) {
            raise(&picks.all);
        }
    }

    /// Says of a pick that was counted that the variant is not asked: nothing can be learnt of it.
    pub(super) fn add_unasked(&self, thread: usize) {
        if let Some(picks) = self.0.get(thread) {
            raise(&picks.unasked);
        }
    }

    /// What all threads counted.
    pub(super) fn total(&self) -> u64 {
        self.sum(|picks| &picks.all)
    }

    /// How many of them the variant was not asked for.
    pub(super) fn unasked(&self) -> u64 {
        self.sum(|picks| &picks.unasked)
    }

    fn sum(&self, counter: impl Fn(&ThreadPicks) -> &AtomicU64) -> u64 {
        self.0.iter().map(|picks| counter(picks).load(Relaxed)).fold(0, u64::wrapping_add)
    }
}

/// Adds one. The calling thread alone writes its counters: no locked instruction is needed.
#[inline]
fn raise(count: &AtomicU64) {
    count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
}
