//! A segment as its log knows it.

use std::path::PathBuf;

/// One file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The position at which it begins.
    pub start: u64,
    /// The position behind what is written of it.
    pub end: u64,
    /// Whether it is complete and on disk.
    pub sealed: bool,
    /// When it was made, in UTC microseconds.
    pub created_us: u64,
    /// Where it is.
    pub path: PathBuf,
}
