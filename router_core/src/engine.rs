//! The server's own decision code without a server, for tests, notebooks and replay.

use std::sync::{Mutex, PoisonError};

use pointsman_model::{Principal, Router, Scopes, Snapshot};
use pointsman_policy::{Request, decide};
use pointsman_wire::Verifier;
use pyo3::{prelude::*, types::PyBytes};
use rand::{SeedableRng, rngs::SmallRng};

use crate::errors::{InvalidRequestError, InvalidSnapshotError, of_gateway};

/// Variant, propensity, reason and slot.
type Decided = (String, f64, &'static str, Option<u16>);

/// A published state and a random source.
#[pyclass(frozen, module = "pointsman._core")]
pub(crate) struct Engine {
    snapshot: Snapshot,
    verifier: Option<Verifier>,
    rng: Mutex<SmallRng>,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(update: &[u8], seed: u64) -> PyResult<Self> {
        let invalid = |reason: String| InvalidSnapshotError::new_err(reason);
        let mut update =
            pointsman_wire::decode_snapshot_update(update).map_err(|error| invalid(error.to_string()))?;
        update.complete = true;
        let snapshot = Snapshot::default().apply(&update).map_err(|error| invalid(error.to_string()))?;
        let verifier = update.signing_keys.as_deref().map(Verifier::new);
        Ok(Self { snapshot, verifier, rng: Mutex::new(SmallRng::seed_from_u64(seed)) })
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

    fn decide(
        &self,
        py: Python<'_>,
        router_id: &str,
        entity_ids: Vec<Option<String>>,
    ) -> PyResult<Vec<Decided>> {
        let router = self.router(router_id)?;
        Ok(py.detach(|| {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            let one = |entity_id: &Option<String>| {
                let decision = decide(router, &Request::of(entity_id.as_deref()), &mut *rng);
                let variant = router.variants.get(usize::from(decision.variant));
                let name = variant.map(|variant| variant.name.to_string()).unwrap_or_default();
                (name, decision.propensity, decision.reason.as_str(), decision.slot)
            };
            entity_ids.iter().map(one).collect()
        }))
    }
}

impl Engine {
    fn router(&self, router_id: &str) -> PyResult<&Router> {
        self.snapshot.routers.get(router_id).map(|router| &**router).ok_or_else(|| {
            InvalidRequestError::new_err(format!("router_id: {router_id:?} is not in the published state"))
        })
    }
}

/// Who calls, as far as rights go.
fn caller(user_id: &str, admin: bool) -> Principal {
    Principal { user_id: user_id.into(), key_id: "".into(), scopes: Scopes::default(), admin }
}
