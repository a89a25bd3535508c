//! Questions about files of the lake.

use std::path::PathBuf;

use pyo3::{prelude::*, types::PyBytes};

use crate::server::answer;

/// Answers a `RowsQuery` with its `RowsAnswer`.
#[pyfunction]
pub(crate) fn read_lake_rows<'py>(
    py: Python<'py>,
    lake_folder: PathBuf,
    query: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    answer(py, || pointsman_gateway::read_lake_rows(&lake_folder, query))
}

/// Answers a `CountQuery` with its `CallCounts`.
#[pyfunction]
pub(crate) fn count_lake_calls<'py>(
    py: Python<'py>,
    lake_folder: PathBuf,
    query: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    answer(py, || pointsman_gateway::count_lake_calls(&lake_folder, query))
}
