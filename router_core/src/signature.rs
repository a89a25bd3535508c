//! The one check of what a signature says of itself, as Python asks it.

use pyo3::prelude::*;

use crate::errors::{of_gateway, pairs};

/// The fields of a `Signature` that cannot be right whatever its backend, each with the reason.
#[pyfunction]
pub(crate) fn signature_faults(signature: &[u8]) -> PyResult<Vec<(String, String)>> {
    pointsman_gateway::signature_faults(signature).map(pairs).map_err(of_gateway)
}
