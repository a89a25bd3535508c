//! The one check of what signatures say of classes, as Python asks it.

use pyo3::prelude::*;

use crate::errors::of_gateway;

/// The field of a `Signature` that contradicts another one about its classes, and why; none when nothing does.
#[pyfunction]
pub(crate) fn signature_fault(signature: &[u8]) -> PyResult<Option<(String, String)>> {
    let fault = pointsman_gateway::signature_fault(signature).map_err(of_gateway)?;
    Ok(fault.map(|error| (error.field, error.reason)))
}
