//! The feature columns of models, and where their list is kept.

pub(crate) mod column_move;
pub(crate) mod registry;
pub(crate) mod schema_file;
