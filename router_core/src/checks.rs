//! The checks of what users say of models: each is made in one place, and Python asks for it.

use pyo3::prelude::*;

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
