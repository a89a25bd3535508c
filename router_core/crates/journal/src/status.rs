//! How a log fares: for metrics and for people.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Upper bounds of the buckets of sync latencies, in nanoseconds: 100 µs to 10 s.
pub const SYNC_BOUNDS_NANOS: [u64; 12] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    10_000_000_000,
];

/// What a log counts.
#[derive(Debug, Clone, Default)]
pub struct LogStatus {
    /// Bytes that were not released.
    pub byte_count: u64,
    /// Entries in the queue.
    pub queued: usize,
    /// Entries written since the start.
    pub written_entries: u64,
    /// Entries that were not taken or were lost, since the start.
    pub dropped_entries: u64,
    /// The position behind what is on disk.
    pub synced_end: u64,
    /// When the oldest segment was made, in UTC microseconds.
    pub oldest_us: Option<u64>,
    /// Counts of sync latencies; one more than [`SYNC_BOUNDS_NANOS`], the last is above all of them.
    pub sync_counts: [u64; SYNC_BOUNDS_NANOS.len() + 1],
    /// The sum of sync latencies.
    pub sync_sum_nanos: u64,
    /// Why nothing is taken at the moment.
    pub trouble: Option<Arc<str>>,
}

/// Counts of syncs, written by one thread.
#[derive(Debug, Default)]
pub(crate) struct SyncTimes {
    /// Only the log's writer adds, [`LogStatus`] reads. Each number only rises, and is right alone: Relaxed suffices.
    counts: [AtomicU64; SYNC_BOUNDS_NANOS.len() + 1],
    /// As the counts; a reader may see it without the sync that was counted last.
    sum_nanos: AtomicU64,
}

impl SyncTimes {
    pub(crate) fn record(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = SYNC_BOUNDS_NANOS.partition_point(|&bound| bound < nanos);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        self.sum_nanos.fetch_add(nanos, Relaxed);
    }

    pub(crate) fn put_into(&self, status: &mut LogStatus) {
        for (total, count) in status.sync_counts.iter_mut().zip(&self.counts) {
            *total = count.load(Relaxed);
        }
        status.sync_sum_nanos = self.sum_nanos.load(Relaxed);
    }
}
