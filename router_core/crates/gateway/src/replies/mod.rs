//! Answers on their way to clients.

pub(crate) mod answer_flow;
pub(crate) mod large_reply;
pub(crate) mod reply;
