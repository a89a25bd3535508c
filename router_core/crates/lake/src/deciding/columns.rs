//! The columns of records that decisions are made again from.

use arrow_array::{
    Array as _, BooleanArray, Int32Array, ListArray, RecordBatch, StringArray, UInt64Array,
    cast::AsArray as _,
    types::{Float64Type, Int32Type, Int64Type},
};
use arrow_schema::ArrowError;

use super::{
    bandit_table::Eligible,
    judge::Recorded,
    row_features::{FeatureColumns, RowFeatures},
};
use crate::counting::call_columns::{column, numbers, other};

/// What is read of a file; older ones lack `decided_variant`.
pub(super) const COLUMNS: [&str; 17] = [
    "prediction_id",
    "row",
    "time_us",
    "variant",
    "model_id",
    "model_version",
    "reason",
    "randomised_by",
    "propensity",
    "router_generation",
    "allocation_version",
    "epoch",
    "draw",
    "slot",
    "entity_id",
    "replayable",
    "decided_variant",
];

/// What is read besides where a bandit decided: the table that it had in force.
pub(super) const TABLE_COLUMNS: [&str; 2] = ["eligible_variants", "eligible_propensities"];

/// What is read besides where rules decided; older files lack both.
pub(super) const RULE_COLUMNS: [&str; 2] = ["rule", "rule_inputs"];

/// The columns of some rows. All have the same length.
pub(super) struct DecisionView<'b> {
    pub(super) row: &'b [i32],
    pub(super) time_us: &'b [i64],
    pub(super) router_generation: &'b [i64],
    pub(super) prediction_id: &'b StringArray,
    variant: &'b StringArray,
    model_id: &'b StringArray,
    model_version: &'b StringArray,
    reason: &'b StringArray,
    randomised_by: &'b StringArray,
    propensity: &'b [f64],
    allocation_version: &'b [i64],
    epoch: &'b [i64],
    draw: &'b UInt64Array,
    slot: &'b Int32Array,
    entity_id: &'b StringArray,
    replayable: &'b BooleanArray,
    decided_variant: Option<&'b StringArray>,
    eligible: Option<(&'b ListArray, &'b ListArray)>,
    rule: Option<&'b StringArray>,
    rule_inputs: Option<&'b StringArray>,
    features: FeatureColumns<'b>,
}

impl<'b> DecisionView<'b> {
    pub(super) fn of(batch: &'b RecordBatch) -> Result<Self, ArrowError> {
        let decided_variant = newer_texts(batch, "decided_variant")?;
        let [rule, rule_inputs] = RULE_COLUMNS;
        let [variants, propensities] = TABLE_COLUMNS;
        let eligible = match batch.column_by_name(variants) {
            Some(_) => Some((lists(batch, variants)?, lists(batch, propensities)?)),
            None => None,
        };
        Ok(Self {
            row: numbers::<Int32Type>(batch, "row")?,
            time_us: numbers::<Int64Type>(batch, "time_us")?,
            router_generation: numbers::<Int64Type>(batch, "router_generation")?,
            prediction_id: texts(batch, "prediction_id")?,
            variant: texts(batch, "variant")?,
            model_id: texts(batch, "model_id")?,
            model_version: texts(batch, "model_version")?,
            reason: texts(batch, "reason")?,
            randomised_by: texts(batch, "randomised_by")?,
            propensity: numbers::<Float64Type>(batch, "propensity")?,
            allocation_version: numbers::<Int64Type>(batch, "allocation_version")?,
            epoch: numbers::<Int64Type>(batch, "epoch")?,
            draw: column(batch, "draw")?.as_primitive_opt().ok_or_else(|| other("draw"))?,
            slot: column(batch, "slot")?.as_primitive_opt().ok_or_else(|| other("slot"))?,
            entity_id: texts(batch, "entity_id")?,
            replayable: column(batch, "replayable")?.as_boolean_opt().ok_or_else(|| other("replayable"))?,
            decided_variant,
            eligible,
            rule: newer_texts(batch, rule)?,
            rule_inputs: newer_texts(batch, rule_inputs)?,
            features: FeatureColumns::of(batch),
        })
    }

    /// What a row's record says.
    pub(super) fn recorded(&self, at: usize) -> Recorded<'_> {
        let stated = |texts: &'b StringArray| if texts.is_valid(at) { texts.value(at) } else { "" };
        Recorded {
            time_us: self.time_us[at],
            variant: self.variant.value(at),
            model_id: self.model_id.value(at),
            model_version: self.model_version.value(at),
            decided_variant: self.decided_variant.map_or("", stated),
            reason: self.reason.value(at),
            randomised_by: self.randomised_by.value(at),
            propensity: self.propensity[at],
            draw: self.draw.is_valid(at).then(|| self.draw.value(at)),
            slot: self.slot.is_valid(at).then(|| self.slot.value(at)),
            entity_id: stated(self.entity_id),
            allocation_version: self.allocation_version[at],
            epoch: self.epoch[at],
            replayable: self.replayable.value(at),
            eligible: self.eligible.map_or(Eligible::Unread, |(variants, propensities)| Eligible::Row {
                variants,
                propensities,
                at,
            }),
            rule: self.rule.map_or("", stated),
            rule_inputs: self.rule_inputs.map_or("", stated),
            row: RowFeatures::of(&self.features, at),
        }
    }
}

fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b StringArray, ArrowError> {
    column(batch, name)?.as_string_opt::<i32>().ok_or_else(|| other(name))
}

/// A column that older files lack.
fn newer_texts<'b>(batch: &'b RecordBatch, name: &str) -> Result<Option<&'b StringArray>, ArrowError> {
    batch.column_by_name(name).map(|_| texts(batch, name)).transpose()
}

fn lists<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b ListArray, ArrowError> {
    column(batch, name)?.as_list_opt::<i32>().ok_or_else(|| other(name))
}
