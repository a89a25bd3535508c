//! Decisions for the rows of an Arrow stream, by the code that decides calls, without a server.

use std::{io::Cursor, sync::Arc};

use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    UInt8Array, UInt16Array, UInt64Array,
    cast::AsArray as _,
    types::{UInt8Type, UInt16Type, UInt64Type},
};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use pointsman_model::{Policy, Router, rules::RuleIndex};
use pointsman_policy::{Decision, RandomisedBy, Request, decide, replay};
use rand::Rng;
use thiserror::Error;

use super::attribute_columns::AttributeColumns;
use crate::{error::LakeError, reading::stream::write_stream};

const ENTITY_ID: &str = "entity_id";
const DRAW: &str = "draw";

/// Why rows cannot be decided.
#[derive(Debug, Error)]
pub enum OfflineError {
    /// The bytes are no stream of rows.
    #[error("batch: is no Arrow IPC stream ({0}); write the rows with pyarrow.ipc.new_stream")]
    Stream(#[from] ArrowError),
    /// A column is of a type that is not taken.
    #[error("{column}: is a column of type {found}; {wanted}")]
    Column {
        /// The column.
        column: &'static str,
        /// Its type.
        found: DataType,
        /// What would be right.
        wanted: &'static str,
    },
    /// A column is missing.
    #[error("{column}: there is no such column; {wanted}")]
    Missing {
        /// The column.
        column: &'static str,
        /// What would be right.
        wanted: &'static str,
    },
    /// A row lacks a value.
    #[error("{column}[{row}]: is null; {wanted}")]
    Null {
        /// The column.
        column: &'static str,
        /// The row, from 0.
        row: usize,
        /// What would be right.
        wanted: &'static str,
    },
    /// The router decides by rules, and nothing that they read was brought.
    #[error(
        "features: the router decides by rules, and there is no column of features (f_NAME) or metadata \
         (metadata.KEY); bring what its rules read"
    )]
    NoFeatures,
    /// A column that rules read is of a type that no value of a call has.
    #[error(
        "{column}: is a column of type {found}, which no feature is; give numbers, truth values or text, and null \
         for what is missing"
    )]
    Feature {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// A column of metadata is no text.
    #[error("{column}: is a column of type {found}; metadata of calls is text")]
    Metadata {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// A column that rules read is there twice.
    #[error("{column}: there are two columns of that name; leave one")]
    Twice {
        /// The column.
        column: String,
    },
    /// The router is a bandit.
    #[error(
        "router_id: {router} decides by what it learnt, which is not known here; ask ExplainPrediction or \
         ReplayPredictions, which read its shares from records"
    )]
    Bandit {
        /// The router.
        router: String,
    },
    /// The decisions cannot be written.
    #[error("decisions cannot be written: {0}")]
    Write(#[from] LakeError),
}

/// Decides once for each row of an Arrow IPC stream; answers a stream with as many rows.
///
/// Of the columns `entity_id` is read, where it is there; a row without one is decided without an entity. Rules read
/// features in `f_<name>` and metadata in `metadata.<key>`: null and NaN are missing, as is what no column holds.
///
/// # Errors
/// The bytes are no such stream, or a column is of another type.
pub fn decide_rows(router: &Router, rng: &mut impl Rng, stream: &[u8]) -> Result<Vec<u8>, OfflineError> {
    check_needs_nothing_else(router)?;
    let mut decided = Decided::default();
    for batch in StreamReader::try_new(Cursor::new(stream), None)? {
        let batch = batch?;
        let entities = Entities::of(&batch)?;
        let attributes = AttributeColumns::of(&router.policy, &batch)?;
        for row in 0..batch.num_rows() {
            let request = Request { entity_id: entities.at(row), attributes: &attributes.row(row) };
            decided.push(router, decide(router, &request, rng));
        }
    }
    decided.write(router)
}

/// Has each row of an Arrow IPC stream decided by somebody who knows what the router's definition does not say; what
/// rules read is not brought.
///
/// # Arguments
/// * `allocation_version` - The number of the table that is drawn from; 0 where the definition is all there is.
///
/// # Errors
/// The bytes are no such stream, or the column is no text.
pub fn decide_rows_by(
    router: &Router,
    allocation_version: u64,
    stream: &[u8],
    mut decide: impl FnMut(&Request<'_>) -> Decision,
) -> Result<Vec<u8>, OfflineError> {
    let mut decided = Decided { allocation_version, ..Decided::default() };
    for batch in StreamReader::try_new(Cursor::new(stream), None)? {
        let batch = batch?;
        let entities = Entities::of(&batch)?;
        for row in 0..batch.num_rows() {
            decided.push(router, decide(&Request::of(entities.at(row))));
        }
    }
    decided.write(router)
}

/// Decides each row of an Arrow IPC stream again, with the bits in its column `draw` and, of rules, the columns that
/// [`decide_rows`] reads.
///
/// # Errors
/// The bytes are no such stream, there is no column `draw`, a row without entity lacks it, or a column is of another
/// type.
pub fn replay_rows(router: &Router, stream: &[u8]) -> Result<Vec<u8>, OfflineError> {
    const WANTED: &str = "give the 64 bits that were drawn, as uint64";
    check_needs_nothing_else(router)?;
    let mut decided = Decided::default();
    for batch in StreamReader::try_new(Cursor::new(stream), None)? {
        let batch = batch?;
        let entities = Entities::of(&batch)?;
        let draws =
            batch.column_by_name(DRAW).ok_or(OfflineError::Missing { column: DRAW, wanted: WANTED })?;
        let draws = draws.as_primitive_opt::<UInt64Type>().ok_or_else(|| OfflineError::Column {
            column: DRAW,
            found: draws.data_type().clone(),
            wanted: WANTED,
        })?;
        let attributes = AttributeColumns::of(&router.policy, &batch)?;
        for row in 0..batch.num_rows() {
            let drawn = draws.is_valid(row).then(|| draws.value(row));
            let request = Request { entity_id: entities.at(row), attributes: &attributes.row(row) };
            let made = replay(router, &request, drawn.unwrap_or(0));
            // What an entity draws is computed; bits that are not known must not pass for zeros.
            if drawn.is_none() && made.randomised_by == RandomisedBy::Request {
                return Err(OfflineError::Null { column: DRAW, row: decided.variants.len(), wanted: WANTED });
            }
            decided.push(router, made);
        }
    }
    decided.write(router)
}

/// It is not known here what a bandit learnt.
fn check_needs_nothing_else(router: &Router) -> Result<(), OfflineError> {
    match router.policy {
        Policy::Bandit(_) => Err(OfflineError::Bandit { router: router.id.to_string() }),
        Policy::Weighted(_) | Policy::Canary(_) | Policy::Rules(_) => Ok(()),
    }
}

/// The entities of some rows.
enum Entities<'b> {
    Nobody,
    Text(&'b StringArray),
    LargeText(&'b arrow_array::LargeStringArray),
    View(&'b arrow_array::StringViewArray),
}

impl<'b> Entities<'b> {
    fn of(batch: &'b RecordBatch) -> Result<Self, OfflineError> {
        let Some(column) = batch.column_by_name(ENTITY_ID) else { return Ok(Self::Nobody) };
        match column.data_type() {
            DataType::Utf8 => Ok(Self::Text(column.as_string())),
            DataType::LargeUtf8 => Ok(Self::LargeText(column.as_string())),
            DataType::Utf8View => Ok(Self::View(column.as_string_view())),
            DataType::Null => Ok(Self::Nobody),
            other => Err(OfflineError::Column {
                column: ENTITY_ID,
                found: other.clone(),
                wanted: "give entities as text, and null for calls without one",
            }),
        }
    }

    /// A row's entity; an empty one is none, as in calls.
    fn at(&self, row: usize) -> Option<&'b str> {
        let found = match self {
            Self::Nobody => None,
            Self::Text(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::LargeText(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::View(texts) => texts.is_valid(row).then(|| texts.value(row)),
        };
        found.filter(|entity_id| !entity_id.is_empty())
    }
}

/// Decisions by column.
#[derive(Default)]
struct Decided {
    variants: Vec<u8>,
    propensities: Vec<f64>,
    reasons: Words,
    randomised_by: Words,
    draws: Vec<Option<u64>>,
    slots: Vec<Option<i32>>,
    /// Of the table that all are drawn from which no slot decides.
    allocation_version: u64,
    allocation_versions: Vec<i64>,
    epochs: Vec<i64>,
    rules: Vec<Option<RuleIndex>>,
}

impl Decided {
    fn push(&mut self, router: &Router, decision: Decision) {
        self.variants.push(decision.variant);
        self.propensities.push(decision.propensity);
        self.reasons.push(decision.reason.as_str());
        self.randomised_by.push(decision.randomised_by.as_str());
        let is_drawn = decision.randomised_by != RandomisedBy::Nothing;
        self.draws.push(is_drawn.then_some(decision.draw));
        self.slots.push(decision.slot().map(i32::from));
        let version = decision.allocation_version(self.allocation_version);
        self.allocation_versions.push(version.cast_signed());
        self.epochs.push(decision.epoch(&router.policy).cast_signed());
        self.rules.push(decision.rule);
    }

    fn write(self, router: &Router) -> Result<Vec<u8>, OfflineError> {
        let names =
            StringArray::from_iter_values(router.variants.iter().map(|variant| variant.name.as_str()));
        let columns: Vec<(&str, bool, ArrayRef)> = vec![
            ("variant", false, dictionary(self.variants, names)?),
            ("propensity", false, shared(Float64Array::from(self.propensities))),
            ("reason", false, self.reasons.column()?),
            ("randomised_by", false, self.randomised_by.column()?),
            (DRAW, true, shared(UInt64Array::from(self.draws))),
            ("slot", true, shared(Int32Array::from(self.slots))),
            ("allocation_version", false, shared(Int64Array::from(self.allocation_versions))),
            ("epoch", false, shared(Int64Array::from(self.epochs))),
            ("rule", true, rule_names(router, self.rules)?),
        ];
        let field = |(name, nullable, array): &(&str, bool, ArrayRef)| {
            Field::new(*name, array.data_type().clone(), *nullable)
        };
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(LakeError::from)?;
        Ok(write_stream(&schema, &[batch])?)
    }
}

/// A column of few words.
#[derive(Default)]
struct Words {
    numbers: Vec<u8>,
    words: Vec<&'static str>,
}

impl Words {
    fn push(&mut self, word: &'static str) {
        let at = self.words.iter().position(|known| *known == word).unwrap_or_else(|| {
            self.words.push(word);
            self.words.len() - 1
        });
        // There are a dozen words.
        self.numbers.push(at as u8);
    }

    fn column(self) -> Result<ArrayRef, OfflineError> {
        dictionary(self.numbers, StringArray::from(self.words))
    }
}

/// The names of rules by their places.
fn rule_names(router: &Router, rules: Vec<Option<RuleIndex>>) -> Result<ArrayRef, OfflineError> {
    let places: Vec<Option<u16>> = rules.into_iter().map(|rule| rule.map(RuleIndex::get)).collect();
    let count = places.iter().flatten().max().map_or(0, |most| most + 1);
    let names = (0..count).map(|place| router.policy.rule_name(RuleIndex::new(place)).unwrap_or_default());
    let names = Arc::new(StringArray::from_iter_values(names));
    let named = DictionaryArray::<UInt16Type>::try_new(UInt16Array::from(places), names);
    Ok(shared(named.map_err(LakeError::from)?))
}

fn shared(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

fn dictionary(numbers: Vec<u8>, words: StringArray) -> Result<ArrayRef, OfflineError> {
    let of_words = DictionaryArray::<UInt8Type>::try_new(UInt8Array::from(numbers), Arc::new(words));
    Ok(Arc::new(of_words.map_err(LakeError::from)?))
}
