//! Any bytes as a segment of the journal: reading ends, finds what was written, and never gives what was not.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../router_core/crates/journal/tests/segment/check.rs"]
mod check;

fuzz_target!(|bytes: &[u8]| check::check(bytes));
