//! Counters of calls, and what metrics and logs say of them.

pub(crate) mod call_log;
pub(crate) mod counters;
pub(crate) mod journal_metrics;
pub(crate) mod metrics;
mod series;
pub(crate) mod series_ages;
pub(crate) mod shadow_metrics;
pub(crate) mod shadow_stats;
pub(crate) mod stats;
