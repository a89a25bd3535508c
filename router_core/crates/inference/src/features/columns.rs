//! Which shape one row gives an input, and which features may fill its columns.

use std::fmt;

use pointsman_model::{Signature, TensorSpec};

use super::FeatureError;

/// The shape that an input has for one row of features.
pub(super) struct RowShape<'a> {
    spec: &'a TensorSpec,
    /// The dimensions, 1 for the batch; -1 stands for any length.
    pub(super) dimensions: Vec<i64>,
    /// Whether the first dimension counts rows.
    pub(super) has_batch: bool,
    /// The product of the known dimensions.
    pub(super) known_columns: usize,
    /// How many dimensions are left open.
    pub(super) open_dimensions: usize,
}

impl<'a> RowShape<'a> {
    /// Reads the shape of an input; a first dimension of -1 is the batch.
    pub(super) fn of(spec: &'a TensorSpec) -> Result<Self, FeatureError> {
        let mut dimensions = spec.shape.to_vec();
        let has_batch = matches!(dimensions.first(), Some(-1));
        if has_batch && let Some(first) = dimensions.first_mut() {
            *first = 1;
        }
        let known_columns = dimensions
            .iter()
            .filter(|dimension| **dimension != -1)
            .try_fold(1_usize, |product, &dimension| product.checked_mul(usize::try_from(dimension).ok()?))
            .filter(|product| *product > 0)
            .ok_or_else(|| FeatureError::Signature {
                field: format!("inputs[{:?}].shape", spec.name),
                reason: format!(
                    "{:?} cannot be filled; use positive dimensions, or -1 for any length",
                    spec.shape
                ),
            })?;
        let open_dimensions = dimensions.iter().filter(|dimension| **dimension == -1).count();
        // [rows, 1] and [1, columns] alike: a leading 1 may stand for the one row in a nested list.
        let has_batch = has_batch || (dimensions.len() > 1 && dimensions.first() == Some(&1));
        Ok(Self { spec, dimensions, has_batch, known_columns, open_dimensions })
    }

    /// The number of columns, when the shape or the named features say it.
    pub(super) fn columns(&self) -> Result<Option<usize>, FeatureError> {
        let named = self.spec.features.len();
        if self.open_dimensions == 0 {
            // One name for several columns is a feature that holds them as a list.
            if named <= 1 || named == self.known_columns {
                return Ok(Some(self.known_columns));
            }
        } else if named <= 1 {
            return Ok(None);
        } else if self.open_dimensions == 1 && named.is_multiple_of(self.known_columns) {
            return Ok(Some(named));
        }
        Err(FeatureError::Signature {
            field: format!("inputs[{:?}].features", self.spec.name),
            reason: format!("{named} names do not fill shape {:?}; name each column once", self.spec.shape),
        })
    }

    /// Fixes the one open dimension, if there is one, by the number of elements.
    pub(super) fn filled_by(&self, count: usize) -> Option<Vec<i64>> {
        let mut dimensions = self.dimensions.clone();
        match self.open_dimensions {
            0 => (count == self.known_columns).then_some(dimensions),
            1 if count > 0 && count.is_multiple_of(self.known_columns) => {
                let length = i64::try_from(count / self.known_columns).ok()?;
                dimensions.iter_mut().filter(|dimension| **dimension == -1).for_each(|open| *open = length);
                Some(dimensions)
            }
            _ => None,
        }
    }

    /// Fixes all open dimensions by the lengths of a nested list, with or without the row around it.
    pub(super) fn filled_by_nested(&self, lengths: &[usize]) -> Option<Vec<i64>> {
        let lengths: Vec<i64> =
            lengths.iter().map(|&length| i64::try_from(length).ok()).collect::<Option<_>>()?;
        let fits = |dimensions: &[i64]| {
            dimensions.len() == lengths.len()
                && dimensions
                    .iter()
                    .zip(&lengths)
                    .all(|(dimension, length)| *dimension == -1 || dimension == length)
        };
        if fits(&self.dimensions) {
            return Some(lengths);
        }
        let (row, columns) = self.dimensions.split_first()?;
        (self.has_batch && fits(columns))
            .then(|| std::iter::once(*row).chain(lengths.iter().copied()).collect())
    }
}

/// What an input takes, for error texts: `input "x" takes FP32 numbers`.
pub(super) struct Takes<'a> {
    pub(super) spec: &'a TensorSpec,
    pub(super) shape: &'a RowShape<'a>,
}

impl fmt::Display for Takes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use pointsman_model::Datatype::{Bool, Bytes};
        write!(formatter, "input {:?} takes ", self.spec.name)?;
        match self.spec.datatype {
            Bool => formatter.write_str("booleans"),
            Bytes => formatter.write_str("text"),
            other if other.is_float() => write!(formatter, "{} numbers", other.as_str()),
            other => write!(formatter, "{} whole numbers", other.as_str()),
        }?;
        if self.shape.known_columns > 1 || self.shape.open_dimensions > 0 {
            write!(formatter, " in shape {:?}", self.shape.dimensions)?;
        }
        Ok(())
    }
}

/// The prefixes whose `prefix_0`, `prefix_1`, … may fill an unnamed input's columns, in order of preference.
pub(super) fn numbered_prefixes(signature: &Signature, spec: &TensorSpec) -> Vec<String> {
    let mut prefixes = vec![format!("{}_", spec.name)];
    if signature.inputs.len() == 1 {
        prefixes.push("f".to_owned());
    }
    prefixes
}
