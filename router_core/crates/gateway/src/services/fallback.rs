//! Before a call is sent: another variant stands in for the decided one that no live backend serves.
//!
//! This looks at connections alone, as the worker keeps them anyway. A call that was sent and failed is not repeated
//! elsewhere: its backend may have done the work.

use std::time::Duration;

use pointsman_model::Router;
use pointsman_policy::{Decision, RandomisedBy, Reason, VariantSet, stand_in};
use tokio::time::{Instant, timeout_at};

use crate::{
    messages::status::CallError,
    routing::{
        backends::Backend,
        routes::{Route, Target},
    },
    worker::Worker,
};

/// A backend that is being connected to for so long is passed over.
const PATIENCE: Duration = Duration::from_secs(1);
/// The share of an arm that stands in though its own is 0: among others it is as good as never first.
const LEAST_SHARE: f64 = 1e-12;

/// Where a call goes.
pub(crate) struct Diverted {
    /// With the variant that is asked. Where one stands in, all but variant and reason is the decided one's.
    pub(crate) decision: Decision,
    /// The variant that was decided, when another one stands in for it.
    pub(crate) decided_variant: Option<u8>,
    /// Why the call cannot be sent.
    pub(crate) nobody: Option<CallError>,
}

impl Diverted {
    /// The call goes where it was decided.
    pub(crate) const fn not(decision: Decision) -> Self {
        Self { decision, decided_variant: None, nobody: None }
    }
}

/// Whether the decided variant cannot be asked at once; where all is well nothing more is looked at.
///
/// Calls that name their variant stay with it: whoever asks for one wants no other.
pub(crate) fn may_divert(worker: &Worker, route: &Route, decision: &Decision) -> bool {
    let target = route.targets.get(usize::from(decision.variant));
    decision.reason != Reason::Pin && target.is_some_and(|target| !is_up(worker, target))
}

/// Finds who answers a call of a router with a fallback whose variant cannot be asked at once.
pub(crate) async fn divert(
    worker: &Worker,
    router: &Router,
    route: &Route,
    decision: Decision,
    deadline: Instant,
) -> Diverted {
    let Some(target) = route.targets.get(usize::from(decision.variant)) else {
        return Diverted::not(decision);
    };
    let Err(why) = find_live(worker, target, deadline).await else { return Diverted::not(decision) };
    let mut tried = VariantSet::default();
    tried.insert(decision.variant);
    let mut dead: Vec<&str> = Vec::new();
    while let Some(variant) =
        stand_in(router, decision.draw, tried, |index| share(router, route, &decision, index))
    {
        tried.insert(variant);
        let Some(other) = route.targets.get(usize::from(variant)) else { break };
        if find_live(worker, other, deadline).await.is_ok() {
            return Diverted {
                decision: Decision { variant, reason: Reason::Fallback, ..decision },
                decided_variant: Some(decision.variant),
                nobody: None,
            };
        }
        dead.push(other.name.as_str());
    }
    let others = match dead.len() {
        0 => "no other variant may stand in for it".to_owned(),
        1 => format!("nor can its fallback, variant {}", dead.join(", ")),
        _ => format!("nor can its fallbacks, variants {}", dead.join(", ")),
    };
    let nobody = Some(CallError::unavailable(format!("{why}; {others}")));
    Diverted { nobody, ..Diverted::not(decision) }
}

/// The share by which a variant stands in for others: of a bandit's arm the one in force, of drawn calls or of entities. An
/// arm that gets no calls for now comes after all that do, and answers where there is nobody else.
fn share(router: &Router, route: &Route, decision: &Decision, variant: u8) -> f64 {
    let published = router.policy.propensities(variant).by_request;
    let Some(bandit) = route.bandit.as_ref().filter(|_| published > 0.0) else { return published };
    // What is drawn from moves each second, and an entity keeps its stand-in as its variant.
    let in_force = match decision.randomised_by {
        RandomisedBy::Entity => bandit.effective_share(variant),
        RandomisedBy::Nothing | RandomisedBy::Request => bandit.share(variant),
    };
    in_force.max(LEAST_SHARE)
}

/// Whether a variant can be asked at once.
fn is_up(worker: &Worker, target: &Target) -> bool {
    match &target.backend {
        Backend::Grpc(model) => worker.pool(&model.target).is_live(),
        Backend::Onnx(onnx) => onnx.model.is_ok(),
    }
}

/// Waits for a connection to a variant's backend, or why there is none.
async fn find_live(worker: &Worker, target: &Target, deadline: Instant) -> Result<(), String> {
    let model = match &target.backend {
        Backend::Grpc(model) => model,
        Backend::Onnx(onnx) => return onnx.model.as_ref().map(|_| ()).map_err(Clone::clone),
    };
    let until = deadline.min(Instant::now() + PATIENCE);
    let pool = worker.pool(&model.target);
    timeout_at(until, pool.wait_for_life()).await.unwrap_or_else(|_| {
        Err(format!("backend {} was not connected to in time; check that it runs", model.target.target))
    })
}
