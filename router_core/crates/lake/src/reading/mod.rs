//! Rows of files and of the journal's tail.

pub(crate) mod newest;
pub(crate) mod projection;
pub(crate) mod row_groups;
pub(crate) mod row_reader;
pub(crate) mod stored_file;
pub(crate) mod stream;
pub(crate) mod tail;
pub(crate) mod threads;
