//! The server's own decision code without a server, for tests, notebooks and replay.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use pointsman_gateway::{decide_rows, decide_rows_by, replay_rows};
use pointsman_model::{Policy, Principal, Router, Scopes, Snapshot};
use pointsman_policy::{Decision, Reason};
use pointsman_wire::{Verifier, decode_router, decode_snapshot_update};
use pyo3::{prelude::*, types::PyBytes};
use rand::{SeedableRng, rngs::SmallRng};

use crate::{
    answer::answer,
    engine_bandits::Bandits,
    errors::{InvalidRequestError, InvalidSnapshotError, of_gateway},
};

/// How the encoded text of field 1 begins: a `RouterSnapshot` has one there, a `SnapshotUpdate` a number.
const TEXT_FIRST: u8 = 0x0a;

/// A published state and a random source.
#[pyclass(frozen, module = "pointsman._core")]
pub(crate) struct Engine {
    snapshot: Snapshot,
    bandits: Bandits,
    verifier: Option<Verifier>,
    rng: Mutex<SmallRng>,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(update: &[u8], seed: u64) -> PyResult<Self> {
        let invalid = |reason: String| InvalidSnapshotError::new_err(reason);
        let rng = Mutex::new(SmallRng::seed_from_u64(seed));
        if update.first() == Some(&TEXT_FIRST) {
            let router = decode_router(update).map_err(|error| invalid(error.to_string()))?;
            let mut snapshot = Snapshot::default();
            snapshot.routers.insert(router.id.clone(), Arc::new(router));
            let bandits = Bandits::new(&snapshot).map_err(|error| invalid(error.to_string()))?;
            return Ok(Self { snapshot, bandits, verifier: None, rng });
        }
        let mut update = decode_snapshot_update(update).map_err(|error| invalid(error.to_string()))?;
        update.complete = true;
        let snapshot = Snapshot::default().apply(&update).map_err(|error| invalid(error.to_string()))?;
        let verifier = update.signing_keys.as_deref().map(Verifier::new);
        let bandits = Bandits::new(&snapshot).map_err(|error| invalid(error.to_string()))?;
        Ok(Self { snapshot, bandits, verifier, rng })
    }

    fn check_feedback<'py>(
        &self,
        py: Python<'py>,
        call: &[u8],
        now_us: u64,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let check =
            || pointsman_gateway::check_feedback(&self.snapshot, self.verifier.as_ref(), call, now_us);
        let (answer, entries) = py.detach(check).map_err(of_gateway)?;
        Ok((PyBytes::new(py, &answer), PyBytes::new(py, &entries)))
    }

    fn rights(&self, router_id: &str, user_id: &str, admin: bool) -> PyResult<(bool, bool)> {
        let principal = caller(user_id, admin);
        let router = self.router(router_id)?;
        Ok((principal.may_read(router), principal.may_predict(router)))
    }

    fn model_rights(&self, model_id: &str, user_id: &str, admin: bool) -> PyResult<(bool, bool)> {
        let principal = caller(user_id, admin);
        let model = self.snapshot.production.get(model_id).ok_or_else(|| {
            InvalidRequestError::new_err(format!("model_id: {model_id:?} has no production version"))
        })?;
        Ok((principal.may_read(&**model), principal.may_predict(&**model)))
    }

    fn decide<'py>(&self, py: Python<'py>, router_id: &str, batch: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.router(router_id)?;
        answer(py, || {
            if let Some(variant) = overridden(router) {
                let given = Decision::given(variant, Reason::Override);
                return Ok(decide_rows_by(router, 0, batch, |_| given)?);
            }
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            if let Policy::Bandit(_) = &router.policy {
                return self.bandits.decide(router, &mut *rng, batch);
            }
            Ok(decide_rows(router, &mut *rng, batch)?)
        })
    }

    #[pyo3(signature = (router_id, variants, values, decided_at=None))]
    fn observe_rewards(
        &self,
        py: Python<'_>,
        router_id: &str,
        variants: Vec<String>,
        values: Vec<f64>,
        decided_at: Option<Vec<f64>>,
    ) -> PyResult<u64> {
        let router = self.router(router_id)?;
        let observe = || self.bandits.observe_rewards(router, &variants, &values, decided_at.as_deref());
        py.detach(observe).map_err(of_gateway)
    }

    fn arm_totals<'py>(&self, py: Python<'py>, router_id: &str) -> PyResult<(u64, Bound<'py, PyBytes>)> {
        let (sequence, totals) = self.bandits.arm_totals(self.router(router_id)?).map_err(of_gateway)?;
        Ok((sequence, PyBytes::new(py, &totals)))
    }

    fn merge_arm_totals(
        &self,
        router_id: &str,
        replica: u64,
        sequence: u64,
        totals: &[u8],
    ) -> PyResult<bool> {
        self.bandits.merge(self.router(router_id)?, replica, sequence, totals).map_err(of_gateway)
    }

    #[pyo3(signature = (router_id, seconds=None))]
    fn update(&self, py: Python<'_>, router_id: &str, seconds: Option<f64>) -> PyResult<Vec<f64>> {
        let router = self.router(router_id)?;
        py.detach(|| self.bandits.update(router, seconds)).map_err(of_gateway)
    }

    fn replay<'py>(&self, py: Python<'py>, router_id: &str, batch: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let router = self.router(router_id)?;
        answer(py, || Ok(replay_rows(router, batch)?))
    }
}

impl Engine {
    fn router(&self, router_id: &str) -> PyResult<&Router> {
        self.snapshot.routers.get(router_id).map(|router| &**router).ok_or_else(|| {
            InvalidRequestError::new_err(format!("router_id: {router_id:?} is not in the published state"))
        })
    }
}

/// The variant that an operator sends everything to now.
fn overridden(router: &Router) -> Option<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    router.settings.traffic_override?.variant_at(u64::try_from(now.as_micros()).ok()?)
}

/// Who calls, as far as rights go.
fn caller(user_id: &str, admin: bool) -> Principal {
    let none = Scopes::default();
    Principal { user_id: user_id.into(), key_id: "".into(), scopes: none, admin, withheld: none }
}
