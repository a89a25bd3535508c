//! A `PredictionEntry` as it lies in its segment.

use pointsman_wire::generated::pointsman_v1::{BodyKind, DecisionReason, RandomisedBy};

use crate::calls::fields::{Fields, Unreadable};

/// The field of an entry's time.
const TIME_US: u32 = 4;

/// What an entry says; texts and bodies are borrowed from the segment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct EntryView<'a> {
    pub(crate) route: u32,
    pub(crate) variant: u32,
    pub(crate) prediction_id: &'a str,
    pub(crate) time_us: i64,
    pub(crate) generation: u64,
    pub(crate) allocation_version: u64,
    pub(crate) epoch: u64,
    pub(crate) propensity: f64,
    reason: i32,
    randomised_by: i32,
    pub(crate) draw: Option<u64>,
    pub(crate) slot: Option<u32>,
    pub(crate) entity_id: &'a str,
    pub(crate) replayable: bool,
    pub(crate) request_id: &'a str,
    pub(crate) trace_id: &'a str,
    pub(crate) status_code: u32,
    pub(crate) overhead_ns: u64,
    pub(crate) backend_ns: Option<u64>,
    request_kind: i32,
    pub(crate) request: &'a [u8],
    response_kind: i32,
    pub(crate) response: &'a [u8],
    pub(crate) experiment_id: &'a str,
    /// The variant for which another one stood in, by index.
    pub(crate) decided_variant: Option<u32>,
    /// The rule that took the call, by index.
    pub(crate) rule: Option<u32>,
    /// Whether it is a shadow's answer to a copy of the call.
    pub(crate) shadow: bool,
    /// What rules read of the call.
    pub(crate) rule_inputs: Option<&'a str>,
}

impl<'a> EntryView<'a> {
    /// Reads an encoded entry; fields of later versions are left out.
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, Unreadable> {
        let mut entry = Self::default();
        for field in Fields::of(payload) {
            let field = field?;
            let value = field.value;
            match field.number {
                1 => entry.route = value.varint()? as u32,
                2 => entry.variant = value.varint()? as u32,
                3 => entry.prediction_id = value.text()?,
                TIME_US => entry.time_us = value.varint()? as i64,
                5 => entry.generation = value.varint()?,
                6 => entry.allocation_version = value.varint()?,
                7 => entry.epoch = value.varint()?,
                8 => entry.propensity = f64::from_bits(value.fixed64()?),
                9 => entry.reason = value.varint()? as i32,
                10 => entry.randomised_by = value.varint()? as i32,
                11 => entry.draw = Some(value.fixed64()?),
                12 => entry.slot = Some(value.varint()? as u32),
                13 => entry.entity_id = value.text()?,
                14 => entry.replayable = value.varint()? != 0,
                15 => entry.request_id = value.text()?,
                16 => entry.trace_id = value.text()?,
                17 => entry.status_code = value.varint()? as u32,
                18 => entry.overhead_ns = value.varint()?,
                19 => entry.backend_ns = Some(value.varint()?),
                20 => entry.request_kind = value.varint()? as i32,
                21 => entry.request = value.bytes()?,
                22 => entry.response_kind = value.varint()? as i32,
                23 => entry.response = value.bytes()?,
                24 => entry.experiment_id = value.text()?,
                25 => entry.decided_variant = Some(value.varint()? as u32),
                26 => entry.rule = Some(value.varint()? as u32),
                27 => entry.shadow = value.varint()? != 0,
                30 => entry.rule_inputs = Some(value.text()?),
                _ => {}
            }
        }
        Ok(entry)
    }

    /// Reads only an entry's time, which stands in its first fields; 0 when it has none.
    pub(crate) fn time_us_of(payload: &[u8]) -> i64 {
        let mut fields = Fields::of(payload).map_while(Result::ok);
        let time = fields.find(|field| field.number == TIME_US).and_then(|field| field.value.varint().ok());
        time.unwrap_or(0) as i64
    }

    /// What the request's bytes are.
    pub(crate) fn request_kind(&self) -> BodyKind {
        BodyKind::try_from(self.request_kind).unwrap_or_default()
    }

    /// What the answer's bytes are.
    pub(crate) fn response_kind(&self) -> BodyKind {
        BodyKind::try_from(self.response_kind).unwrap_or_default()
    }

    /// What was drawn at random.
    pub(crate) fn randomised_by(&self) -> RandomisedBy {
        RandomisedBy::try_from(self.randomised_by).unwrap_or_default()
    }

    /// The lake's word for why the variant was picked.
    pub(crate) fn reason_word(&self) -> &'static str {
        match DecisionReason::try_from(self.reason).unwrap_or_default() {
            DecisionReason::Unspecified => "unspecified",
            DecisionReason::Slot => "slot",
            DecisionReason::Weight => "weight",
            DecisionReason::Pin => "pin",
            DecisionReason::Production => "production",
            DecisionReason::Fallback => "fallback",
            DecisionReason::Override => "override",
            DecisionReason::Rule => "rule",
            DecisionReason::Default => "default",
            DecisionReason::Bandit => "bandit",
            DecisionReason::Exploration => "exploration",
            DecisionReason::Shadow => "shadow",
        }
    }

    /// The lake's word for what was drawn at random.
    pub(crate) fn randomised_by_word(&self) -> &'static str {
        match self.randomised_by() {
            RandomisedBy::Unspecified => "unspecified",
            RandomisedBy::Nothing => "nothing",
            RandomisedBy::Entity => "entity",
            RandomisedBy::Request => "request",
        }
    }

    /// When the answer was given, in UTC microseconds: about when the entry was put into the journal.
    pub(crate) fn end_us(&self) -> i64 {
        let took_ns = self.overhead_ns.saturating_add(self.backend_ns.unwrap_or(0));
        self.time_us.saturating_add((took_ns / 1000) as i64)
    }
}

#[cfg(test)]
mod tests {
    use pointsman_wire::generated::pointsman_v1::PredictionEntry;
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    proptest! {
        #[test]
        fn an_entry_is_read_as_protobuf_reads_it(
            numbers in any::<[u64; 6]>(),
            small in any::<[u32; 4]>(),
            kinds in (0..12, 0..4, 0..5, 0..5),
            time_us in any::<i64>(),
            propensity in 0.0..1.0,
            optional in any::<(Option<u64>, Option<u32>, Option<u64>, Option<u32>, Option<u32>)>(),
            texts in prop::array::uniform5(".{0,12}"),
            bodies in any::<(Vec<u8>, Vec<u8>)>(),
            replayable in any::<bool>(),
            shadow in any::<bool>(),
            rule_inputs in proptest::option::of(".{0,12}"),
        ) {
            let [prediction_id, entity_id, request_id, trace_id, experiment_id] = texts;
            let entry = PredictionEntry {
                route: small[0],
                variant: small[1],
                prediction_id,
                time_us,
                generation: numbers[0],
                allocation_version: numbers[1],
                epoch: numbers[2],
                propensity,
                reason: kinds.0,
                randomised_by: kinds.1,
                draw: optional.0,
                slot: optional.1,
                entity_id,
                replayable,
                request_id,
                trace_id,
                status_code: small[2],
                overhead_ns: numbers[3],
                backend_ns: optional.2,
                request_kind: kinds.2,
                request: bodies.0.into(),
                response_kind: kinds.3,
                response: bodies.1.into(),
                experiment_id,
                decided_variant: optional.3,
                rule: optional.4,
                shadow,
                rule_inputs,
            };
            let bytes = entry.encode_to_vec();
            let view = EntryView::parse(&bytes).unwrap();
            let read = PredictionEntry {
                route: view.route,
                variant: view.variant,
                prediction_id: view.prediction_id.to_owned(),
                time_us: view.time_us,
                generation: view.generation,
                allocation_version: view.allocation_version,
                epoch: view.epoch,
                propensity: view.propensity,
                reason: view.reason,
                randomised_by: view.randomised_by,
                draw: view.draw,
                slot: view.slot,
                entity_id: view.entity_id.to_owned(),
                replayable: view.replayable,
                request_id: view.request_id.to_owned(),
                trace_id: view.trace_id.to_owned(),
                status_code: view.status_code,
                overhead_ns: view.overhead_ns,
                backend_ns: view.backend_ns,
                request_kind: view.request_kind,
                request: view.request.to_vec().into(),
                response_kind: view.response_kind,
                response: view.response.to_vec().into(),
                experiment_id: view.experiment_id.to_owned(),
                decided_variant: view.decided_variant,
                rule: view.rule,
                shadow: view.shadow,
                rule_inputs: view.rule_inputs.map(str::to_owned),
            };
            prop_assert_eq!(read, entry);
        }

        #[test]
        fn other_bytes_are_refused_or_read_but_never_a_panic(bytes in any::<Vec<u8>>()) {
            let ours = EntryView::parse(&bytes).is_ok();
            prop_assert!(ours || PredictionEntry::decode(&bytes[..]).is_err() || has_group(&bytes));
        }
    }

    /// Whether a message may hold groups, which nobody writes and only protobuf skips.
    fn has_group(bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| matches!(byte & 7, 3 | 4))
    }
}
