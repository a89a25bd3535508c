//! Slot tables, as Python gives and takes them.

use pointsman_policy::reallocate_slots as reallocate;
use pyo3::prelude::*;

use crate::errors::InvalidRequestError;

/// Moves the fewest slots so that each variant holds its share of them.
#[pyfunction]
#[pyo3(signature = (slot_runs, shares, former=Vec::new()))]
pub(crate) fn reallocate_slots(
    slot_runs: Vec<u32>,
    shares: Vec<f64>,
    former: Vec<Vec<u32>>,
) -> PyResult<(Vec<u32>, u16)> {
    let runs = paired(&slot_runs, "slot_runs")?;
    let former: Vec<_> = former
        .iter()
        .enumerate()
        .map(|(index, runs)| paired(runs, &format!("former[{index}]")))
        .collect::<PyResult<_>>()?;
    let reallocation = reallocate(&runs, &shares, &former)
        .map_err(|error| InvalidRequestError::new_err(error.to_string()))?;
    let runs = reallocation.runs.into_iter();
    Ok((
        runs.flat_map(|(variant, length)| [u32::from(variant), u32::from(length)]).collect(),
        reallocation.moved,
    ))
}

/// Reads variant and length in turn.
fn paired(slot_runs: &[u32], field: &str) -> PyResult<Vec<(u16, u16)>> {
    if !slot_runs.len().is_multiple_of(2) {
        return Err(InvalidRequestError::new_err(format!(
            "{field}: variant and length come in turn; the last length is missing"
        )));
    }
    let mut runs = Vec::with_capacity(slot_runs.len() / 2);
    for (index, pair) in slot_runs.chunks_exact(2).enumerate() {
        let &[variant, length] = pair else { continue };
        let length = u16::try_from(length).map_err(|_| {
            InvalidRequestError::new_err(format!(
                "{field}[{}]: {length} is more than 10000 slots",
                index * 2 + 1
            ))
        })?;
        // Beyond every share is where variants that went away are; which one it was does not matter.
        runs.push((u16::try_from(variant).unwrap_or(u16::MAX), length));
    }
    Ok(runs)
}
