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
mod fields;
mod file_writer;
mod input_plan;
mod json_value;
mod paths;
mod route;
mod rows;
mod schema;
mod ship;
mod surplus;
mod table;
mod tensor;

pub use columns::ColumnRegistry;
pub use error::LakeError;
pub use ship::{Destination, ship_segment};
