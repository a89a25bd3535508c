//! The server's own decision code without a server, for tests, notebooks and replay.

use std::sync::{Mutex, PoisonError};

use pointsman_model::{Principal, Router, Scopes, Snapshot};
use pointsman_policy::{Request, decide, reallocate_slots as reallocate};
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
                let decision = decide(router, &Request { entity_id: entity_id.as_deref() }, &mut *rng);
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

/// Moves the fewest slots so that each variant holds its share of them.
#[pyfunction]
#[pyo3(signature = (slot_runs, shares, former=Vec::new()))]
pub(crate) fn reallocate_slots(
    slot_runs: Vec<u32>,
    shares: Vec<f64>,
    former: Vec<Vec<u32>>,
) -> PyResult<(Vec<u32>, u16)> {
    let runs = paired(&slot_runs, "slot_runs")?;
    let former: Vec<_> = former
        .iter()
        .enumerate()
        .map(|(index, runs)| paired(runs, &format!("former[{index}]")))
        .collect::<PyResult<_>>()?;
    let reallocation = reallocate(&runs, &shares, &former)
        .map_err(|error| InvalidRequestError::new_err(error.to_string()))?;
    let runs = reallocation.runs.into_iter();
    Ok((
        runs.flat_map(|(variant, length)| [u32::from(variant), u32::from(length)]).collect(),
        reallocation.moved,
    ))
}

/// Reads variant and length in turn.
fn paired(slot_runs: &[u32], field: &str) -> PyResult<Vec<(u16, u16)>> {
    if !slot_runs.len().is_multiple_of(2) {
        return Err(InvalidRequestError::new_err(format!(
            "{field}: variant and length come in turn; the last length is missing"
        )));
    }
    let mut runs = Vec::with_capacity(slot_runs.len() / 2);
    for (index, pair) in slot_runs.chunks_exact(2).enumerate() {
        let &[variant, length] = pair else { continue };
        let length = u16::try_from(length).map_err(|_| {
            InvalidRequestError::new_err(format!(
                "{field}[{}]: {length} is more than 10000 slots",
                index * 2 + 1
            ))
        })?;
        // Beyond every share is where variants that went away are; which one it was does not matter.
        runs.push((u16::try_from(variant).unwrap_or(u16::MAX), length));
    }
    Ok(runs)
}
