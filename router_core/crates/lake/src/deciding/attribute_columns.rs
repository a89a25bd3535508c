//! What rules read of the rows of a batch: its columns of features and of metadata.

use arrow_array::{
    Array, BooleanArray, Float16Array, Float32Array, Float64Array, LargeStringArray, RecordBatch,
    StringArray, StringViewArray, cast::AsArray as _, types::*,
};
use arrow_schema::DataType;
use pointsman_inference::features::{round_to_f16, round_to_f32};
use pointsman_model::{
    Policy,
    rules::{Number, Source},
};
use pointsman_policy::{Attributes, Value};

use super::offline::OfflineError;
use crate::schema::FEATURE_PREFIX;

/// What stands before a key of metadata, as in rules.
const METADATA_PREFIX: &str = "metadata.";

/// The columns that a router's rules read, in the order of their sources; those that are not there are missing in each
/// row. Columns that no rule reads are not looked at.
pub(super) struct AttributeColumns<'b>(Vec<(&'b Source, Option<Column<'b>>)>);

impl<'b> AttributeColumns<'b> {
    /// Finds the columns of a batch.
    ///
    /// # Errors
    /// A column is of a type that no value of a call has, or is there twice; or rules read something, and there are no
    /// columns of features and metadata at all: then they would take all for missing, which is hardly what is meant.
    pub(super) fn of(policy: &'b Policy, batch: &'b RecordBatch) -> Result<Self, OfflineError> {
        let Policy::Rules(rules) = policy else { return Ok(Self(Vec::new())) };
        let schema = batch.schema_ref();
        let is_attribute = |name: &str| name.starts_with(FEATURE_PREFIX) || name.starts_with(METADATA_PREFIX);
        if !rules.sources.is_empty() && !schema.fields().iter().any(|field| is_attribute(field.name())) {
            return Err(OfflineError::NoFeatures);
        }
        let find = |source: &'b Source| {
            let name = match source {
                Source::Feature(name) => format!("{FEATURE_PREFIX}{name}"),
                Source::Metadata(key) => format!("{METADATA_PREFIX}{key}"),
            };
            let mut found =
                schema.fields().iter().zip(batch.columns()).filter(|(field, _)| *field.name() == name);
            let Some((_, column)) = found.next() else { return Ok((source, None)) };
            if found.next().is_some() {
                return Err(OfflineError::Twice { column: name });
            }
            let read = Column::of(column.as_ref());
            let read = read.ok_or_else(|| OfflineError::Feature {
                column: name.clone(),
                found: column.data_type().clone(),
            })?;
            if matches!(source, Source::Metadata(_)) && !read.is_text() {
                return Err(OfflineError::Metadata { column: name, found: column.data_type().clone() });
            }
            Ok((source, Some(read)))
        };
        Ok(Self(rules.sources.iter().map(find).collect::<Result<_, _>>()?))
    }

    /// What a row brings.
    pub(super) fn row(&self, row: usize) -> RowAttributes<'_, 'b> {
        RowAttributes { columns: self, row }
    }
}

/// One row as rules read it.
pub(super) struct RowAttributes<'c, 'b> {
    columns: &'c AttributeColumns<'b>,
    row: usize,
}

impl Attributes for RowAttributes<'_, '_> {
    fn feature(&self, source: u16, _name: &str) -> Option<Value<'_>> {
        let (_, column) = self.columns.0.get(usize::from(source))?;
        column.as_ref()?.value(self.row)
    }

    fn metadata(&self, key: &str) -> Option<Value<'_>> {
        let is_asked = |source: &Source| matches!(source, Source::Metadata(known) if **known == *key);
        let (_, column) = self.columns.0.iter().find(|(source, _)| is_asked(source))?;
        column.as_ref()?.value(self.row)
    }
}

/// A column whose values are of a kind that calls bring.
enum Column<'b> {
    /// Of nulls alone.
    Null,
    Bool(&'b BooleanArray),
    /// Whole numbers, with their reader.
    Whole(&'b dyn Array, fn(&dyn Array, usize) -> i128),
    Half(&'b Float16Array),
    Single(&'b Float32Array),
    Double(&'b Float64Array),
    Text(&'b StringArray),
    LargeText(&'b LargeStringArray),
    TextView(&'b StringViewArray),
    /// Values by number; null rows are told by the first array.
    Dictionary(&'b dyn Array, Vec<usize>, Box<Self>),
}

impl<'b> Column<'b> {
    /// Reads a column; none of a type that no value of a call has.
    fn of(array: &'b dyn Array) -> Option<Self> {
        macro_rules! whole {
            ($kind:ty) => {
                Self::Whole(array, |array, row| {
                    array.as_primitive_opt::<$kind>().map_or(0, |numbers| numbers.value(row).into())
                })
            };
        }
        Some(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Int8 => whole!(Int8Type),
            DataType::Int16 => whole!(Int16Type),
            DataType::Int32 => whole!(Int32Type),
            DataType::Int64 => whole!(Int64Type),
            DataType::UInt8 => whole!(UInt8Type),
            DataType::UInt16 => whole!(UInt16Type),
            DataType::UInt32 => whole!(UInt32Type),
            DataType::UInt64 => whole!(UInt64Type),
            DataType::Float16 => Self::Half(array.as_primitive()),
            DataType::Float32 => Self::Single(array.as_primitive()),
            DataType::Float64 => Self::Double(array.as_primitive()),
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string()),
            DataType::Utf8View => Self::TextView(array.as_string_view()),
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary_opt()?;
                let values = Self::of(dictionary.values().as_ref())?;
                if dictionary.values().is_empty() {
                    return Some(Self::Null);
                }
                Self::Dictionary(array, dictionary.normalized_keys(), Box::new(values))
            }
            _ => return None,
        })
    }

    fn is_text(&self) -> bool {
        match self {
            Self::Null | Self::Text(_) | Self::LargeText(_) | Self::TextView(_) => true,
            Self::Dictionary(_, _, values) => values.is_text(),
            _ => false,
        }
    }

    /// The value of a row; none where it is null or NaN, which count as missing in calls, too.
    fn value(&self, row: usize) -> Option<Value<'b>> {
        let is_there = |array: &dyn Array| array.is_valid(row);
        match self {
            Self::Null => None,
            Self::Bool(bools) => is_there(bools).then(|| Value::Bool(bools.value(row))),
            Self::Whole(array, read) => {
                is_there(*array).then(|| Value::Number(Number::Whole(read(*array, row))))
            }
            Self::Half(numbers) => {
                let number = is_there(numbers).then(|| numbers.value(row).to_f64());
                number.filter(|number| !number.is_nan()).map(|number| Value::Rounded(number, round_to_f16))
            }
            Self::Single(numbers) => {
                let number = is_there(numbers).then(|| f64::from(numbers.value(row)));
                number.filter(|number| !number.is_nan()).map(|number| Value::Rounded(number, round_to_f32))
            }
            Self::Double(numbers) => {
                let number = is_there(numbers).then(|| numbers.value(row));
                number.filter(|number| !number.is_nan()).map(|number| Value::Number(Number::Float(number)))
            }
            Self::Text(texts) => is_there(texts).then(|| Value::Text(texts.value(row))),
            Self::LargeText(texts) => is_there(texts).then(|| Value::Text(texts.value(row))),
            Self::TextView(texts) => is_there(texts).then(|| Value::Text(texts.value(row))),
            Self::Dictionary(keys, numbers, values) => {
                is_there(*keys).then(|| numbers.get(row).and_then(|number| values.value(*number)))?
            }
        }
    }
}
