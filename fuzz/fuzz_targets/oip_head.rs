//! Any bytes as a `ModelInferRequest`: scan, splice and walker against a protobuf reader.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../router_core/crates/wire/tests/oip_head/check.rs"]
mod check;

fuzz_target!(|message: &[u8]| check::check(message));
