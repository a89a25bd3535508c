//! The data plane: takes calls, picks a variant, forwards, answers, counts.
//!
//! N worker threads, each with a runtime, connections and pools of its own. They share the published routing
//! state, limits and counters, but no lock on the way of a call.

mod build_kind;
mod clock;
mod config;
mod config_ranges;
mod error;
mod figures;
mod gathered_writes;
mod learning;
mod listener;
mod log_lines;
mod logging;
mod messages;
mod publishing;
mod recording;
mod replies;
mod routing;
mod server;
mod services;
mod shared;
mod tasks;
mod tonic_services;
mod upstream;
mod worker;
mod worker_thread;

pub use build_kind::BUILD_KIND;
pub use config::{Limits, ServerConfig};
pub use config_ranges::{RANGES, Range};
pub use error::GatewayError;
pub use learning::{assess_bandit, bandit_faults};
pub use logging::LogFormat;
pub use pointsman_inference::features::roundings;
pub use pointsman_journal::Start;
pub use pointsman_lake::{decide_rows, decide_rows_by, replay_rows};
pub use pointsman_model::ModelError;
pub use publishing::publisher::Published;
pub use recording::journal_config::JournalConfig;
pub use recording::lake_files::{
    count_lake_calls, count_lake_coverage, merge_lake_files, read_lake_rows, redecide, replay_lake_decisions,
};
pub use routing::onnx_target::FileFault;
pub use routing::probe::{data_file_names, signature_faults};
pub use server::Server;
pub use services::{check_feedback, explain_routing, rule_faults};
