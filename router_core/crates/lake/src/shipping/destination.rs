//! Where segments are shipped to.

use std::path::Path;

use pointsman_journal::files::Files;

use crate::columns::registry::ColumnRegistry;

/// Where segments are shipped to.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The file system of the lake.
    pub files: &'a dyn Files,
    /// The columns of the lake's models.
    pub registry: &'a ColumnRegistry,
    /// The lake's folder.
    pub lake_folder: &'a Path,
    /// The journal that the segments are of.
    pub journal_id: &'a str,
}
