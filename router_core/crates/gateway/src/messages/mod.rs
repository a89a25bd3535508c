//! Messages of calls and how calls fail: reading, the memory they hold, statuses.

pub(crate) mod allowance;
pub(crate) mod budget;
pub(crate) mod error_details;
pub(crate) mod message;
pub(crate) mod status;
