//! The lake: segments of the journal into Parquet files, their rows while they are in none, files merged,
//! and recorded decisions made again.

mod calls;
mod columns;
mod counting;
mod deciding;
mod error;
mod merging;
mod paths;
mod reading;
mod schema;
mod shipping;
mod tables;

pub use calls::input_plan::is_left_out;
pub use columns::registry::ColumnRegistry;
pub use counting::{call_count::count_calls, coverage::count_coverage};
pub use deciding::{
    offline::{OfflineError, decide_rows, decide_rows_by, replay_rows},
    replay::{redecide, replay_decisions},
    rule_inputs::{InputsText, MAX_INPUT_BYTES, RuleInputs},
};
pub use error::LakeError;
pub use merging::merge::merge_files;
pub use reading::{row_reader::read_rows, tail::read_tail};
pub use shipping::{
    destination::Destination,
    priority::lower_priority,
    ship::ship_segment,
    shipper::{Shipper, ShipperStatus},
};
