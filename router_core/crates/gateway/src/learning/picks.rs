//! How often a variant was picked by its bandit.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One thread's counter, in memory that no other thread writes to.
#[derive(Debug, Default)]
#[repr(align(64))]
struct ThreadPicks(AtomicU64);

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

    /// Counts a pick of the calling thread, which alone writes its counter: no locked instruction is needed.
    #[inline]
    pub(super) fn add(&self, thread: usize) {
        if let Some(ThreadPicks(count)) = self.0.get(thread) {
            count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }

    /// What all threads counted.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(|ThreadPicks(count)| count.load(Relaxed)).fold(0, u64::wrapping_add)
    }
}
