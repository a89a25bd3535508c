//! `pointsman._core`: the data plane as a Python extension. Thin: everything happens in the crates below.

mod engine;
mod errors;
mod lake;
mod prediction_id;
mod server;

use pyo3::prelude::*;

/// Small, short-lived allocations of many threads are what the hot path makes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::{
        engine::{Engine, reallocate_slots},
        errors::{
            BackendError, BindError, CoreError, ForkedProcessError, InvalidConfigError,
            InvalidPredictionIdError, InvalidRequestError, InvalidSnapshotError, JournalError,
            PositionGoneError, StaleSnapshotError,
        },
        lake::{count_lake_calls, read_lake_rows},
        prediction_id::{DecodedPredictionId, decode_prediction_id},
        server::{ServerHandle, start_server},
    };
}
