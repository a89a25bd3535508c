//! Latencies in buckets whose bounds grow by a constant factor.

/// Counts by bucket.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    /// The bucket of the first count.
    first: usize,
    counts: Vec<u64>,
}

impl Histogram {
    /// The buckets in which there are calls, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        (self.first..).zip(self.counts.iter().copied()).filter(|&(_, calls)| calls > 0)
    }

    pub(crate) fn add(&mut self, bucket: usize, calls: u64) {
        if self.counts.is_empty() {
            self.first = bucket;
        } else if bucket < self.first {
            self.counts.splice(0..0, std::iter::repeat_n(0, self.first - bucket));
            self.first = bucket;
        }
        let place = bucket - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(place) {
            *count += calls;
        }
    }
}

/// The latencies of the calls of a step and a variant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies {
    pub(crate) overhead: Histogram,
    pub(crate) backend: Histogram,
}

impl Latencies {
    /// Adds what another one counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        other.overhead.iter().for_each(|(bucket, calls)| self.overhead.add(bucket, calls));
        other.backend.iter().for_each(|(bucket, calls)| self.backend.add(bucket, calls));
    }
}

/// The bits behind the first by which a number is looked up.
const MANTISSA_BITS: u32 = 6;

/// Which bucket a time is in: bucket `b` begins at `exp(b / n)` nanoseconds.
///
/// Logarithms of all latencies would take as long as reading them: instead, each bucket's least number is found once.
pub(crate) struct Buckets {
    /// The least number of each bucket.
    least: Vec<u64>,
    /// For the numbers that begin with the same bits, the bucket of the least of them.
    first: Vec<usize>,
}

impl Buckets {
    pub(crate) fn new(buckets_per_e: f64) -> Self {
        let bucket = |nanos: u64| ((nanos as f64 + 1.0).ln() * buckets_per_e) as usize;
        let top = bucket(i64::MAX.unsigned_abs());
        let mut least = vec![0];
        while least.len() <= top {
            let (mut below, mut above) = (least.last().copied().unwrap_or(0), i64::MAX.unsigned_abs());
            while below < above {
                let middle = below + (above - below) / 2;
                if bucket(middle) < least.len() { below = middle + 1 } else { above = middle }
            }
            least.push(above);
        }
        let first = (0..u64::BITS << MANTISSA_BITS).map(|index| bucket(least_of(index).saturating_sub(1)));
        Self { first: first.collect(), least }
    }

    /// Answers the bucket of a time in nanoseconds; one below 0 counts as 0.
    pub(crate) fn bucket_of(&self, nanos: i64) -> usize {
        let nanos = u64::try_from(nanos).unwrap_or(0);
        let is_behind = |bucket: usize| nanos >= self.least.get(bucket + 1).copied().unwrap_or(u64::MAX);
        let mut bucket = self.first.get(index_of(nanos + 1)).copied().unwrap_or(0);
        // Hardly ever more than one further, but as often one as none: added, for no processor guesses which.
        bucket += usize::from(is_behind(bucket));
        while is_behind(bucket) {
            bucket += 1;
        }
        bucket
    }
}

/// A number's first bits: how many there are, and what follows the first.
fn index_of(number: u64) -> usize {
    let exponent = number.max(1).ilog2();
    let mantissa = (number << (u64::BITS - 1 - exponent)) >> (u64::BITS - 1 - MANTISSA_BITS);
    let index = (u64::from(exponent) << MANTISSA_BITS) | (mantissa & ((1 << MANTISSA_BITS) - 1));
    usize::try_from(index).unwrap_or(0)
}

/// The least number with these first bits, or one below it.
fn least_of(index: u32) -> u64 {
    let (exponent, mantissa) = (index >> MANTISSA_BITS, u64::from(index & ((1 << MANTISSA_BITS) - 1)));
    let bits = (1 << MANTISSA_BITS) | mantissa;
    if exponent >= MANTISSA_BITS {
        bits << (exponent - MANTISSA_BITS)
    } else {
        bits >> (MANTISSA_BITS - exponent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn logarithm(nanos: i64, buckets_per_e: f64) -> usize {
        ((nanos as f64 + 1.0).ln() * buckets_per_e).floor() as usize
    }

    #[test]
    fn buckets_of_small_and_of_extreme_times_are_their_logarithms() {
        let buckets = Buckets::new(50.0);
        for nanos in (0..100_000).chain(i64::MAX - 1_000..=i64::MAX) {
            assert_eq!(buckets.bucket_of(nanos), logarithm(nanos, 50.0), "{nanos}");
        }
        assert_eq!(buckets.bucket_of(-5), 0);
    }

    proptest! {
        #[test]
        fn buckets_are_logarithms(exponent in 0_u32..63, fraction in 0.0..1.0_f64, per_e in 1_u32..200) {
            let nanos = ((1_u64 << exponent) as f64 * (1.0 + fraction)) as i64;
            let buckets = Buckets::new(f64::from(per_e));
            prop_assert_eq!(buckets.bucket_of(nanos), logarithm(nanos, f64::from(per_e)));
        }
    }
}
