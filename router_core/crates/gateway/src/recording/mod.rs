//! What is kept of calls: records, feedback, the journal behind them.

pub(crate) mod backend_time;
pub(crate) mod erased;
pub(crate) mod feedback_waiters;
pub(crate) mod hand_over;
pub(crate) mod journal;
pub(crate) mod journal_config;
pub(crate) mod lake_files;
pub(crate) mod observation;
pub(crate) mod records;
pub(crate) mod shadow_record;
