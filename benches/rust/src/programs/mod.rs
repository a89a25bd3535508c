//! The programs of the one binary: linked once, for each would be optimised whole.

pub mod echo_backend;
pub mod feedback_load;
pub mod fill_journal;
pub mod load;
pub mod tcp_relay;
