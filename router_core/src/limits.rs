//! The limits that the control plane must agree with, as one table.

use std::collections::HashMap;

use pointsman_gateway::RANGES;
use pointsman_model::{CLOCK_SKEW_US, Datatype, MAX_ID_BYTES, MAX_METRICS, MAX_VARIANTS, Recording};
use pointsman_wire::MAX_ENTITY_ID_BYTES;
use pyo3::pyfunction;

/// The least and the most of every number of the configuration, and of what is fixed, by name.
#[pyfunction]
pub(crate) fn limits() -> HashMap<&'static str, (f64, f64)> {
    let fixed = [
        ("id_bytes", MAX_ID_BYTES),
        ("entity_id_bytes", MAX_ENTITY_ID_BYTES),
        ("router.variants", MAX_VARIANTS),
        ("router.metrics", MAX_METRICS),
        ("router.recording.max_body_bytes", Recording::MAX_BODY_BYTES),
        ("router.recording.exclude_features", Recording::MAX_EXCLUDED_FEATURES),
        ("clock_skew_us", CLOCK_SKEW_US as usize),
    ];
    let ranges = RANGES.iter().map(|range| (range.field, (range.least, range.most)));
    ranges.chain(fixed.map(|(name, most)| (name, (0.0, most as f64)))).collect()
}

/// The protocol's names of the element types of tensors.
#[pyfunction]
pub(crate) fn datatypes() -> Vec<&'static str> {
    Datatype::ALL.map(Datatype::as_str).to_vec()
}
