//! Copies of calls for shadows.
//!
//! A copy begins when the answer of its call is made, and nothing of the call waits for it: it goes on connections of its
//! own, takes only places and memory that can be spared, and is dropped and counted wherever there are none at once.

mod asking;
mod place;

use std::{rc::Rc, sync::Arc, time::Instant};

use bytes::Bytes;
use http::HeaderMap;
use pointsman_wire::generated::pointsman_v1::BodyKind;
use tonic::Code;

use self::{
    asking::{Answered, ask},
    place::Place,
};
use super::answering::Failure;
use crate::{
    figures::shadow_stats::Dropped,
    messages::status::code_name,
    recording::{
        backend_time::BackendTime,
        shadow_record::{ShadowEnd, SharedRecord},
    },
    routing::routes::{Route, Target},
    worker::Worker,
};

/// What is kept of a call that shadows get copies of.
pub(crate) struct Copies {
    /// The share of calls that are copied.
    share: f64,
    /// The client's metadata.
    pub(crate) headers: HeaderMap,
    /// The request, by reference; none when it passed by in pieces.
    pub(crate) message: Option<(BodyKind, Bytes)>,
}

impl Copies {
    pub(crate) fn new(share: f64) -> Self {
        Self { share, headers: HeaderMap::new(), message: None }
    }
}

/// A call whose answer is under way, for its shadows.
pub(crate) struct CopiedCall {
    /// The thread's worker for copies.
    pub(crate) worker: Rc<Worker>,
    pub(crate) route: Arc<Route>,
    pub(crate) copies: Box<Copies>,
    pub(crate) prediction_id: String,
    pub(crate) generation: u64,
    /// When the call arrived.
    pub(crate) started: Instant,
    /// None when it is not recorded.
    pub(crate) record: Option<SharedRecord>,
}

impl CopiedCall {
    fn target(&self, shadow: u8) -> Option<&Target> {
        self.route.targets.get(usize::from(shadow))
    }
}

/// Starts the copies of a call, as far as there is room for them.
pub(crate) fn start(call: CopiedCall) {
    let call = Rc::new(call);
    for &shadow in &call.route.shadows {
        let Some(target) = call.target(shadow) else { continue };
        let message = call.copies.message.as_ref();
        match Place::take(&call.worker, &target.stats, message.map(|(_, bytes)| bytes.len())) {
            Ok(place) => {
                tokio::task::spawn_local(run(call.clone(), shadow, place));
            }
            Err(why) => {
                if let Some(stats) = target.stats.shadow(call.worker.index) {
                    stats.record_drop(why);
                }
            }
        }
    }
}

/// One copy, from the answer of its call to its own.
async fn run(call: Rc<CopiedCall>, shadow: u8, place: Place) {
    // Whatever is ready goes first: the answer, which was made just now, leaves before the copy.
    tokio::task::yield_now().await;
    let Some(target) = call.target(shadow) else { return };
    let mut time = BackendTime::default();
    let answered = ask(&call, target, &mut time).await;
    let backend = time.elapsed();
    let (code, answered) = match answered {
        Ok(answered) => (Code::Ok, answered),
        Err(Failure::Ours(error)) => {
            if let Some(why) = why_not_sent(error.code).filter(|_| backend.is_none()) {
                place.drop_copy(why);
                return;
            }
            (error.code, Answered::none())
        }
        Err(Failure::Backends { code, .. }) => (code, Answered::none()),
    };
    tracing::debug!(
        feature_flag.key = call.route.id.as_str(),
        feature_flag.result.variant = target.name.as_str(),
        rpc.grpc.status = code_name(code as usize),
        backend_seconds = backend.map(|backend| backend.as_secs_f64()),
        "a copy ended"
    );
    if let Some(record) = &call.record {
        let end = ShadowEnd {
            variant: shadow,
            share: call.copies.share,
            code,
            total: call.started.elapsed(),
            backend,
            kind: answered.kind,
            response: answered.response,
        };
        if !record.finish(end, &call.worker.shared)
            && let Some(stats) = target.stats.shadow(call.worker.index)
        {
            stats.record_lost();
        }
    }
    // Last, so that who sees the count finds the record, too.
    place.end(code as usize, backend);
}

/// Why a copy was not sent, by the failure that kept it; none for one that the shadow would fail with, too.
const fn why_not_sent(code: Code) -> Option<Dropped> {
    match code {
        Code::ResourceExhausted => Some(Dropped::Busy),
        Code::Unavailable | Code::DeadlineExceeded => Some(Dropped::Unreachable),
        _ => None,
    }
}
