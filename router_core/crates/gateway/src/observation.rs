//! What a call came to: counted, and recorded if its router says so, whichever way it ends.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;
use pointsman_policy::Decision;
use pointsman_wire::{PredictionIdContent, Receipt, generated::pointsman_v1 as proto, uuid_v7};
use rand::Rng;
use tonic::Code;

use crate::{
    call_log::CallEnd,
    records::{duration_proto, randomised_by_proto, reason_proto},
    routes::{Route, Routes, Target},
    stats::CallTimes,
    worker::Worker,
};

/// A decided call from its decision to its end. Dropped unfinished, it counts as cancelled.
pub(crate) struct Observation {
    worker: Rc<Worker>,
    route: Arc<Route>,
    pub(crate) decision: Decision,
    generation: u64,
    started: Instant,
    asked: Option<Instant>,
    backend: Option<Duration>,
    is_finished: bool,
    request_id: HeaderValue,
    /// Empty for calls that can take no feedback.
    pub(crate) prediction_id: String,
    record: Option<Box<proto::PredictionRecord>>,
}

/// What a record knows before the call is made.
pub(crate) struct RecordDetails<'a> {
    pub(crate) entity_id: Option<&'a str>,
    pub(crate) request_id: HeaderValue,
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
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time_us = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let mut observation = Self {
            worker: worker.clone(),
            route: route.clone(),
            decision,
            generation: routes.snapshot.generation,
            started,
            asked: None,
            backend: None,
            is_finished: false,
            request_id: details.request_id,
            prediction_id: String::new(),
            record: None,
        };
        let Some(router) = &route.router else { return observation };
        let Some(target) = route.targets.get(usize::from(decision.variant)) else { return observation };
        if let Some(signer) = &routes.signer {
            let uuid = uuid_v7(time_us, worker.rng.borrow_mut().next_u64());
            let content = PredictionIdContent {
                uuid,
                router_id: &route.id,
                variant: &target.name,
                epoch: 0,
                propensity: decision.propensity,
                pinned: observation.is_pinned(),
            };
            signer.sign(&content, &mut observation.prediction_id);
        }
        if router.record_predictions {
            observation.record = Some(Box::new(proto::PredictionRecord {
                prediction_id: observation.prediction_id.clone(),
                router_id: route.id.to_string(),
                variant: target.name.to_string(),
                model_id: target.model.key.model_id.to_string(),
                model_version: target.model.key.version.to_string(),
                entity_id: details.entity_id.unwrap_or_default().to_owned(),
                time: Some(prost_types::Timestamp {
                    seconds: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
                    nanos: now.subsec_nanos().cast_signed(),
                }),
                generation: observation.generation,
                propensity: decision.propensity,
                reason: reason_proto(decision.reason).into(),
                randomised_by: randomised_by_proto(decision.randomised_by).into(),
                request_id: observation.request_id.to_str().unwrap_or_default().to_owned(),
                ..Default::default()
            }));
        }
        observation
    }

    /// The variant that answers.
    pub(crate) fn target(&self) -> Option<&Target> {
        self.route.targets.get(usize::from(self.decision.variant))
    }

    pub(crate) fn receipt(&self) -> Receipt<'_> {
        let variant = self.target().map_or("", |target| target.name.as_str());
        let Decision { propensity, reason, .. } = self.decision;
        Receipt::new(&self.prediction_id, variant, propensity, reason.as_str(), self.generation)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// The record under way, to put the answer into.
    pub(crate) fn record(&mut self) -> Option<&mut proto::PredictionRecord> {
        self.record.as_deref_mut()
    }

    /// The backend is asked from now on.
    pub(crate) fn backend_asked(&mut self) {
        self.asked = Some(Instant::now());
    }

    /// The backend's answer is complete.
    pub(crate) fn backend_answered(&mut self) {
        self.backend = self.asked.map(|asked| asked.elapsed());
    }

    /// The call ends with this status.
    pub(crate) fn finish(&mut self, code: Code) {
        if std::mem::replace(&mut self.is_finished, true) {
            return;
        }
        let total = self.started.elapsed();
        let backend = self.backend.or_else(|| self.asked.map(|asked| asked.elapsed()));
        let overhead = total.saturating_sub(backend.unwrap_or_default());
        let record = self.record.take();
        let Some(target) = self.target() else { return };
        let thread = self.worker.index;
        target.stats.record_call(thread, code as usize, self.is_pinned(), CallTimes { overhead, backend });
        self.worker.call_log.write(&CallEnd {
            request_id: &self.request_id,
            router: self.route.id.as_str(),
            variant: target.name.as_str(),
            reason: self.decision.reason,
            generation: self.generation,
            code,
            overhead,
            backend,
        });
        if let Some(mut record) = record {
            record.status_code = code as i32;
            record.overhead = Some(duration_proto(overhead));
            record.backend_latency = backend.map(duration_proto);
            if !self.worker.shared.records.push(record) {
                target.stats.record_drop(thread);
            }
        }
    }

    fn is_pinned(&self) -> bool {
        self.decision.reason == pointsman_policy::Reason::Pin
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.finish(Code::Cancelled);
    }
}
