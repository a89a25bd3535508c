//! What of a call is recorded: the decision always, features and answers as the router says.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use pointsman_journal::{Commit, EncodedPrediction, Entry, Guard, RouteFacts};
use pointsman_lake::{InputsText, is_left_out};
use pointsman_model::{Durability, EntityRecording, Policy, Recording, Signature, rules::Source};
use pointsman_policy::{Decision, RandomisedBy, Reason};
use pointsman_wire::generated::{inference::ModelInferRequest, pointsman_v1 as proto};
use prost::Message;
use sha2::Sha256;
use tonic::Code;

use super::shadow_record::SharedRecord;
use crate::{messages::budget::ByteBudget, recording::journal::Journal};

/// Bodies of more bytes count into the budget of bodies; smaller ones are bounded by the queue's length.
pub(super) const SMALL_BODY_BYTES: usize = 2 << 10;
/// The parameter of an inference call that names the entity.
const ENTITY_PARAMETER: &str = "entity_id";
/// Hexadecimal digits of an entity's hash.
const ENTITY_HASH_DIGITS: usize = 32;

/// A record under way.
pub(crate) struct Record {
    entry: Box<proto::PredictionEntry>,
    facts: Arc<RouteFacts>,
    /// None when this call's features and answer are not recorded.
    max_body_bytes: Option<usize>,
    durability: Durability,
    /// Whether bodies must not tell whom the call is for.
    hides_entity: bool,
    /// Whether what rules read is known only together with the request.
    refers_to_row: bool,
    /// An answer that passes piece by piece.
    pieces: Vec<Bytes>,
    piece_bytes: usize,
}

/// What records share that are drawn from one table of a route.
pub(crate) struct TableFacts {
    pub(crate) allocation_version: u64,
    pub(crate) route: Arc<RouteFacts>,
}

/// What a record knows when the call is decided.
pub(crate) struct RecordStart<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) recording: &'a Recording,
    pub(crate) entity_key: Option<&'a [u8; 32]>,
    pub(crate) decision: &'a Decision,
    pub(crate) prediction_id: &'a str,
    pub(crate) time_us: u64,
    pub(crate) generation: u64,
    pub(crate) entity_id: Option<&'a str>,
    pub(crate) request_id: &'a str,
    pub(crate) trace_id: &'a str,
    /// The variant for which another one stands in.
    pub(crate) decided_variant: Option<u8>,
    /// What rules read, where it is to be kept and not too long.
    pub(crate) rule_inputs: Option<InputsText>,
    /// A random number from 0 to 1, drawn for this call.
    pub(crate) sample: f64,
}

impl Record {
    /// Gives the prediction another id.
    pub(crate) fn set_prediction_id(&mut self, prediction_id: &str) {
        prediction_id.clone_into(&mut self.entry.prediction_id);
    }

    pub(crate) fn begin(facts: TableFacts, start: RecordStart<'_>) -> Self {
        let (decision, recording) = (start.decision, start.recording);
        let max_body_bytes = (start.sample < recording.features_share).then_some(recording.max_body_bytes);
        let fits = |inputs: &InputsText| max_body_bytes.is_some_and(|most| inputs.text.len() <= most);
        let rule_inputs = start.rule_inputs.filter(fits);
        let refers_to_row = rule_inputs.as_ref().is_some_and(|inputs| inputs.refers_to_row);
        let is_read =
            start.policy.reads_features() && !matches!(decision.reason, Reason::Pin | Reason::Override);
        let is_by_entity = decision.randomised_by == RandomisedBy::Entity;
        // The unit's hash under a salt that the routing state knows tells who the unit is.
        let hides_draw = is_by_entity && recording.entity == EntityRecording::None;
        let is_drawn = decision.randomised_by != RandomisedBy::Nothing;
        let entry = proto::PredictionEntry {
            variant: decision.variant.into(),
            prediction_id: start.prediction_id.to_owned(),
            time_us: start.time_us.cast_signed(),
            generation: start.generation,
            allocation_version: facts.allocation_version,
            epoch: decision.epoch(start.policy),
            propensity: decision.propensity,
            reason: reason_proto(decision.reason).into(),
            randomised_by: randomised_by_proto(decision.randomised_by).into(),
            draw: (is_drawn && !hides_draw).then_some(decision.draw),
            slot: decision.slot().map(u32::from),
            entity_id: recorded_entity(recording.entity, start.entity_id, start.entity_key),
            replayable: (!is_by_entity || recording.entity == EntityRecording::Plain)
                && !start.policy.reads_metadata()
                && (!is_read || rule_inputs.is_some()),
            request_id: start.request_id.to_owned(),
            trace_id: start.trace_id.to_owned(),
            decided_variant: start.decided_variant.map(u32::from),
            rule: decision.rule.map(|rule| rule.get().into()),
            rule_inputs: rule_inputs.map(|inputs| inputs.text),
            ..Default::default()
        };
        Self {
            entry: Box::new(entry),
            facts: facts.route,
            max_body_bytes,
            durability: recording.durability,
            hides_entity: recording.entity != EntityRecording::Plain,
            refers_to_row,
            pieces: Vec::new(),
            piece_bytes: 0,
        }
    }

    /// The longest body that this record takes.
    pub(crate) fn max_body_bytes(&self) -> Option<usize> {
        self.max_body_bytes
    }

    /// Takes the request's message, which was forwarded anyway.
    pub(crate) fn set_request(&mut self, kind: proto::BodyKind, message: Bytes) {
        let (kind, mut message) = self.within_limit(kind, message);
        if self.hides_entity {
            message = without_entity(kind, message);
        }
        (self.entry.request_kind, self.entry.request) = (kind.into(), message);
    }

    /// Takes the answer's message.
    pub(crate) fn set_response(&mut self, kind: proto::BodyKind, message: Bytes) {
        let (kind, message) = self.within_limit(kind, message);
        (self.entry.response_kind, self.entry.response) = (kind.into(), message);
    }

    fn within_limit(&self, kind: proto::BodyKind, message: Bytes) -> (proto::BodyKind, Bytes) {
        match self.max_body_bytes {
            None => (proto::BodyKind::Unspecified, Bytes::new()),
            Some(most) if message.len() > most => (proto::BodyKind::Cut, Bytes::new()),
            Some(_) => (kind, message),
        }
    }

    /// Takes a piece of an answer of `length` bytes that passes by.
    pub(crate) fn add_response_piece(&mut self, piece: &Bytes, length: usize) {
        match self.max_body_bytes {
            Some(most) if length <= most => {
                self.piece_bytes += piece.len();
                self.pieces.push(piece.clone());
            }
            Some(_) => self.entry.response_kind = proto::BodyKind::Cut.into(),
            None => {}
        }
    }

    /// The answer that passed is complete.
    pub(crate) fn end_response(&mut self, kind: proto::BodyKind) {
        if self.pieces.is_empty() {
            return;
        }
        let mut joined = BytesMut::with_capacity(self.piece_bytes);
        for piece in self.pieces.drain(..) {
            joined.extend_from_slice(&piece);
        }
        self.set_response(kind, joined.freeze());
    }

    /// What the records of the call's shadows share with it.
    pub(crate) fn shared(&self) -> SharedRecord {
        let entry = proto::PredictionEntry {
            prediction_id: self.entry.prediction_id.clone(),
            time_us: self.entry.time_us,
            generation: self.entry.generation,
            entity_id: self.entry.entity_id.clone(),
            request_id: self.entry.request_id.clone(),
            trace_id: self.entry.trace_id.clone(),
            ..Default::default()
        };
        SharedRecord { facts: self.facts.clone(), entry, max_body_bytes: self.max_body_bytes }
    }

    /// Ends the record and puts it into the journal. A durable one answers what to wait for. Answers also why features
    /// or answer are not whole, if they are not.
    pub(crate) fn finish(
        mut self,
        end: RecordEnd,
        journal: &Journal,
        budget: &Arc<ByteBudget>,
    ) -> (Kept, Option<Cut>) {
        let entry = &mut self.entry;
        entry.status_code = u32::try_from(end.code as i32).unwrap_or_default();
        entry.overhead_ns = nanos(end.overhead);
        entry.backend_ns = end.backend.map(nanos);
        let is_cut = |kind: i32| kind == proto::BodyKind::Cut as i32;
        let mut cut = (is_cut(entry.request_kind) || is_cut(entry.response_kind)).then_some(Cut::TooLong);
        let body_bytes = entry.request.len() + entry.response.len();
        let mut guard: Option<Guard> = None;
        if body_bytes > SMALL_BODY_BYTES {
            match budget.reserve(body_bytes) {
                Ok(reservation) => guard = Some(Box::new(reservation)),
                // The decision is worth more than the bodies.
                Err(_) => {
                    cut_bodies(entry);
                    cut = cut.or(Some(Cut::NoMemory));
                }
            }
        }
        let is_request_kept =
            !is_cut(entry.request_kind) && entry.request_kind != proto::BodyKind::Unspecified as i32;
        if self.refers_to_row && !is_request_kept {
            // Without its row nobody can tell what rules read.
            (entry.rule_inputs, entry.replayable) = (None, false);
        }
        let entry =
            Entry::Prediction { entry: EncodedPrediction::new(*self.entry), route: self.facts, guard };
        if self.durability == Durability::Durable {
            return (Kept::Committing(journal.predictions.commit(entry)), cut);
        }
        let kept = if journal.predictions.push(entry) { Kept::Queued } else { Kept::Dropped };
        (kept, cut)
    }
}

/// What a record knows when the call ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordEnd {
    pub(crate) code: Code,
    pub(crate) overhead: Duration,
    pub(crate) backend: Option<Duration>,
}

/// What became of a record.
pub(crate) enum Kept {
    /// It will be written in a moment.
    Queued,
    /// There was no room.
    Dropped,
    /// It is on disk when this is ready.
    Committing(Commit),
}

/// Why a record lacks features or answer that its router wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The request or the answer is longer than its router records.
    TooLong,
    /// The memory for bodies is full.
    NoMemory,
}

impl Cut {
    /// The reasons with the names of the limits that they are about, in the order of their counters.
    pub(crate) const REASONS: [(Self, &'static str); 2] =
        [(Self::TooLong, "max_body_bytes"), (Self::NoMemory, "body_budget_bytes")];
}

fn cut_bodies(entry: &mut proto::PredictionEntry) {
    for (kind, body) in
        [(&mut entry.request_kind, &mut entry.request), (&mut entry.response_kind, &mut entry.response)]
    {
        if !body.is_empty() {
            *kind = proto::BodyKind::Cut.into();
            *body = Bytes::new();
        }
    }
}

/// The request without whom it is for.
fn without_entity(kind: proto::BodyKind, message: Bytes) -> Bytes {
    match kind {
        proto::BodyKind::Infer => match ModelInferRequest::decode(message.clone()) {
            Ok(mut request) if request.parameters.contains_key(ENTITY_PARAMETER) => {
                request.parameters.remove(ENTITY_PARAMETER);
                request.encode_to_vec().into()
            }
            Ok(_) => message,
            // What cannot be read may name it all the same.
            Err(_) => Bytes::new(),
        },
        proto::BodyKind::Predict => match proto::PredictRequest::decode(message) {
            Ok(request) => {
                proto::PredictRequest { entity_id: String::new(), ..request }.encode_to_vec().into()
            }
            Err(_) => Bytes::new(),
        },
        _ => message,
    }
}

/// Whether records of a router keep what its rules read: not where they look at something that is not recorded, for then
/// the rest is of no use.
///
/// # Arguments
/// * `signatures` - What the models of the variants take: features have several names.
pub(crate) fn keeps_rule_inputs(policy: &Policy, recording: &Recording, signatures: &[&Signature]) -> bool {
    let hides_entity = recording.entity != EntityRecording::Plain;
    let Policy::Rules(rules) = policy else { return false };
    let excluded: HashSet<String> = recording.exclude_features.iter().map(ToString::to_string).collect();
    let is_kept = |source: &Source| match source {
        Source::Metadata(_) => false,
        Source::Feature(name) => {
            let is_hidden = hides_entity && **name == *ENTITY_PARAMETER;
            !is_hidden && !is_left_out(name, &excluded, signatures.iter().copied())
        }
    };
    recording.features_share > 0.0 && rules.sources.iter().all(is_kept)
}

/// An entity id as its router wants it recorded.
pub(crate) fn recorded_entity(
    form: EntityRecording,
    entity_id: Option<&str>,
    key: Option<&[u8; 32]>,
) -> String {
    let Some(entity_id) = entity_id else { return String::new() };
    match form {
        EntityRecording::Plain => entity_id.to_owned(),
        EntityRecording::None => String::new(),
        EntityRecording::Hmac => key.map_or_else(String::new, |key| hash_entity(key, entity_id)),
    }
}

/// HMAC-SHA256 of an entity id, as so many hexadecimal digits.
fn hash_entity(key: &[u8; 32], entity_id: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(entity_id.as_bytes());
    let digest = mac.finalize().into_bytes();
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(ENTITY_HASH_DIGITS);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The public word for a reason.
pub(crate) fn reason_proto(reason: Reason) -> proto::DecisionReason {
    match reason {
        Reason::Slot => proto::DecisionReason::Slot,
        Reason::Weight => proto::DecisionReason::Weight,
        Reason::Pin => proto::DecisionReason::Pin,
        Reason::Production => proto::DecisionReason::Production,
        Reason::Fallback => proto::DecisionReason::Fallback,
        Reason::Override => proto::DecisionReason::Override,
        Reason::Rule => proto::DecisionReason::Rule,
        Reason::Default => proto::DecisionReason::Default,
        Reason::Bandit => proto::DecisionReason::Bandit,
        Reason::Exploration => proto::DecisionReason::Exploration,
    }
}

/// The public word for what was drawn.
fn randomised_by_proto(randomised_by: RandomisedBy) -> proto::RandomisedBy {
    match randomised_by {
        RandomisedBy::Nothing => proto::RandomisedBy::Nothing,
        RandomisedBy::Entity => proto::RandomisedBy::Entity,
        RandomisedBy::Request => proto::RandomisedBy::Request,
    }
}

/// A duration as protobuf writes it.
pub(crate) fn duration_proto(duration: Duration) -> prost_types::Duration {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: duration.subsec_nanos().cast_signed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_is_recorded_plain_hashed_or_not() {
        let recorded = |form| recorded_entity(form, Some("alice"), Some(&[7; 32]));
        assert_eq!(recorded(EntityRecording::Plain), "alice");
        assert_eq!(recorded(EntityRecording::None), "");
        // printf alice | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…07
        assert_eq!(recorded(EntityRecording::Hmac), "6a8851c590ddeb5a2ea0a50374798bce");
        assert_eq!(recorded_entity(EntityRecording::Hmac, Some("alice"), None), "");
    }
}
