//! Decisions made again from records, and made without a server.

mod attribute_columns;
mod bandit_table;
mod columns;
mod judge;
mod known;
pub(crate) mod offline;
pub(crate) mod replay;
mod row_features;
pub(crate) mod rule_inputs;
mod rules;
mod tally;
