//! Answers that are bytes.

use pointsman_gateway::GatewayError;
use pyo3::{prelude::*, types::PyBytes};

use crate::errors::of_gateway;

/// Runs without the interpreter's lock what answers bytes.
pub(crate) fn answer<'py>(
    py: Python<'py>,
    run: impl Send + FnOnce() -> Result<Vec<u8>, GatewayError>,
) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &py.detach(run).map_err(of_gateway)?))
}
