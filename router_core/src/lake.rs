//! Files of the lake: reading, counting and merging them needs no server.

use std::path::PathBuf;

use pyo3::{prelude::*, types::PyBytes};

use crate::answer::answer;

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

/// Answers a `CoverageQuery` with its `CoverageCounts`.
#[pyfunction]
pub(crate) fn count_lake_coverage<'py>(
    py: Python<'py>,
    lake_folder: PathBuf,
    query: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    answer(py, || pointsman_gateway::count_lake_coverage(&lake_folder, query))
}

/// Writes one file from those of a `MergeRequest`; answers its `LakeFile`.
#[pyfunction]
pub(crate) fn merge_lake_files<'py>(
    py: Python<'py>,
    lake_folder: PathBuf,
    request: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    answer(py, || pointsman_gateway::merge_lake_files(&lake_folder, request))
}

/// Answers a `ReplayQuery` with its `ReplayAnswer`.
#[pyfunction]
pub(crate) fn replay_lake_decisions<'py>(
    py: Python<'py>,
    lake_folder: PathBuf,
    query: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    answer(py, || pointsman_gateway::replay_lake_decisions(&lake_folder, query))
}

/// Answers a `RedecisionQuery` with its `Redecision`.
#[pyfunction]
pub(crate) fn redecide<'py>(py: Python<'py>, query: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    answer(py, || pointsman_gateway::redecide(query))
}
