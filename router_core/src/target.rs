//! The one check of backend targets, as Python asks it.

use pyo3::prelude::*;

/// What is wrong with a target; empty when nothing is.
#[pyfunction]
pub(crate) fn target_fault(target: &str) -> String {
    pointsman_model::check_target(target).err().unwrap_or_default()
}
