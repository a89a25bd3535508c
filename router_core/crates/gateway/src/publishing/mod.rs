//! Changes of the routing state: put into effect, and kept for a restart.

pub(crate) mod publisher;
pub(crate) mod state_file;
