//! The calls of a window.

pub(crate) mod call_batches;
pub(crate) mod call_columns;
pub(crate) mod call_constants;
pub(crate) mod call_count;
pub(crate) mod call_counter;
pub(crate) mod coverage;
pub(crate) mod entity_sample;
pub(crate) mod histogram;
pub(crate) mod with_feedback;
