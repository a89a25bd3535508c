//! `pointsman._core`: the data plane as a Python extension. Thin: everything happens in the crates below.

mod allocator;
mod data_files;
mod engine;
mod errors;
mod lake;
mod limits;
mod prediction_id;
mod server;
mod signature;
mod target;

use pyo3::pymodule;

#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::{
        data_files::data_file_names,
        engine::{Engine, reallocate_slots},
        errors::{
            BackendError, BindError, CoreError, ForkedProcessError, InvalidConfigError,
            InvalidPredictionIdError, InvalidRequestError, InvalidSnapshotError, JournalError,
            ModelVersionError, PositionGoneError, StaleSnapshotError,
        },
        lake::{count_lake_calls, read_lake_rows},
        limits::{datatypes, limits},
        prediction_id::{DecodedPredictionId, decode_prediction_id},
        server::{ServerHandle, start_server},
        signature::signature_faults,
        target::target_fault,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::allocator::keep_freed_memory();
        module.add("BUILD_KIND", pointsman_gateway::BUILD_KIND)
    }
}
