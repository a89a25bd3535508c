//! The data plane: takes calls, picks a variant, forwards, answers, counts.
//!
//! N worker threads, each with a runtime, connections and pools of its own. They share the published routing
//! state, limits and counters, but no lock on the way of a call.

mod acceptor;
mod admission;
mod allowance;
mod answer_flow;
mod auth;
mod backends;
mod budget;
mod build_kind;
mod call_log;
mod call_task;
mod client;
mod config;
mod config_ranges;
mod connection;
mod control;
mod counters;
mod error;
mod error_details;
mod feedback_waiters;
mod forward_metadata;
mod hand_over;
mod journal;
mod journal_config;
mod journal_metrics;
mod keepalive;
mod key_shares;
mod lake_queries;
mod large_reply;
mod loaded_files;
mod logging;
mod message;
mod metrics;
mod observation;
mod preface;
mod probe;
mod publisher;
mod records;
mod reply;
mod routes;
mod series_ages;
mod server;
mod services;
mod shared;
mod state_file;
mod stats;
mod status;
mod tasks;
mod tonic_services;
mod upstream;
mod worker;
mod worker_thread;

pub use build_kind::BUILD_KIND;
pub use config::{Limits, ServerConfig};
pub use config_ranges::{RANGES, Range};
pub use error::GatewayError;
pub use journal_config::JournalConfig;
pub use lake_queries::{count_lake_calls, read_lake_rows};
pub use pointsman_journal::Start;
pub use pointsman_model::ModelError;
pub use probe::signature_faults;
pub use publisher::Published;
pub use server::Server;
pub use services::check_feedback;
