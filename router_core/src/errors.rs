//! One exception tree, and the one mapping into it.

use pointsman_gateway::{GatewayError, ModelError};
use pyo3::{PyErr, create_exception, exceptions::PyException};

create_exception!(pointsman._core, CoreError, PyException, "Any failure of the data plane.");
create_exception!(
    pointsman._core,
    InvalidConfigError,
    CoreError,
    "The configuration names a wrong field or value."
);
create_exception!(pointsman._core, BindError, CoreError, "The address cannot be listened on.");
create_exception!(
    pointsman._core,
    ForkedProcessError,
    CoreError,
    "The handle was used in a child made by fork."
);
create_exception!(pointsman._core, InvalidSnapshotError, CoreError, "A published change is not valid.");
create_exception!(pointsman._core, StaleSnapshotError, CoreError, "The change builds on another generation.");
create_exception!(pointsman._core, BackendError, CoreError, "A backend could not be asked.");
create_exception!(
    pointsman._core,
    ModelVersionError,
    CoreError,
    "Fields of a model version that its backend contradicts; the argument lists fields with reasons."
);
create_exception!(pointsman._core, InvalidRequestError, CoreError, "An argument is out of range.");
create_exception!(
    pointsman._core,
    JournalError,
    CoreError,
    "The journal or the lake cannot do what is asked."
);
create_exception!(
    pointsman._core,
    PositionGoneError,
    CoreError,
    "Segments that are asked for were released meanwhile, or files replaced."
);
create_exception!(pointsman._core, InvalidPredictionIdError, CoreError, "A prediction id is not ours.");

/// The exception for a failure of the server.
pub(crate) fn of_gateway(error: GatewayError) -> PyErr {
    let text = error.to_string();
    match error {
        GatewayError::InvalidConfig { .. } => InvalidConfigError::new_err(text),
        GatewayError::Bind { .. } => BindError::new_err(text),
        GatewayError::InvalidSnapshot(_) => InvalidSnapshotError::new_err(text),
        GatewayError::StaleSnapshot(_) => StaleSnapshotError::new_err(text),
        GatewayError::Backend(_) => BackendError::new_err(text),
        GatewayError::ModelVersion(faults) => ModelVersionError::new_err((pairs(faults),)),
        GatewayError::InvalidRequest(_) => InvalidRequestError::new_err(text),
        GatewayError::PositionGone(_) => PositionGoneError::new_err(text),
        GatewayError::Journal(_) => JournalError::new_err(text),
    }
}

/// Fields with what is wrong with them.
pub(crate) fn pairs(faults: Vec<ModelError>) -> Vec<(String, String)> {
    faults.into_iter().map(|fault| (fault.field, fault.reason)).collect()
}
