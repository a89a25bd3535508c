//! The journal: logs of entries in segments, each entry checked by CRC-32C, committed in groups.

mod entry;
mod error;
pub mod fault;
mod feedback;
pub mod files;
mod folder;
mod frame;
mod log;
mod prediction;
mod queue;
mod reader;
mod segment;
mod segment_routes;
mod segments;
mod starts;
mod status;
mod writer;

pub use entry::{Entry, FEEDBACK, Guard, PREDICTION, ROUTE, RouteFacts, StoredEntry};
pub use error::JournalError;
pub use feedback::read_feedback;
pub use folder::JournalFolder;
pub use frame::{Frame, HEADER_BYTES, MAX_PAYLOAD_BYTES, SegmentHeader, put_frame};
pub use log::{Commit, Log};
pub use prediction::EncodedPrediction;
pub use queue::LogSettings;
pub use reader::SegmentReader;
pub use segment::SegmentInfo;
pub use segment_routes::SegmentRoutes;
pub use starts::Start;
pub use status::{LogStatus, SYNC_BOUNDS_NANOS};
