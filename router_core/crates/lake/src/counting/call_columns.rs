//! The columns of calls that are counted, and their words as small numbers.

use std::collections::HashMap;

use arrow_array::{
    Array, Int64Array, RecordBatch,
    cast::AsArray as _,
    types::{ArrowPrimitiveType, Int32Type, Int64Type},
};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};

/// What is read of a file; older ones lack `decided_variant`.
pub(crate) const COLUMNS: [&str; 12] = [
    "time_us",
    "row",
    "variant",
    "reason",
    "randomised_by",
    "status_code",
    "overhead_ns",
    "backend_ns",
    "router_generation",
    "allocation_version",
    "entity_hash",
    DECIDED,
];
const DECIDED: &str = "decided_variant";
const WORDS: [&str; 4] = ["variant", "reason", "randomised_by", DECIDED];

/// The schema of a file with its words as dictionaries: each is looked at once, not once a row.
pub(crate) fn with_dictionaries(schema: &Schema) -> Schema {
    let of_words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let field = |field: &FieldRef| -> Field {
        let field = field.as_ref().clone();
        if WORDS.contains(&field.name().as_str()) { field.with_data_type(of_words.clone()) } else { field }
    };
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

/// Words by their numbers.
#[derive(Default)]
pub(crate) struct Words {
    words: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Words {
    pub(crate) fn number(&mut self, word: &str) -> u32 {
        if let Some(&known) = self.numbers.get(word) {
            return known;
        }
        let number = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.words.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn word(&self, number: u32) -> &str {
        self.words.get(number as usize).map_or("", String::as_str)
    }
}

/// The columns of some rows. All have the same length.
pub(crate) struct CallColumns<'b> {
    pub(crate) time_us: &'b [i64],
    pub(crate) row: &'b [i32],
    pub(crate) status_code: &'b [i32],
    pub(crate) overhead_ns: &'b [i64],
    pub(crate) backend_ns: &'b Int64Array,
    pub(crate) router_generation: &'b [i64],
    pub(crate) allocation_version: &'b [i64],
    pub(crate) entity_hash: &'b Int64Array,
    /// Numbers of words.
    pub(crate) variant: Vec<u32>,
    pub(crate) reason: Vec<u32>,
    pub(crate) randomised_by: Vec<u32>,
    /// The variant that was decided where another one stood in for it; none where files do not say.
    pub(crate) decided: Option<Vec<u32>>,
}

impl<'b> CallColumns<'b> {
    pub(crate) fn of(batch: &'b RecordBatch, words: &mut Words) -> Result<Self, ArrowError> {
        Ok(Self {
            time_us: numbers::<Int64Type>(batch, "time_us")?,
            row: numbers::<Int32Type>(batch, "row")?,
            status_code: numbers::<Int32Type>(batch, "status_code")?,
            overhead_ns: numbers::<Int64Type>(batch, "overhead_ns")?,
            backend_ns: column(batch, "backend_ns")?.as_primitive_opt().ok_or_else(|| other("backend_ns"))?,
            router_generation: numbers::<Int64Type>(batch, "router_generation")?,
            allocation_version: numbers::<Int64Type>(batch, "allocation_version")?,
            entity_hash: column(batch, "entity_hash")?
                .as_primitive_opt()
                .ok_or_else(|| other("entity_hash"))?,
            variant: word_numbers(batch, "variant", words)?,
            reason: word_numbers(batch, "reason", words)?,
            randomised_by: word_numbers(batch, "randomised_by", words)?,
            decided: batch
                .column_by_name(DECIDED)
                .map(|found| match found.null_count() == found.len() {
                    true => Ok(vec![words.number(""); found.len()]),
                    false => word_numbers(batch, DECIDED, words),
                })
                .transpose()?,
        })
    }
}

pub(crate) fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b dyn Array, ArrowError> {
    let found = batch.column_by_name(name).ok_or_else(|| other(name))?;
    Ok(&**found)
}

pub(crate) fn numbers<'b, T: ArrowPrimitiveType>(
    batch: &'b RecordBatch,
    name: &str,
) -> Result<&'b [T::Native], ArrowError> {
    let found = column(batch, name)?.as_primitive_opt::<T>().ok_or_else(|| other(name))?;
    Ok(found.values())
}

/// The number of each row's word.
pub(crate) fn word_numbers(
    batch: &RecordBatch,
    name: &str,
    words: &mut Words,
) -> Result<Vec<u32>, ArrowError> {
    let found = column(batch, name)?;
    if let Some(plain) = found.as_string_opt::<i32>() {
        return Ok(plain.iter().map(|word| words.number(word.unwrap_or(""))).collect());
    }
    let dictionary = found.as_dictionary_opt::<Int32Type>().ok_or_else(|| other(name))?;
    let values = dictionary.values().as_string_opt::<i32>().ok_or_else(|| other(name))?;
    let known: Vec<u32> = values.iter().map(|word| words.number(word.unwrap_or(""))).collect();
    // Arrow has checked the keys.
    let number = |key: i32| known.get(key as usize).copied().unwrap_or(u32::MAX);
    let none = words.number("");
    Ok(dictionary.keys().iter().map(|key| key.map_or(none, number)).collect())
}

pub(crate) fn other(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("the column {name} is missing or not of the lake's type"))
}
