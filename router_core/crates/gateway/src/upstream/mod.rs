//! Connections to backends: pools of endpoints for each target and worker, and one exchange on them.

pub(crate) mod admission;
mod arriving;
mod connection;
pub(crate) mod control;
mod endpoint;
mod exchange;
mod expectation;
pub(crate) mod forward_metadata;
mod pool;
mod settings;
mod socket;

pub(crate) use arriving::Arriving;
pub(crate) use connection::{CONNECTION_WINDOW_BYTES, MAX_FRAME_BYTES, STREAM_WINDOW_BYTES};
pub(crate) use exchange::{Answer, Outgoing, Place, broken, exchange, garbage, gather_large};
pub(crate) use pool::Pool;
pub(crate) use settings::PoolSettings;
