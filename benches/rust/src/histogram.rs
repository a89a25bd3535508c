//! Latencies in a fixed table: 64 steps to each power of two, so that a quantile is at most 1.6 % off.

/// Steps in each power of two, as a power of two.
const STEP_BITS: u32 = 6;
const STEPS: usize = 1 << STEP_BITS;
/// Covers every `u64`.
const LENGTH: usize = STEPS * (64 - STEP_BITS as usize + 1);

/// Counts of nanoseconds.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u128,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; LENGTH], total: 0, sum: 0 }
    }
}

impl Histogram {
    /// Counts one value.
    pub fn record(&mut self, nanoseconds: u64) {
        self.counts[index_of(nanoseconds)] += 1;
        self.total += 1;
        self.sum += u128::from(nanoseconds);
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
        self.sum += other.sum;
    }

    /// Answers how many values were counted.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// Answers the exact mean in nanoseconds; zero without values.
    pub fn mean(&self) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        self.sum as f64 / self.total as f64
    }

    /// Answers the least value of the step that holds the quantile, in nanoseconds; zero without values.
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = (self.total as f64 * share).ceil().max(1.0) as u64;
        let mut passed = 0;
        for (index, count) in self.counts.iter().enumerate() {
            passed += count;
            if passed >= rank {
                return least_of(index);
            }
        }
        0
    }
}

fn index_of(value: u64) -> usize {
    let magnitude = 63_u32.saturating_sub(value.leading_zeros());
    if magnitude < STEP_BITS {
        return value as usize;
    }
    let shift = magnitude - STEP_BITS;
    let step = (value >> shift) as usize - STEPS;
    STEPS + shift as usize * STEPS + step
}

fn least_of(index: usize) -> u64 {
    if index < STEPS {
        return index as u64;
    }
    let shift = (index - STEPS) / STEPS;
    let step = (index - STEPS) % STEPS;
    ((STEPS + step) as u64) << shift
}

#[cfg(test)]
mod tests {
    use super::{Histogram, index_of, least_of};

    #[test]
    fn a_value_lies_in_its_step_within_two_percent() {
        for value in [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456, 9_876_543_210, u64::MAX] {
            let least = least_of(index_of(value));
            assert!(least <= value, "{least} above {value}");
            assert!((value - least) as f64 <= value as f64 * 0.016, "{value} in step {least}");
        }
    }

    #[test]
    fn quantiles_and_mean_are_those_of_the_values() {
        let mut histogram = Histogram::default();
        (1..=100).for_each(|value| histogram.record(value * 1_000));
        assert!((histogram.mean() - 50_500.0).abs() < f64::EPSILON);
        assert!((49_000..=50_000).contains(&histogram.quantile(0.5)));
        assert!((97_000..=99_000).contains(&histogram.quantile(0.99)));
    }
}
