//! Live counters: each worker thread writes its own shard, readers add the shards up.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::shadow_stats::{ShadowShard, ShadowTotal};
use crate::recording::records::Cut;

/// Upper bounds of the latency histograms, in nanoseconds: 25 µs to 30 s.
pub(crate) const BOUNDS_NANOS: [u64; 22] = [
    25_000,
    50_000,
    75_000,
    100_000,
    150_000,
    250_000,
    400_000,
    600_000,
    1_000_000,
    1_600_000,
    2_500_000,
    4_000_000,
    6_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
    30_000_000_000,
];

/// The number of gRPC status codes.
pub(crate) const CODE_COUNT: usize = 17;

/// Adds to a counter that only the calling thread writes: no locked instruction is needed. Two writers would lose counts.
#[inline]
pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(amount), Relaxed);
}

/// A histogram of durations with one writer.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// Added to by [`add`], by one thread; metrics read. Each number only rises, and is right alone: Relaxed suffices.
    counts: [AtomicU64; BOUNDS_NANOS.len() + 1],
    /// As the counts; a reader may see it without the duration that was counted last.
    sum_nanos: AtomicU64,
}

impl Histogram {
    pub(super) fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let index = BOUNDS_NANOS.partition_point(|&bound| bound < nanos);
        if let Some(count) = self.counts.get(index) {
            add(count, 1);
        }
        add(&self.sum_nanos, nanos);
    }
}

/// The sum of histograms of several threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistogramTotal {
    pub(crate) counts: [u64; BOUNDS_NANOS.len() + 1],
    pub(crate) sum_nanos: u64,
}

impl HistogramTotal {
    pub(super) fn add(&mut self, histogram: &Histogram) {
        for (total, count) in self.counts.iter_mut().zip(&histogram.counts) {
            *total += count.load(Relaxed);
        }
        self.sum_nanos += histogram.sum_nanos.load(Relaxed);
    }
}

/// One thread's counters of one variant.
///
/// Its thread alone writes them, by [`add`], so that none is lost; metrics add up those of all threads. Each number only
/// rises and leads to no other memory, and a total need not be of one moment: Relaxed suffices for all.
#[derive(Debug, Default)]
struct Shard {
    /// Written by its thread when a call ends, in one of these four.
    decided_by_code: [AtomicU64; CODE_COUNT],
    /// As those decided.
    pinned_by_code: [AtomicU64; CODE_COUNT],
    /// As those decided.
    fallback_by_code: [AtomicU64; CODE_COUNT],
    /// As those decided.
    override_by_code: [AtomicU64; CODE_COUNT],
    /// Written by its thread when a call of this variant ends that another one answered; that one's shard counts it, too.
    diverted: AtomicU64,
    /// Written by its thread when a call ends.
    rule_mismatches: AtomicU64,
    /// Written by its thread when the log has no room; what is lost behind that, the log's writer counts in `lost`.
    dropped_records: AtomicU64,
    /// Written by its thread when a record is put in.
    cut_records: [AtomicU64; Cut::REASONS.len()],
    overhead: Histogram,
    backend: Histogram,
    /// Made on a shadow's first copy.
    shadow: OnceLock<Box<ShadowShard>>,
}

/// The counters of one variant, kept while the router keeps the variant's name.
#[derive(Debug)]
pub(crate) struct VariantStats {
    pub(crate) router: Arc<str>,
    pub(crate) variant: Arc<str>,
    /// Predictions that were queued and could not be written. The log's writer adds, metrics read; Relaxed suffices, for it
    /// leads to no other memory.
    pub(crate) lost: Arc<AtomicU64>,
    /// The same of its answers to copies of calls, by the same threads.
    pub(crate) lost_shadows: Arc<AtomicU64>,
    /// Made on a thread's first call: ten thousand idle routers cost nothing.
    shards: Box<[OnceLock<Box<Shard>>]>,
}

/// What all threads counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct VariantTotal {
    pub(crate) decided_by_code: [u64; CODE_COUNT],
    pub(crate) pinned_by_code: [u64; CODE_COUNT],
    /// Calls of others that it stood in for.
    pub(crate) fallback_by_code: [u64; CODE_COUNT],
    /// Calls that an operator sent to it.
    pub(crate) override_by_code: [u64; CODE_COUNT],
    /// Calls of its own that others stood in for.
    pub(crate) diverted: u64,
    /// Conditions of rules that met a value of another kind, in calls of its own.
    pub(crate) rule_mismatches: u64,
    pub(crate) dropped_records: u64,
    pub(crate) cut_records: [u64; Cut::REASONS.len()],
    pub(crate) overhead: HistogramTotal,
    pub(crate) backend: HistogramTotal,
    /// Copies of calls that others answered; none without any.
    pub(crate) shadow: Option<ShadowTotal>,
}

impl VariantTotal {
    pub(crate) fn pinned(&self) -> u64 {
        self.pinned_by_code.iter().sum()
    }

    pub(crate) fn fallback(&self) -> u64 {
        self.fallback_by_code.iter().sum()
    }

    pub(crate) fn overridden(&self) -> u64 {
        self.override_by_code.iter().sum()
    }

    /// All calls and copies: what tells whether a series is idle.
    pub(crate) fn calls(&self) -> u64 {
        self.decided_by_code.iter().sum::<u64>()
            + self.pinned()
            + self.fallback()
            + self.overridden()
            + self.diverted
            + self.shadow.as_ref().map_or(0, ShadowTotal::copies)
    }
}

impl VariantStats {
    pub(crate) fn new(router: Arc<str>, variant: Arc<str>, threads: usize) -> Arc<Self> {
        let shards = (0..threads).map(|_| OnceLock::new()).collect();
        Arc::new(Self { router, variant, lost: Arc::default(), lost_shadows: Arc::default(), shards })
    }

    /// Counts a finished call. Only a decided one is in the split's statistics.
    pub(crate) fn record_call(&self, thread: usize, code: usize, counting: Counting, times: CallTimes) {
        let Some(shard) = self.shard(thread) else { return };
        let by_code = match counting {
            Counting::Decided => &shard.decided_by_code,
            Counting::Pinned => &shard.pinned_by_code,
            Counting::Fallback => &shard.fallback_by_code,
            Counting::Override => &shard.override_by_code,
        };
        if let Some(count) = by_code.get(code) {
            add(count, 1);
        }
        if counting != Counting::Decided {
            return;
        }
        shard.overhead.record(times.overhead);
        if let Some(backend) = times.backend {
            shard.backend.record(backend);
        }
    }

    /// Counts a call of this variant that another one stood in for.
    pub(crate) fn record_diverted(&self, thread: usize) {
        if let Some(shard) = self.shard(thread) {
            add(&shard.diverted, 1);
        }
    }

    /// Counts conditions of rules that met a value of a kind that they do not take.
    pub(crate) fn record_rule_mismatches(&self, thread: usize, count: u32) {
        if let Some(shard) = self.shard(thread) {
            add(&shard.rule_mismatches, count.into());
        }
    }

    /// Counts a prediction that was not recorded.
    pub(crate) fn record_drop(&self, thread: usize) {
        if let Some(shard) = self.shard(thread) {
            add(&shard.dropped_records, 1);
        }
    }

    /// Counts a prediction that was recorded without its features or its answer.
    pub(crate) fn record_cut(&self, thread: usize, cut: Cut) {
        let Some(shard) = self.shard(thread) else { return };
        for ((reason, _), count) in Cut::REASONS.iter().zip(&shard.cut_records) {
            if *reason == cut {
                add(count, 1);
            }
        }
    }

    /// A thread's counters of copies.
    pub(crate) fn shadow(&self, thread: usize) -> Option<&ShadowShard> {
        self.shard(thread).map(|shard| &**shard.shadow.get_or_init(Box::default))
    }

    fn shard(&self, thread: usize) -> Option<&Shard> {
        self.shards.get(thread).map(|shard| &**shard.get_or_init(Box::default))
    }

    /// Adds all threads up; none when the variant had no traffic.
    pub(crate) fn total(&self) -> Option<VariantTotal> {
        let mut total: Option<VariantTotal> = None;
        for shard in self.shards.iter().filter_map(OnceLock::get) {
            let total = total.get_or_insert_default();
            for (sum, count) in total.decided_by_code.iter_mut().zip(&shard.decided_by_code) {
                *sum += count.load(Relaxed);
            }
            for (sum, count) in total.pinned_by_code.iter_mut().zip(&shard.pinned_by_code) {
                *sum += count.load(Relaxed);
            }
            for (sum, count) in total.override_by_code.iter_mut().zip(&shard.override_by_code) {
                *sum += count.load(Relaxed);
            }
            for (sum, count) in total.fallback_by_code.iter_mut().zip(&shard.fallback_by_code) {
                *sum += count.load(Relaxed);
            }
            total.diverted += shard.diverted.load(Relaxed);
            total.rule_mismatches += shard.rule_mismatches.load(Relaxed);
            total.dropped_records += shard.dropped_records.load(Relaxed);
            for (sum, count) in total.cut_records.iter_mut().zip(&shard.cut_records) {
                *sum += count.load(Relaxed);
            }
            total.overhead.add(&shard.overhead);
            total.backend.add(&shard.backend);
            if let Some(shadow) = shard.shadow.get() {
                total.shadow.get_or_insert_default().add(shadow);
            }
        }
        if let Some(total) = &mut total {
            total.dropped_records += self.lost.load(Relaxed);
            if let Some(shadow) = &mut total.shadow {
                shadow.dropped_records += self.lost_shadows.load(Relaxed);
            }
        }
        total
    }
}

/// Which counters a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Those of the split.
    Decided,
    /// Those of calls that named their variant.
    Pinned,
    /// Those of calls of another variant.
    Fallback,
    /// Those of calls that an operator sent to it.
    Override,
}

/// Where a call's time went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CallTimes {
    /// Ours.
    pub(crate) overhead: Duration,
    /// The backend's, when it was asked.
    pub(crate) backend: Option<Duration>,
}

/// One thread's counters that belong to no variant.
#[derive(Debug, Default)]
pub(crate) struct ThreadStats {
    /// Calls that reached no variant, by status code. The thread alone writes it, by [`add`]; metrics read, Relaxed, as with a
    /// variant's [`Shard`].
    rejected_by_code: [AtomicU64; CODE_COUNT],
    /// Written and read as `rejected_by_code`.
    stalled_answers: AtomicU64,
    /// Written and read as `rejected_by_code`; each that begins ends once, so that it is never below zero.
    copies: AtomicU64,
    /// As `copies`. Whoever drains reads it, too, again and again until it is zero: a late number only waits longer.
    in_flight: AtomicU64,
    /// The acceptor adds, the thread subtracts, or the acceptor where it could not hand over, each in one step; metrics and the
    /// acceptor read. Relaxed suffices: the connection itself is handed over by a channel.
    connections: AtomicU64,
}

impl ThreadStats {
    pub(crate) fn record_rejected(&self, code: usize) {
        if let Some(count) = self.rejected_by_code.get(code) {
            add(count, 1);
        }
    }

    pub(crate) fn rejected(&self, code: usize) -> u64 {
        self.rejected_by_code.get(code).map_or(0, |count| count.load(Relaxed))
    }

    /// Counts an answer that was ended because its client took nothing of it.
    pub(crate) fn record_stalled(&self) {
        add(&self.stalled_answers, 1);
    }

    pub(crate) fn stalled_answers(&self) -> u64 {
        self.stalled_answers.load(Relaxed)
    }

    /// Copies for shadows that are under way; they are no calls in flight.
    pub(crate) fn copies(&self) -> u64 {
        self.copies.load(Relaxed)
    }

    pub(crate) fn enter_copy(&self) {
        add(&self.copies, 1);
    }

    pub(crate) fn leave_copy(&self) {
        add(&self.copies, u64::MAX);
    }

    pub(crate) fn enter(&self) {
        add(&self.in_flight, 1);
    }

    pub(crate) fn leave(&self) {
        add(&self.in_flight, u64::MAX);
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Relaxed)
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    pub(crate) fn disconnected(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_the_sum_of_the_threads_and_pinned_calls_stand_apart() {
        let stats = VariantStats::new("r".into(), "a".into(), 2);
        assert!(stats.total().is_none());
        let times = CallTimes { overhead: Duration::from_micros(60), backend: Some(Duration::from_secs(60)) };
        stats.record_call(0, 0, Counting::Decided, times);
        stats.record_call(1, 14, Counting::Decided, times);
        stats.record_call(1, 0, Counting::Pinned, times);
        stats.record_call(0, 0, Counting::Fallback, times);
        stats.record_call(1, 0, Counting::Override, times);
        stats.record_diverted(1);
        let total = stats.total().unwrap();
        assert_eq!((total.fallback(), total.overridden(), total.diverted), (1, 1, 1));
        assert_eq!((total.decided_by_code[0], total.decided_by_code[14], total.pinned()), (1, 1, 1));
        assert_eq!(total.overhead.counts[2], 2, "60 µs lies between 50 and 75 µs");
        assert_eq!(total.backend.counts[BOUNDS_NANOS.len()], 2, "60 s lies above all bounds");
        assert_eq!(total.overhead.sum_nanos, 120_000);
    }
}
