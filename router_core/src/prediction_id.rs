//! Prediction ids as Python reads them.

use pointsman_wire::{PredictionId, Verifier};
use pyo3::prelude::*;

use crate::errors::{InvalidPredictionIdError, InvalidRequestError};

/// What a prediction id says.
#[pyclass(frozen, module = "pointsman._core")]
pub(crate) struct DecodedPredictionId(PredictionId);

#[pymethods]
impl DecodedPredictionId {
    #[getter]
    fn router_id(&self) -> &str {
        self.0.router_id.as_str()
    }

    #[getter]
    fn variant(&self) -> &str {
        self.0.variant.as_str()
    }

    #[getter]
    fn incarnation(&self) -> u64 {
        self.0.incarnation
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.0.epoch
    }

    #[getter]
    fn propensity(&self) -> f64 {
        self.0.propensity
    }

    #[getter]
    fn pinned(&self) -> bool {
        self.0.pinned
    }

    #[getter]
    fn row_limit(&self) -> u32 {
        self.0.row_limit
    }

    #[getter]
    fn time_us(&self) -> u64 {
        self.0.time_us()
    }

    #[getter]
    fn key_id(&self) -> u8 {
        self.0.key_id
    }
}

/// Verifies and reads a prediction id.
#[pyfunction]
pub(crate) fn decode_prediction_id(
    prediction_id: &str,
    signing_keys: &[u8],
) -> PyResult<DecodedPredictionId> {
    let keys = pointsman_wire::decode_signing_keys(signing_keys)
        .map_err(|error| InvalidRequestError::new_err(error.to_string()))?;
    let decoded = Verifier::new(&keys).decode(prediction_id);
    decoded.map(DecodedPredictionId).map_err(|error| InvalidPredictionIdError::new_err(error.to_string()))
}
