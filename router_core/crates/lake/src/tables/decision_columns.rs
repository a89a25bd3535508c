//! Builders of the columns about decisions.

use arrow_array::{
    ArrayRef,
    builder::{
        BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder, UInt64Builder,
    },
};
use arrow_schema::DataType;
use pointsman_wire::generated::pointsman_v1::RandomisedBy;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    calls::{
        content::Content,
        entry::EntryView,
        route::{Eligible, Route, Variant},
    },
    schema::element,
    tables::refill::Refill as _,
};

/// One row of a decision.
pub(crate) struct DecisionRow<'a> {
    pub(crate) entry: &'a EntryView<'a>,
    pub(crate) route: &'a Route,
    pub(crate) variant: &'a Variant,
    pub(crate) row: usize,
    pub(crate) row_count: usize,
    pub(crate) features: Content,
    pub(crate) answer: Content,
}

/// The columns, in the schema's order.
#[derive(Debug)]
pub(crate) struct DecisionColumns {
    prediction_id: StringBuilder,
    row: Int32Builder,
    row_count: Int32Builder,
    time_us: Int64Builder,
    router_id: StringBuilder,
    variant: StringBuilder,
    model_id: StringBuilder,
    model_version: StringBuilder,
    reason: StringBuilder,
    randomised_by: StringBuilder,
    propensity: Float64Builder,
    generation: Int64Builder,
    router_generation: Int64Builder,
    router_incarnation: Int64Builder,
    allocation_version: Int64Builder,
    epoch: Int64Builder,
    draw: UInt64Builder,
    slot: Int32Builder,
    eligible_variants: ListBuilder<StringBuilder>,
    eligible_propensities: ListBuilder<Float64Builder>,
    entity_id: StringBuilder,
    entity_hash: Int64Builder,
    experiment_id: StringBuilder,
    request_id: StringBuilder,
    trace_id: StringBuilder,
    status_code: Int32Builder,
    overhead_ns: Int64Builder,
    backend_ns: Int64Builder,
    replayable: BooleanBuilder,
    features_content: StringBuilder,
    answer_content: StringBuilder,
    decided_variant: StringBuilder,
    rule: StringBuilder,
    rule_inputs: StringBuilder,
}

impl Default for DecisionColumns {
    fn default() -> Self {
        let text = StringBuilder::new;
        Self {
            prediction_id: text(),
            row: Int32Builder::new(),
            row_count: Int32Builder::new(),
            time_us: Int64Builder::new(),
            router_id: text(),
            variant: text(),
            model_id: text(),
            model_version: text(),
            reason: text(),
            randomised_by: text(),
            propensity: Float64Builder::new(),
            generation: Int64Builder::new(),
            router_generation: Int64Builder::new(),
            router_incarnation: Int64Builder::new(),
            allocation_version: Int64Builder::new(),
            epoch: Int64Builder::new(),
            draw: UInt64Builder::new(),
            slot: Int32Builder::new(),
            eligible_variants: ListBuilder::new(text()).with_field(element(DataType::Utf8)),
            eligible_propensities: ListBuilder::new(Float64Builder::new())
                .with_field(element(DataType::Float64)),
            entity_id: text(),
            entity_hash: Int64Builder::new(),
            experiment_id: text(),
            request_id: text(),
            trace_id: text(),
            status_code: Int32Builder::new(),
            overhead_ns: Int64Builder::new(),
            backend_ns: Int64Builder::new(),
            replayable: BooleanBuilder::new(),
            features_content: text(),
            answer_content: text(),
            decided_variant: text(),
            rule: text(),
            rule_inputs: text(),
        }
    }
}

impl DecisionColumns {
    /// Adds a row.
    pub(crate) fn append(&mut self, row: &DecisionRow<'_>) {
        let (entry, route, variant) = (row.entry, row.route, row.variant);
        self.prediction_id.append_value(entry.prediction_id);
        self.row.append_value(i32_of(row.row));
        self.row_count.append_value(i32_of(row.row_count));
        self.time_us.append_value(entry.time_us);
        self.router_id.append_value(route.router_id.as_str());
        self.variant.append_value(&variant.name);
        self.model_id.append_value(variant.model_id.as_str());
        self.model_version.append_value(&variant.model_version);
        self.reason.append_value(entry.reason_word());
        self.randomised_by.append_value(entry.randomised_by_word());
        self.propensity.append_value(entry.propensity);
        self.generation.append_value(entry.generation as i64);
        self.router_generation.append_value(route.router_generation as i64);
        self.router_incarnation.append_option((route.incarnation != 0).then_some(route.incarnation as i64));
        self.allocation_version.append_value(entry.allocation_version as i64);
        self.epoch.append_value(entry.epoch as i64);
        self.draw.append_option(entry.draw);
        self.slot.append_option(entry.slot.map(|slot| slot as i32));
        let rule = entry.rule.and_then(|index| route.rules.get(index as usize));
        let eligible = rule.map_or(&route.eligible, |rule| &rule.eligible);
        self.append_eligible(entry.randomised_by(), eligible, variant);
        append_stated(&mut self.entity_id, entry.entity_id);
        self.entity_hash.append_option(entity_hash(entry.entity_id));
        append_stated(&mut self.experiment_id, entry.experiment_id);
        self.request_id.append_value(entry.request_id);
        append_stated(&mut self.trace_id, entry.trace_id);
        self.status_code.append_value(entry.status_code as i32);
        self.overhead_ns.append_value(entry.overhead_ns as i64);
        self.backend_ns.append_option(entry.backend_ns.map(|nanos| nanos as i64));
        self.replayable.append_value(entry.replayable);
        self.features_content.append_value(row.features.word());
        self.answer_content.append_value(row.answer.word());
        self.decided_variant.append_option(entry.decided_variant.and_then(|index| route.variant_name(index)));
        self.rule.append_option(rule.map(|rule| &rule.name));
        self.rule_inputs.append_option(entry.rule_inputs);
    }

    /// The variants that could have been picked: where nothing was drawn, the one that was given.
    fn append_eligible(&mut self, randomised_by: RandomisedBy, eligible: &[Eligible], picked: &Variant) {
        let by_entity = randomised_by == RandomisedBy::Entity;
        if by_entity || randomised_by == RandomisedBy::Request {
            for eligible in eligible {
                let propensity =
                    if by_entity { eligible.slot_propensity } else { eligible.request_propensity };
                self.eligible_variants.values().append_value(&eligible.name);
                self.eligible_propensities.values().append_value(propensity);
            }
        } else {
            self.eligible_variants.values().append_value(&picked.name);
            self.eligible_propensities.values().append_value(1.0);
        }
        self.eligible_variants.append(true);
        self.eligible_propensities.append(true);
    }

    /// Takes the rows out, by column.
    pub(crate) fn finish(&mut self) -> Vec<ArrayRef> {
        macro_rules! finished {
            ($($column:ident),* $(,)?) => { vec![$(self.$column.take()),*] };
        }
        finished![
            prediction_id,
            row,
            row_count,
            time_us,
            router_id,
            variant,
            model_id,
            model_version,
            reason,
            randomised_by,
            propensity,
            generation,
            router_generation,
            router_incarnation,
            allocation_version,
            epoch,
            draw,
            slot,
            eligible_variants,
            eligible_propensities,
            entity_id,
            entity_hash,
            experiment_id,
            request_id,
            trace_id,
            status_code,
            overhead_ns,
            backend_ns,
            replayable,
            features_content,
            answer_content,
            decided_variant,
            rule,
            rule_inputs,
        ]
    }
}

/// The hash by which rows of an entity are found.
pub(crate) fn entity_hash(entity_id: &str) -> Option<i64> {
    (!entity_id.is_empty()).then(|| xxh3_64(entity_id.as_bytes()) as i64)
}

fn append_stated(column: &mut StringBuilder, text: &str) {
    if text.is_empty() {
        column.append_null();
    } else {
        column.append_value(text);
    }
}

fn i32_of(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
