//! The one reading of what lies beside an ONNX file, as Python asks for it.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::errors::of_gateway;

/// What an ONNX file calls its data files; none if all its weights lie within it.
#[pyfunction]
pub(crate) fn data_file_names(py: Python<'_>, path: PathBuf) -> PyResult<Vec<String>> {
    py.detach(|| pointsman_gateway::data_file_names(&path)).map_err(of_gateway)
}
