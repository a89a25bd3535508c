//! The lake: segments of the journal into Parquet files, their rows while they are in none, and files merged.

mod calls;
mod columns;
mod counting;
mod error;
mod merging;
mod paths;
mod reading;
mod schema;
mod shipping;
mod tables;

pub use columns::registry::ColumnRegistry;
pub use counting::call_count::count_calls;
pub use error::LakeError;
pub use merging::merge::merge_files;
pub use reading::{row_reader::read_rows, tail::read_tail};
pub use shipping::{
    destination::Destination,
    ship::ship_segment,
    shipper::{Shipper, ShipperStatus},
};
