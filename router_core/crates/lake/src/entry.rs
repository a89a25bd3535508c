//! A `PredictionEntry` as it lies in its segment.

use pointsman_wire::generated::pointsman_v1::{BodyKind, DecisionReason, RandomisedBy};

use crate::fields::{Fields, Unreadable};

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
                4 => entry.time_us = value.varint()? as i64,
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
                _ => {}
            }
        }
        Ok(entry)
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
