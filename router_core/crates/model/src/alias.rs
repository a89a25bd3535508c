//! The alias table: a draw by weight in constant time, exact in whole numbers.

use crate::ModelError;

/// What the quantised probabilities add up to.
const TOTAL: u64 = 1 << 32;

/// Draws a variant's index by weight (Walker's method, Vose's construction).
///
/// Weights are quantised to whole multiples of 2⁻³² first and the number of columns is a power of two, so
/// that the drawn probabilities are exactly the ones [`AliasTable::probability`] answers: rounding can
/// neither make a weight of zero reachable nor a positive one unreachable.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasTable {
    columns: Box<[Column]>,
    shift: u32,
    probabilities: Box<[f64]>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    /// A coin below this keeps the column's own index.
    threshold: u64,
    own: u8,
    alias: u8,
}

impl AliasTable {
    /// Builds the table from at most 128 weights.
    ///
    /// # Errors
    /// A weight is negative or not finite, all are zero, or there are too many.
    pub fn from_weights(weights: &[f64]) -> Result<Self, ModelError> {
        quantise(weights).map(Self::of_masses)
    }

    /// Builds a table again from its exact probabilities, as [`AliasTable::probability`] answers them: the same bits
    /// draw the same indices. Taken for weights they would be rounded once more.
    ///
    /// # Errors
    /// They are no probabilities of a table.
    pub fn from_probabilities(probabilities: &[f64]) -> Result<Self, ModelError> {
        exact_masses(probabilities).map(Self::of_masses)
    }

    fn of_masses(masses: Vec<u64>) -> Self {
        // Two at least, so that the shift to a column's number is one that 64 bits have.
        let column_count = masses.len().next_power_of_two().max(2);
        // Each column holds TOTAL; a mass is scaled by the number of columns, exactly.
        let scale = column_count as u64;
        let mut left: Vec<u64> = masses.iter().map(|mass| mass * scale).collect();
        left.resize(column_count, 0);
        let mut columns: Vec<Column> = (0..column_count)
            .map(|index| Column { threshold: TOTAL, own: index as u8, alias: index as u8 })
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..column_count).partition(|&index| left[index] < TOTAL);
        while let (Some(poor), Some(&rich)) = (small.pop(), large.last()) {
            columns[poor].threshold = left[poor];
            columns[poor].alias = rich as u8;
            left[rich] -= TOTAL - left[poor];
            if left[rich] < TOTAL {
                large.pop();
                small.push(rich);
            }
        }
        let shift = 64 - column_count.trailing_zeros();
        // A mass has 33 bits at most: its probability is exact.
        let probabilities = masses.iter().map(|&mass| mass as f64 / TOTAL as f64).collect();
        Self { columns: columns.into_boxed_slice(), shift, probabilities }
    }

    /// The index that 64 random bits draw.
    #[inline]
    #[must_use]
    pub fn draw(&self, random: u64) -> u8 {
        // The upper bits pick the column, the lower 32 are the coin.
        let index = random.wrapping_shr(self.shift) as usize;
        let coin = random & (TOTAL - 1);
        self.columns.get(index).map_or(
            0,
            |column| {
                if coin < column.threshold { column.own } else { column.alias }
            },
        )
    }

    /// The exact probability of an index.
    #[inline]
    #[must_use]
    pub fn probability(&self, index: u8) -> f64 {
        self.probabilities.get(usize::from(index)).copied().unwrap_or(0.0)
    }
}

/// Splits [`TOTAL`] by weight: zero stays zero, every positive weight gets at least one part.
fn quantise(weights: &[f64]) -> Result<Vec<u64>, ModelError> {
    if weights.len() > 128 {
        return Err(ModelError::new("weights", format!("{} weights are more than 128", weights.len())));
    }
    for (index, weight) in weights.iter().enumerate() {
        if !weight.is_finite() || *weight < 0.0 {
            return Err(ModelError::new(
                format!("weights[{index}]"),
                format!("{weight} is not a weight; use 0 or more"),
            ));
        }
    }
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return Err(ModelError::new("weights", "all weights are zero; at least one must be positive"));
    }
    // Dividing by the largest first keeps huge weights from adding up to infinity.
    let sum: f64 = weights.iter().map(|weight| weight / largest).sum();
    let mut masses: Vec<u64> = weights
        .iter()
        .map(|&weight| {
            let mass = (weight / largest / sum * TOTAL as f64) as u64;
            if weight > 0.0 { mass.max(1) } else { 0 }
        })
        .collect();
    // Rounding leaves a rest of a few parts; the heaviest takes it, where it matters least.
    let given: u64 = masses.iter().sum();
    if let Some(heaviest) = masses.iter_mut().max_by_key(|mass| **mass) {
        *heaviest = (*heaviest + TOTAL).saturating_sub(given);
    }
    Ok(masses)
}

/// The masses whose probabilities these are, without any rounding.
fn exact_masses(probabilities: &[f64]) -> Result<Vec<u64>, ModelError> {
    if probabilities.len() > 128 {
        let reason = format!("{} probabilities are more than 128", probabilities.len());
        return Err(ModelError::new("probabilities", reason));
    }
    let mut masses = Vec::with_capacity(probabilities.len());
    for (index, probability) in probabilities.iter().enumerate() {
        // Multiplying by a power of two rounds nothing.
        let mass = probability * TOTAL as f64;
        if !(0.0..=TOTAL as f64).contains(&mass) || mass.fract() != 0.0 {
            let reason = format!("{probability} is no probability of a table, a multiple of 2^-32 up to 1");
            return Err(ModelError::new(format!("probabilities[{index}]"), reason));
        }
        masses.push(mass as u64);
    }
    if masses.iter().sum::<u64>() != TOTAL {
        return Err(ModelError::new("probabilities", "do not add up to exactly 1"));
    }
    Ok(masses)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums what every column gives to each index: the distribution that draws follow.
    fn drawn_masses(table: &AliasTable, count: usize) -> Vec<u64> {
        let mut given = vec![0_u64; count];
        for column in &table.columns {
            given[usize::from(column.own)] += column.threshold;
            if column.threshold < TOTAL {
                given[usize::from(column.alias)] += TOTAL - column.threshold;
            }
        }
        given.iter().map(|mass| mass / table.columns.len() as u64).collect()
    }

    fn masses(table: &AliasTable) -> Vec<u64> {
        table.probabilities.iter().map(|probability| (probability * TOTAL as f64) as u64).collect()
    }

    #[test]
    fn the_columns_hold_exactly_the_quantised_probabilities() {
        let cases: [&[f64]; 6] =
            [&[70.0, 30.0], &[1.0], &[0.0, 1.0, 0.0], &[1e-12, 1.0, 5.0], &[1.0; 100], &[1e300, 1e300, 1.0]];
        for weights in cases {
            let table = AliasTable::from_weights(weights).unwrap();
            assert_eq!(
                drawn_masses(&table, table.columns.len())[..weights.len()],
                *masses(&table),
                "{weights:?}"
            );
            assert_eq!(masses(&table).iter().sum::<u64>(), TOTAL, "{weights:?}");
            for (weight, mass) in weights.iter().zip(masses(&table)) {
                assert_eq!(*weight > 0.0, mass > 0, "{weights:?}");
            }
        }
    }

    #[test]
    fn the_extreme_draws_stay_inside_the_table() {
        let table = AliasTable::from_weights(&[0.0, 1.0, 1.0]).unwrap();
        for random in [0, u64::MAX, TOTAL - 1, TOTAL, 1 << 63] {
            assert!(matches!(table.draw(random), 1 | 2));
        }
        assert_eq!(AliasTable::from_weights(&[3.0]).unwrap().draw(u64::MAX), 0);
    }

    #[test]
    fn weights_that_make_no_distribution_are_refused() {
        for weights in [&[0.0, 0.0][..], &[], &[f64::NAN, 1.0], &[-1.0, 1.0], &[f64::INFINITY]] {
            assert!(AliasTable::from_weights(weights).is_err(), "{weights:?}");
        }
    }
}
