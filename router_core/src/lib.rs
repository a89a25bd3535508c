//! `pointsman._core`: the core as a Python extension. Thin: everything happens in the crates below.
//!
//! `server` holds one replica, a running server; all else is functions that need none.

mod allocator;
mod answer;
mod checks;
mod data_files;
mod engine;
mod engine_bandits;
mod errors;
mod lake;
mod limits;
mod pacing;
mod prediction_id;
mod server;
mod slots;

use pyo3::pymodule;

#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::{
        checks::{
            assess_bandit, bandit_faults, explain_routing, roundings, rule_faults, signature_faults,
            target_fault,
        },
        data_files::data_file_names,
        engine::Engine,
        errors::{
            BackendError, BindError, CoreError, ForkedProcessError, InvalidConfigError,
            InvalidPredictionIdError, InvalidRequestError, InvalidSnapshotError, JournalError,
            ModelVersionError, PositionGoneError, StaleSnapshotError,
        },
        lake::{
            count_lake_calls, count_lake_coverage, merge_lake_files, read_lake_rows, redecide,
            replay_lake_decisions,
        },
        limits::{datatypes, limits},
        pacing::{Pacing, begin_pacing},
        prediction_id::{DecodedPredictionId, decode_prediction_id},
        server::{ServerHandle, start_server},
        slots::reallocate_slots,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::allocator::keep_freed_memory();
        module.add("BUILD_KIND", pointsman_gateway::BUILD_KIND)
    }
}
