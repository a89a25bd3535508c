//! What a call came to: counted, and recorded if its router says so, whichever way it ends.

use std::{rc::Rc, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use pointsman_journal::Commit;
use pointsman_lake::InputsText;
use pointsman_policy::{Decision, Reason, is_copied};
use pointsman_wire::{PredictionIdContent, Receipt, generated::pointsman_v1::BodyKind, uuid_v7};
use rand::{Rng, RngExt};
use tonic::Code;

use crate::{
    clock::utc_now_us,
    figures::{
        call_log::CallEnd,
        stats::{CallTimes, Counting},
    },
    recording::{
        backend_time::BackendTime,
        records::{Kept, Record, RecordEnd, RecordStart, TableFacts},
    },
    routing::{
        backends::Backend,
        routes::{Route, Routes, Target},
    },
    services::{
        Noted,
        shadowing::{self, CopiedCall, Copies},
    },
    worker::Worker,
};

/// A decided call from its decision to its end. Dropped unfinished, it counts as cancelled.
pub(crate) struct Observation {
    worker: Rc<Worker>,
    route: Arc<Route>,
    pub(crate) decision: Decision,
    /// The variant for which the decision's stands in; all but variant and reason of the decision are about this one.
    decided_variant: Option<u8>,
    noted: Noted,
    generation: u64,
    started: Instant,
    pub(crate) backend_time: BackendTime,
    is_finished: bool,
    request_id: HeaderValue,
    /// Empty for calls that can take no feedback.
    pub(crate) prediction_id: String,
    record: Option<Record>,
    /// What its shadows will get; none when it is not copied.
    copies: Option<Box<Copies>>,
}

/// What a record knows before the call is made.
pub(crate) struct RecordDetails<'a> {
    pub(crate) entity_id: Option<&'a str>,
    pub(crate) request_id: HeaderValue,
    /// 32 hexadecimal digits; empty for calls that are not traced.
    pub(crate) trace_id: &'a str,
    /// How many rows the call has at most; 0 when that is not known.
    pub(crate) row_limit: u32,
    /// The variant that was decided, when the decision's stands in for it.
    pub(crate) decided_variant: Option<u8>,
    /// What a decision by rules came across.
    pub(crate) noted: Noted,
    /// What records share that are drawn from the same table; none where those of the route do.
    pub(crate) facts: Option<TableFacts>,
    /// What rules read, where their router's records keep it.
    pub(crate) rule_inputs: Option<InputsText>,
}

impl Observation {
    pub(crate) fn new(
        worker: &Rc<Worker>,
        routes: &Routes,
        route: &Arc<Route>,
        decision: Decision,
        started: Instant,
        details: RecordDetails<'_>,
    ) -> Self {
        let time_us = utc_now_us();
        let mut observation = Self {
            worker: worker.clone(),
            route: route.clone(),
            decision,
            decided_variant: details.decided_variant,
            noted: details.noted,
            generation: routes.snapshot.generation,
            started,
            backend_time: BackendTime::default(),
            is_finished: false,
            request_id: details.request_id,
            prediction_id: String::new(),
            record: None,
            copies: None,
        };
        let Some(router) = &route.router else { return observation };
        let Some(target) = route.targets.get(usize::from(decision.variant)) else { return observation };
        if let Some(signer) = &routes.signer {
            let uuid = uuid_v7(time_us, worker.rng.borrow_mut().next_u64());
            let content = PredictionIdContent {
                uuid,
                router_id: &route.id,
                variant: &target.name,
                incarnation: router.settings.incarnation,
                epoch: decision.epoch(&router.policy),
                propensity: decision.propensity,
                pinned: observation.counting() != Counting::Decided,
                row_limit: details.row_limit,
            };
            signer.sign(&content, &mut observation.prediction_id);
        }
        if !route.shadows.is_empty() && observation.counting() == Counting::Decided {
            let share = router.settings.shadow_share.unwrap_or(1.0);
            let (id, entity) = (route.id.as_str(), details.entity_id);
            let chosen = is_copied(id, share, entity, &mut *worker.rng.borrow_mut());
            observation.copies = chosen.then(|| Box::new(Copies::new(share)));
        }
        let of_route = || Some(TableFacts { allocation_version: 0, route: route.facts.clone()? });
        if let Some(facts) = details.facts.or_else(of_route) {
            let is_sampled = router.settings.recording.features_share < 1.0;
            let sample = if is_sampled { worker.rng.borrow_mut().random() } else { 0.0 };
            let start = RecordStart {
                policy: &router.policy,
                recording: &router.settings.recording,
                entity_key: routes.snapshot.entity_key.as_deref(),
                decision: &decision,
                prediction_id: &observation.prediction_id,
                time_us,
                generation: observation.generation,
                entity_id: details.entity_id,
                request_id: observation.request_id.to_str().unwrap_or_default(),
                trace_id: details.trace_id,
                decided_variant: details.decided_variant,
                rule_inputs: details.rule_inputs,
                sample,
            };
            observation.record = Some(Record::begin(facts, start));
        }
        observation
    }

    /// The variant that answers.
    pub(crate) fn target(&self) -> Option<&Target> {
        self.route.targets.get(usize::from(self.decision.variant))
    }

    /// All variants of the route, of which one answers.
    pub(crate) fn targets(&self) -> &[Target] {
        &self.route.targets
    }

    pub(crate) fn receipt(&self) -> Receipt<'_> {
        let variant = self.target().map_or("", |target| target.name.as_str());
        let Decision { propensity, reason, .. } = self.decision;
        Receipt::new(&self.prediction_id, variant, propensity, reason.as_str(), self.generation)
            .standing_in_for(self.decided_target().map_or("", |target| target.name.as_str()))
            .by_rule(self.rule(), self.noted.is_by_first_row)
    }

    /// The name of the rule that took the call; empty where none did.
    pub(crate) fn rule(&self) -> &str {
        let router = self.route.router.as_deref().zip(self.decision.rule);
        router.and_then(|(router, place)| router.policy.rule_name(place)).unwrap_or_default()
    }

    /// Whether rules of the router look at a feature.
    pub(crate) fn looks_at(&self, feature: &str) -> bool {
        self.route.router.as_ref().is_some_and(|router| router.policy.reads_feature(feature))
    }

    /// The variant that was decided, when another one stands in for it.
    pub(crate) fn decided_target(&self) -> Option<&Target> {
        self.route.targets.get(usize::from(self.decided_variant?))
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// The longest body that the call's record takes; none when it takes no bodies.
    pub(crate) fn max_body_bytes(&self) -> Option<usize> {
        self.record.as_ref().and_then(Record::max_body_bytes)
    }

    /// Records the request's message.
    pub(crate) fn record_request(&mut self, kind: BodyKind, message: Bytes) {
        if let Some(record) = &mut self.record {
            record.set_request(kind, message);
        }
    }

    /// Keeps the client's metadata for copies of the call, before it goes on to the backend.
    pub(crate) fn begin_copies(&mut self, headers: &HeaderMap) {
        if let Some(copies) = &mut self.copies {
            copies.headers = headers.clone();
        }
    }

    /// Keeps the request's message for copies of the call. One that is never here whole is not kept.
    pub(crate) fn keep_for_copies(&mut self, kind: BodyKind, message: &Bytes) {
        if let Some(copies) = &mut self.copies {
            copies.message = Some((kind, message.clone()));
        }
    }

    /// Records the answer's message.
    pub(crate) fn record_response(&mut self, kind: BodyKind, message: Bytes) {
        if let Some(record) = &mut self.record {
            record.set_response(kind, message);
        }
    }

    /// Records a piece of an answer of so many bytes, which passes by.
    pub(crate) fn record_piece(&mut self, piece: &Bytes, length: usize) {
        if let Some(record) = &mut self.record {
            record.add_response_piece(piece, length);
        }
    }

    /// Records that the answer that passed by is complete.
    pub(crate) fn record_pieces_end(&mut self, kind: BodyKind) {
        if let Some(record) = &mut self.record {
            record.end_response(kind);
        }
    }

    /// The call fails with this status. Where it is refused for what it brought, before a bandit's arm is asked, feedback for
    /// it says nothing of the arm: its id becomes one that stays out of what is learnt, for the client and in the record.
    pub(crate) fn fail(&mut self, code: Code) {
        if self.route.bandit.is_none() || !self.is_unasked(code) {
            return;
        }
        let routes = self.worker.shared.publisher.routes().load();
        let (Some(signer), Some(verifier)) = (&routes.signer, &routes.verifier) else { return };
        let Ok(id) = verifier.decode(&self.prediction_id) else { return };
        self.prediction_id.clear();
        signer.sign(&PredictionIdContent { pinned: true, ..id.content() }, &mut self.prediction_id);
        if let Some(record) = &mut self.record {
            record.set_prediction_id(&self.prediction_id);
        }
    }

    /// Whether a call that ends with this status never came to its variant, by no fault of that one.
    fn is_unasked(&self, code: Code) -> bool {
        self.backend_time.elapsed().is_none() && !is_arms_fault(code)
    }

    /// The call ends with this status. Its answer must wait for the commit, when there is one.
    ///
    /// # Arguments
    /// * `code` - The status.
    /// * `reason` - What the log says of a failure; of a backend's answer nothing but that it came.
    pub(crate) fn finish(&mut self, code: Code, reason: &str) -> Option<Commit> {
        if std::mem::replace(&mut self.is_finished, true) {
            return None;
        }
        let total = self.started.elapsed();
        let backend = self.backend_time.elapsed();
        let overhead = total.saturating_sub(backend.unwrap_or_default());
        let record = self.record.take();
        let copies = self.copies.take();
        let target = self.target()?;
        let thread = self.worker.index;
        target.stats.record_call(thread, code as usize, self.counting(), CallTimes { overhead, backend });
        if self.noted.mismatches > 0 {
            target.stats.record_rule_mismatches(thread, self.noted.mismatches);
        }
        if let Some(bandit) = &self.route.bandit {
            if self.is_unasked(code) {
                bandit.pass_over(thread, &self.decision);
            } else {
                bandit.count_cost(thread, &self.decision, code != Code::Ok, backend.unwrap_or(total));
            }
        }
        if let Some(decided) = self.decided_target() {
            decided.stats.record_diverted(thread);
        }
        self.worker.call_log.write(&CallEnd {
            request_id: &self.request_id,
            router: self.route.id.as_str(),
            variant: target.name.as_str(),
            backend: match &target.backend {
                Backend::Grpc(model) => &model.target.target,
                Backend::Onnx(onnx) => &onnx.backend.path,
            },
            decided_by: self.decision.reason,
            generation: self.generation,
            code,
            reason,
            overhead,
            backend_time: backend,
        });
        // What was not sent has nothing that a shadow's answer could be compared with.
        if let Some(copies) = copies.filter(|_| backend.is_some()) {
            shadowing::start(CopiedCall {
                worker: self.worker.for_copies(),
                route: self.route.clone(),
                copies,
                prediction_id: self.prediction_id.clone(),
                generation: self.generation,
                started: self.started,
                record: record.as_ref().map(Record::shared),
            });
        }
        let shared = &self.worker.shared;
        let end = RecordEnd { code, overhead, backend };
        let (kept, cut) = record?.finish(end, &shared.journal, &shared.budgets.whole);
        if let Some(cut) = cut.filter(|_| !matches!(kept, Kept::Dropped)) {
            target.stats.record_cut(thread, cut);
        }
        match kept {
            Kept::Queued => None,
            Kept::Dropped => {
                target.stats.record_drop(thread);
                None
            }
            Kept::Committing(commit) => Some(commit),
        }
    }

    fn counting(&self) -> Counting {
        match self.decision.reason {
            Reason::Pin => Counting::Pinned,
            Reason::Fallback => Counting::Fallback,
            Reason::Override => Counting::Override,
            Reason::Slot
            | Reason::Weight
            | Reason::Production
            | Reason::Rule
            | Reason::Default
            | Reason::Bandit
            | Reason::Exploration => Counting::Decided,
        }
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        // Without an answer there is none that a copy could follow.
        self.copies = None;
        // Nobody is left who could wait for a commit.
        let _ = self.finish(Code::Cancelled, "");
    }
}

/// Whether a call whose backend was not asked failed by that backend: it could not be reached, or had no room in time.
/// Clients whose own deadline passes go first, and wait for a backend when they do. With any other status the call was
/// refused for what it brought.
fn is_arms_fault(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled)
}
