//! What the load peers share: the backend that echoes, the relay that sets the limit, the load they are under.

pub mod client;
pub mod flags;
pub mod histogram;
pub mod oip;
pub mod process;
pub mod programs;
pub mod scoring;

/// What ends a peer, in words for the person at the terminal.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
