//! How long a model takes, as a running mean that threads share.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// One part in this many of a new sample goes into the mean.
const DAMPING: i128 = 16;

/// An exponential mean of durations, in nanoseconds.
///
/// Two threads that record at once may lose one sample; the mean is a hint for scheduling, not a count.
#[derive(Debug, Default)]
pub(super) struct MeanNanos(AtomicU64);

impl MeanNanos {
    /// Takes a sample into the mean; the first one is the mean.
    pub(super) fn record(&self, sample: Duration) {
        // Zero stands for "never measured", so a measured mean is one nanosecond at least.
        let sample = i128::from(u64::try_from(sample.as_nanos()).unwrap_or(u64::MAX).max(1));
        let mean = match i128::from(self.0.load(Ordering::Relaxed)) {
            0 => sample,
            mean => mean + (sample - mean) / DAMPING,
        };
        self.0.store(u64::try_from(mean).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The mean; 0 before the first sample.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sample_is_the_mean_and_later_ones_pull_it() {
        let mean = MeanNanos::default();
        assert_eq!(mean.get(), 0);
        mean.record(Duration::from_micros(160));
        assert_eq!(mean.get(), 160_000);
        mean.record(Duration::ZERO);
        assert_eq!(mean.get(), 160_000 - 159_999 / 16);
        for _ in 0..1_000 {
            mean.record(Duration::from_micros(5));
        }
        assert!((5_000..5_020).contains(&mean.get()), "{}", mean.get());
    }
}
