//! Segments shipped to files of columns, merged, read, counted and decided again, from outside the crate.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test that sets it up")]

mod answer_notes;
mod call_count;
mod columns;
mod coverage;
mod golden;
mod merge;
#[cfg(feature = "fault-injection")]
mod power_cut;
mod replay;
mod replay_bandit;
mod replay_rules;
mod replay_sticky_bandit;
mod row_reader;
mod rows;
mod shadows;
mod ship;
mod shipper;
mod support;
mod tail;
mod whole_numbers;
