//! Several files into one.

pub(crate) mod merge;
pub(crate) mod merge_input;
