//! The checks of what users say of models: each is made in one place, and Python asks for it.

use pyo3::{prelude::*, types::PyBytes};

use crate::errors::{of_gateway, pairs};

/// What is wrong with the target of a backend; empty when nothing is.
#[pyfunction]
pub(crate) fn target_fault(target: &str) -> String {
    pointsman_model::check_target(target).err().unwrap_or_default()
}

/// The fields of a `Signature` that cannot be right whatever its backend, each with the reason.
#[pyfunction]
pub(crate) fn signature_faults(signature: &[u8]) -> PyResult<Vec<(String, String)>> {
    pointsman_gateway::signature_faults(signature).map(pairs).map_err(of_gateway)
}

/// Every field of the rules of a `RuleCheck` that is wrong, each with the reason.
#[pyfunction]
pub(crate) fn rule_faults(py: Python<'_>, check: &[u8]) -> PyResult<Vec<(String, String)>> {
    py.detach(|| pointsman_gateway::rule_faults(check)).map(pairs).map_err(of_gateway)
}

/// A number as FP32, FP16 and BF16 have it, in this order.
#[pyfunction]
pub(crate) fn roundings(number: f64) -> (f64, f64, f64) {
    pointsman_gateway::roundings(number).into()
}

/// Every field of the bandit of a `Router` that is wrong, each with the reason.
#[pyfunction]
pub(crate) fn bandit_faults(router: &[u8]) -> PyResult<Vec<(String, String)>> {
    pointsman_gateway::bandit_faults(router).map(pairs).map_err(of_gateway)
}

/// Weighs the arms of `RouterTotals` by the bandit of a `Router`; answers a `BanditAssessment`.
#[pyfunction]
pub(crate) fn assess_bandit<'py>(
    py: Python<'py>,
    router: &[u8],
    totals: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let answer = py.detach(|| pointsman_gateway::assess_bandit(router, totals)).map_err(of_gateway)?;
    Ok(PyBytes::new(py, &answer))
}

/// How the router of a `RoutingCase` would decide its call.
#[pyfunction]
pub(crate) fn explain_routing<'py>(py: Python<'py>, case: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let answer = py.detach(|| pointsman_gateway::explain_routing(case)).map_err(of_gateway)?;
    Ok(PyBytes::new(py, &answer))
}
