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

/// How the router of a `RoutingCase` would decide its call.
#[pyfunction]
pub(crate) fn explain_routing<'py>(py: Python<'py>, case: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let answer = py.detach(|| pointsman_gateway::explain_routing(case)).map_err(of_gateway)?;
    Ok(PyBytes::new(py, &answer))
}
