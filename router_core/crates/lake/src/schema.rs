//! The lake's columns, format version 1: their names, types and order.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};

use crate::columns::registry::Kind;

/// The format that this version writes.
pub(crate) const LAKE_VERSION: &str = "1";
/// The key of the format's version in a file's metadata.
pub(crate) const VERSION_KEY: &str = "pointsman.lake_version";
/// What stands before a feature's name.
pub(crate) const FEATURE_PREFIX: &str = "f_";
/// The column of surplus features.
pub(crate) const FEATURES_OTHER: &str = "features_other";

/// The columns about the decision, and how much of the bodies is there.
pub(crate) fn decision_fields() -> Vec<Field> {
    use DataType::{Boolean, Float64, Int32, Int64, UInt64, Utf8};
    let required = |name: &str, datatype: DataType| Field::new(name, datatype, false);
    let optional = |name: &str, datatype: DataType| Field::new(name, datatype, true);
    vec![
        required("prediction_id", Utf8),
        required("row", Int32),
        required("row_count", Int32),
        required("time_us", Int64),
        required("router_id", Utf8),
        required("variant", Utf8),
        required("model_id", Utf8),
        required("model_version", Utf8),
        required("reason", Utf8),
        required("randomised_by", Utf8),
        required("propensity", Float64),
        required("generation", Int64),
        required("router_generation", Int64),
        optional("router_incarnation", Int64),
        required("allocation_version", Int64),
        required("epoch", Int64),
        optional("draw", UInt64),
        optional("slot", Int32),
        required("eligible_variants", list_of(Utf8)),
        required("eligible_propensities", list_of(Float64)),
        optional("entity_id", Utf8),
        optional("entity_hash", Int64),
        optional("experiment_id", Utf8),
        required("request_id", Utf8),
        optional("trace_id", Utf8),
        required("status_code", Int32),
        required("overhead_ns", Int64),
        optional("backend_ns", Int64),
        required("replayable", Boolean),
        required("features_content", Utf8),
        required("answer_content", Utf8),
        optional("decided_variant", Utf8),
        optional("rule", Utf8),
        optional("rule_inputs", Utf8),
    ]
}

/// The columns about the model's answer.
pub(crate) fn answer_fields() -> Vec<Field> {
    use DataType::{Float64, Utf8};
    vec![
        Field::new("prediction_label", Utf8, true),
        Field::new("prediction_number", Float64, true),
        Field::new("prediction_values", Utf8, true),
        Field::new("probabilities", list_of(Float64), true),
        Field::new("confidence", Float64, true),
        Field::new("outputs", Utf8, true),
        Field::new("answer_notes", list_of(Utf8), true),
    ]
}

/// The column of a feature.
pub(crate) fn feature_field(name: &str, kind: Kind) -> Field {
    let datatype = match kind {
        Kind::Double => DataType::Float64,
        Kind::Whole => DataType::Int64,
        Kind::Unsigned => DataType::UInt64,
        Kind::Bool => DataType::Boolean,
        Kind::Text => DataType::Utf8,
    };
    Field::new(format!("{FEATURE_PREFIX}{name}"), datatype, true)
}

/// The column of surplus features.
pub(crate) fn other_field() -> Field {
    let entries = Fields::from(vec![key_field(), value_field()]);
    let entry = Field::new("key_value", DataType::Struct(entries), false);
    Field::new(FEATURES_OTHER, DataType::Map(Arc::new(entry), false), true)
}

pub(crate) fn key_field() -> Field {
    Field::new("key", DataType::Utf8, false)
}

pub(crate) fn value_field() -> Field {
    Field::new("value", DataType::Utf8, true)
}

/// The field of a list's elements.
pub(crate) fn element(datatype: DataType) -> FieldRef {
    Arc::new(Field::new("element", datatype, true))
}

fn list_of(datatype: DataType) -> DataType {
    DataType::List(element(datatype))
}

/// The schema of rows with bodies and these feature columns.
pub(crate) fn full_schema(features: impl IntoIterator<Item = Field>) -> SchemaRef {
    let fixed = decision_fields().into_iter().chain(answer_fields());
    Arc::new(Schema::new(fixed.chain(features).chain([other_field()]).collect::<Vec<_>>()))
}

/// The schema of rows without bodies.
pub(crate) fn decision_schema() -> SchemaRef {
    Arc::new(Schema::new(decision_fields()))
}
