//! The routing state with what serves it.

pub(crate) mod backends;
pub(crate) mod loaded_files;
pub(crate) mod onnx_target;
pub(crate) mod probe;
pub(crate) mod routes;
pub(crate) mod rule_places;
