//! Decisions: which variant a call goes to, and with what probability.
//!
//! No I/O, no async, and no allocation while deciding.

mod decide;
mod homeward;
mod reallocate;
mod slot_counts;

pub use decide::{Decision, RandomisedBy, Reason, Request, decide, slot_of_unit};
pub use reallocate::{Reallocation, ReallocationError, reallocate_slots};
