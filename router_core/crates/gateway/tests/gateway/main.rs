//! The data plane from outside: a real server on a free port, a client and backends written here.
//!
//! Nothing sleeps: a backend hands each call to its test and answers when told to.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

mod access;
mod backend;
mod balance;
mod bandits;
mod cancel;
mod client;
mod control;
mod fallback;
mod feedback;
mod infer;
mod lifecycle;
mod limits;
mod listener;
mod metrics;
mod orderly_end;
mod records;
mod refuse;
mod refused;
mod rules;
mod services;
mod shadows;
mod shadows_compared;
mod storm;
mod unread;
mod world;

#[path = "../../../inference/tests/inference/support/files.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "only where the library is, is asked for here")]
mod onnx_files;
