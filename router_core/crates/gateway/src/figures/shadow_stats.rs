//! What became of the copies that were meant for a shadow; in no counter of calls.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use super::stats::{CODE_COUNT, Histogram, HistogramTotal, add};

/// Why a shadow did not get a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// As many copies as may be are under way, or its backend has no place to spare.
    Busy,
    /// No memory can be spared for the request.
    Memory,
    /// The request passed by in pieces and was never here whole.
    Streaming,
    /// There is no connection to its backend, or its file is not loaded.
    Unreachable,
    /// The server ends.
    Ending,
}

impl Dropped {
    /// The reasons with their words, in the order of their counters.
    pub(crate) const REASONS: [(Self, &'static str); 5] = [
        (Self::Busy, "busy"),
        (Self::Memory, "memory"),
        (Self::Streaming, "streaming"),
        (Self::Unreachable, "unreachable"),
        (Self::Ending, "ending"),
    ];
}

/// One thread's counters of one shadow, written and read as those of a variant are (`Shard`).
#[derive(Debug, Default)]
pub(crate) struct ShadowShard {
    /// Written by its thread when a copy ends.
    by_code: [AtomicU64; CODE_COUNT],
    /// Written by its thread when it makes no copy.
    dropped: [AtomicU64; Dropped::REASONS.len()],
    backend: Histogram,
    /// Written by its thread when the log has no room for an answer.
    dropped_records: AtomicU64,
    /// Written and read by its thread alone, which adds before a copy and subtracts once behind it: never below zero.
    under_way: AtomicU64,
}

impl ShadowShard {
    /// Counts a copy that ended. The time is that of its backend, when it was asked.
    pub(crate) fn record_end(&self, code: usize, backend: Option<Duration>) {
        if let Some(count) = self.by_code.get(code) {
            add(count, 1);
        }
        if let Some(backend) = backend {
            self.backend.record(backend);
        }
    }

    /// Counts a copy that it did not get.
    pub(crate) fn record_drop(&self, why: Dropped) {
        for ((reason, _), count) in Dropped::REASONS.iter().zip(&self.dropped) {
            if *reason == why {
                add(count, 1);
            }
        }
    }

    /// Counts an answer that was not recorded.
    pub(crate) fn record_lost(&self) {
        add(&self.dropped_records, 1);
    }

    /// Copies of this thread that are under way.
    pub(crate) fn under_way(&self) -> u64 {
        self.under_way.load(Relaxed)
    }

    pub(crate) fn enter(&self) {
        add(&self.under_way, 1);
    }

    pub(crate) fn leave(&self) {
        add(&self.under_way, u64::MAX);
    }
}

/// What all threads counted of a shadow.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShadowTotal {
    pub(crate) by_code: [u64; CODE_COUNT],
    pub(crate) dropped: [u64; Dropped::REASONS.len()],
    pub(crate) backend: HistogramTotal,
    /// Answers that were not recorded.
    pub(crate) dropped_records: u64,
}

impl ShadowTotal {
    pub(crate) fn add(&mut self, shard: &ShadowShard) {
        for (sum, count) in self.by_code.iter_mut().zip(&shard.by_code) {
            *sum += count.load(Relaxed);
        }
        for (sum, count) in self.dropped.iter_mut().zip(&shard.dropped) {
            *sum += count.load(Relaxed);
        }
        self.backend.add(&shard.backend);
        self.dropped_records += shard.dropped_records.load(Relaxed);
    }

    /// All copies, those that it got and those that it did not.
    pub(crate) fn copies(&self) -> u64 {
        self.by_code.iter().chain(&self.dropped).sum()
    }

    /// The reasons for which it got no copies, with how many.
    pub(crate) fn dropped_by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let words = Dropped::REASONS.iter().map(|(_, word)| *word);
        words.zip(self.dropped.iter().copied()).filter(|(_, count)| *count > 0)
    }
}
