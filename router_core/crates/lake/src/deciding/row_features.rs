//! The numbers among the features of recorded rows: what records of decisions by rules refer to.

use std::collections::HashMap;

use arrow_array::{
    Array, Float64Array, Int64Array, MapArray, RecordBatch, StringArray, UInt64Array, cast::AsArray as _,
};

use crate::schema::{FEATURE_PREFIX, FEATURES_OTHER};

/// The columns of a batch that hold features, as far as it was read with them.
pub(super) struct FeatureColumns<'b> {
    named: HashMap<&'b str, Numbers<'b>>,
    /// Those that have no column of their own, as JSON by name.
    other: Option<&'b MapArray>,
}

enum Numbers<'b> {
    Double(&'b Float64Array),
    Whole(&'b Int64Array),
    Unsigned(&'b UInt64Array),
}

impl<'b> FeatureColumns<'b> {
    pub(super) fn of(batch: &'b RecordBatch) -> Self {
        let schema = batch.schema_ref();
        let columns = schema.fields().iter().zip(batch.columns());
        let named = columns.filter_map(|(field, column)| {
            let name = field.name().strip_prefix(FEATURE_PREFIX)?;
            Some((name, Numbers::of(column.as_ref())?))
        });
        Self {
            named: named.collect(),
            other: batch.column_by_name(FEATURES_OTHER).and_then(|column| column.as_map_opt()),
        }
    }

    fn number(&self, name: &str, row: usize) -> Option<f64> {
        self.named.get(name).and_then(|numbers| numbers.at(row)).or_else(|| self.other_number(name, row))
    }

    fn other_number(&self, name: &str, row: usize) -> Option<f64> {
        let other = self.other.filter(|other| other.is_valid(row))?.value(row);
        let [names, texts] = other.columns() else { return None };
        let (names, texts): (&StringArray, &StringArray) =
            (names.as_string_opt::<i32>()?, texts.as_string_opt::<i32>()?);
        let place = (0..names.len()).find(|&place| names.value(place) == name)?;
        texts.is_valid(place).then(|| texts.value(place).parse().ok())?
    }
}

impl<'b> Numbers<'b> {
    fn of(column: &'b dyn Array) -> Option<Self> {
        if let Some(doubles) = column.as_primitive_opt() {
            return Some(Self::Double(doubles));
        }
        let whole = column.as_primitive_opt().map(Self::Whole);
        whole.or_else(|| column.as_primitive_opt().map(Self::Unsigned))
    }

    fn at(&self, row: usize) -> Option<f64> {
        match self {
            Self::Double(numbers) => numbers.is_valid(row).then(|| numbers.value(row)),
            Self::Whole(numbers) => numbers.is_valid(row).then(|| numbers.value(row) as f64),
            Self::Unsigned(numbers) => numbers.is_valid(row).then(|| numbers.value(row) as f64),
        }
    }
}

/// The features of one row.
#[derive(Clone, Copy)]
pub(super) struct RowFeatures<'a>(Option<(&'a FeatureColumns<'a>, usize)>);

impl<'a> RowFeatures<'a> {
    /// None are at hand: whoever asks has put into words what the record refers to.
    pub(super) const NONE: Self = Self(None);

    pub(super) fn of(columns: &'a FeatureColumns<'_>, row: usize) -> Self {
        Self(Some((columns, row)))
    }

    /// A feature's number; none where it has none.
    pub(super) fn number(self, name: &str) -> Option<f64> {
        let (columns, row) = self.0?;
        columns.number(name, row)
    }
}

impl std::fmt::Debug for RowFeatures<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("RowFeatures").field(&self.0.map(|(_, row)| row)).finish()
    }
}
