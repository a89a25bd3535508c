//! From a name and a unit to a decided call.

use std::sync::Arc;

use http::HeaderMap;
use pointsman_lake::InputsText;
use pointsman_model::{Fallback, Id, Policy, Principal, Router, RouterStatus, VersionPinning};
use pointsman_policy::{Decision, Reason, Request, decide};
use tokio::time::Instant;
use tonic::Code;

use super::{
    attributes::{CallAttributes, Features, Noted},
    call::Call,
    fallback::{self, Diverted},
};
use crate::{
    clock::utc_now_us,
    learning::{Drawn, LiveBandit},
    messages::status::CallError,
    recording::{
        observation::{Observation, RecordDetails},
        records::TableFacts,
    },
    routing::routes::Route,
};

/// What a caller asks for.
pub(crate) struct Asked<'a> {
    /// A router, or a model.
    pub(crate) name: &'a str,
    /// A variant or a model version; empty leaves it to the router.
    pub(crate) version: &'a str,
    /// The unit that a field of the message names; it goes before the metadata's.
    pub(crate) field_entity_id: Option<&'a str>,
    /// The unit that a free parameter names; the metadata's goes before it.
    pub(crate) parameter_entity_id: Option<&'a str>,
    /// How many rows it brings at most; 0 when that is not known.
    pub(crate) row_limit: u32,
    /// Where its features are.
    pub(crate) features: Features<'a>,
}

/// A decided call.
pub(crate) struct Decided {
    pub(crate) observation: Observation,
    pub(crate) deadline: Instant,
    /// The name to answer with instead of the backend's own.
    pub(crate) answer_name: Option<Id>,
    /// Why the call cannot be sent: neither the variant nor those that could stand in for it are live.
    pub(crate) nobody: Option<CallError>,
}

/// Finds the route, picks the variant and begins to observe the call.
pub(crate) async fn decide_call(
    call: &mut Call,
    principal: &Principal,
    asked: &Asked<'_>,
) -> Result<Decided, CallError> {
    if asked.name.is_empty() {
        return Err(CallError::invalid(
            "the call names no router; send its router_id (as model_name in ModelInfer)",
        ));
    }
    let route = call.route(asked.name, principal)?;
    let router = route.router.as_deref();
    let request_id = call.ensure_request_id();
    let of_metadata = call.entity_id()?;
    let entity_id = asked.field_entity_id.or(of_metadata.as_deref()).or(asked.parameter_entity_id);
    let Made { decision, noted, facts, rule_inputs } = match router {
        Some(router) => decide_router(call, &route, router, asked, entity_id)?,
        None => Made::of(decide_model(&route, asked.version)?),
    };
    let deadline = call.deadline(router);
    let diverted = match router {
        Some(router)
            if router.settings.fallback != Fallback::None
                && fallback::may_divert(&call.worker, &route, &decision) =>
        {
            // Rare, so that its state is no part of every call's.
            Box::pin(divert(call, router, &route, decision, deadline)).await
        }
        _ => Diverted::not(decision),
    };
    let Diverted { decision, decided_variant, nobody } = diverted;
    let details = RecordDetails {
        entity_id,
        request_id,
        trace_id: call.trace_id(),
        row_limit: asked.row_limit,
        decided_variant,
        noted,
        facts,
        rule_inputs,
    };
    let observation = Observation::new(&call.worker, &call.routes, &route, decision, call.started, details);
    let answer_name =
        router.filter(|router| router.settings.answer_router_name).map(|router| router.id.clone());
    Ok(Decided { observation, deadline, answer_name, nobody })
}

/// Finds who answers, and tells a bandit that its pick is not asked where another variant does.
async fn divert(
    call: &Call,
    router: &Router,
    route: &Route,
    decision: Decision,
    deadline: Instant,
) -> Diverted {
    let mut pick = PassedOver { bandit: route.bandit.as_deref(), thread: call.worker.index, decision };
    let diverted = fallback::divert(&call.worker, router, route, decision, deadline).await;
    if diverted.decided_variant.is_none() {
        // Its observation says what becomes of it.
        pick.bandit = None;
    }
    diverted
}

/// The pick of a call that another variant answers, or whose client goes while one is looked for: there is no observation
/// then that could tell of it.
struct PassedOver<'a> {
    bandit: Option<&'a LiveBandit>,
    thread: usize,
    decision: Decision,
}

impl Drop for PassedOver<'_> {
    fn drop(&mut self) {
        if let Some(bandit) = self.bandit {
            bandit.pass_over(self.thread, &self.decision);
        }
    }
}

/// What was decided, and what came with it.
struct Made {
    decision: Decision,
    noted: Noted,
    /// What records share that are drawn from the same table; none where the route's do.
    facts: Option<TableFacts>,
    /// What rules read, for the record.
    rule_inputs: Option<InputsText>,
}

impl Made {
    fn of(decision: Decision) -> Self {
        Self { decision, noted: Noted::default(), facts: None, rule_inputs: None }
    }
}

fn decide_router(
    call: &Call,
    route: &Route,
    router: &Router,
    asked: &Asked<'_>,
    entity_id: Option<&str>,
) -> Result<Made, CallError> {
    let version = asked.version;
    if router.settings.status != RouterStatus::Running {
        return Err(not_running(router));
    }
    if !version.is_empty() && router.settings.version_pinning == VersionPinning::Allow {
        let pinned = router.pinned(version).ok_or_else(|| unknown_version(router, version))?;
        return Ok(Made::of(Decision::given(pinned, Reason::Pin)));
    }
    let overridden = router.settings.traffic_override.and_then(|given| given.variant_at(utc_now_us()));
    if let Some(variant) = overridden {
        return Ok(Made::of(Decision::given(variant, Reason::Override)));
    }
    if let Some(bandit) = &route.bandit {
        let (request, thread) = (Request::of(entity_id), call.worker.index);
        let Drawn { decision, facts } = bandit.decide(thread, &request, &mut *call.worker.rng.borrow_mut());
        return Ok(Made { facts, ..Made::of(decision) });
    }
    if let Policy::Rules(_) = &router.policy {
        return decide_by_rules(call, route, router, asked.features, entity_id);
    }
    let decision = decide(router, &Request::of(entity_id), &mut *call.worker.rng.borrow_mut());
    Ok(Made::of(decision))
}

/// Apart, so that what rules read weighs on no other decision.
#[inline(never)]
fn decide_by_rules(
    call: &Call,
    route: &Route,
    router: &Router,
    features: Features<'_>,
    entity_id: Option<&str>,
) -> Result<Made, CallError> {
    let headers: &HeaderMap = &call.headers;
    let attributes = CallAttributes::new(features, headers, &route.rule_places, route.keeps_rule_inputs);
    let request = Request { entity_id, attributes: &attributes };
    let decision = decide(router, &request, &mut *call.worker.rng.borrow_mut());
    let (noted, rule_inputs) = attributes.finish()?;
    Ok(Made { noted, rule_inputs, ..Made::of(decision) })
}

fn decide_model(route: &Arc<Route>, version: &str) -> Result<Decision, CallError> {
    let production = route.targets.first().map_or("", |target| target.name.as_str());
    if version.is_empty() || version == production {
        return Ok(Decision::given(0, Reason::Production));
    }
    Err(CallError::new(
        Code::NotFound,
        format!(
            "model {}: version {version:?} is not its production version, {production}; leave model_version empty \
             or call a router that has a variant with it",
            route.id
        ),
    ))
}

pub(crate) fn not_running(router: &Router) -> CallError {
    let (id, status) = (&router.id, router.settings.status);
    let way_out = match status {
        RouterStatus::Stopped => format!("start it with 'pointsman routers start {id}'"),
        RouterStatus::Deploying => "try again in a moment".to_owned(),
        _ => format!("deploy it with 'pointsman routers deploy {id}'"),
    };
    CallError::new(
        Code::FailedPrecondition,
        format!("router {id} is {}, not running; {way_out}", status.as_str()),
    )
}

pub(crate) fn unknown_version(router: &Router, version: &str) -> CallError {
    let variants: Vec<&str> = router.variants.iter().map(|variant| variant.name.as_str()).collect();
    let shown: String = version.chars().take(128).collect();
    CallError::new(
        Code::NotFound,
        format!(
            "router {}: {shown:?} is neither a variant nor a variant's model version; it has {}; leave it empty to \
             let the router decide, or set version_pinning to ignore",
            router.id,
            variants.join(", ")
        ),
    )
}
