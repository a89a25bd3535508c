//! The lake: segments of the journal into Parquet files, their rows while they are in none, and files merged.

mod answer;
mod answer_columns;
mod call;
mod cell;
mod columns;
mod content;
mod decision_columns;
mod entry;
mod error;
mod feature_column;
mod feature_rows;
mod fields;
mod file_writer;
mod input_plan;
mod json_value;
mod merge;
mod merge_input;
mod newest;
mod paths;
mod priority;
mod route;
mod rows;
mod schema;
mod ship;
mod shipper;
mod stored_file;
mod surplus;
mod table;
mod tail;
mod tensor;

pub use columns::ColumnRegistry;
pub use error::LakeError;
pub use merge::merge_files;
pub use ship::{Destination, ship_segment};
pub use shipper::{Shipper, ShipperStatus};
pub use tail::read_tail;
