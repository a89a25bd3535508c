//! A model's columns as a Parquet file without rows: by it, other programs read files of which each has a part of them.

use std::{
    io,
    path::{Path, PathBuf},
};

use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use pointsman_journal::files::Files;

use crate::{
    columns::registry::Column,
    error::LakeError,
    reading::stored_file::StoredFile,
    schema::{feature_field, full_schema},
    shipping::file_writer::FileWriter,
};

/// Writes the file; it is there whole or not at all.
pub(crate) fn write(files: &dyn Files, path: PathBuf, columns: &[Column]) -> Result<(), LakeError> {
    FileWriter::create(files, path, schema_of(columns))?.finish().map(drop)
}

/// Writes the file unless it says the same already.
pub(crate) fn write_if_changed(
    files: &dyn Files,
    path: PathBuf,
    columns: &[Column],
) -> Result<(), LakeError> {
    let wanted = schema_of(columns);
    if read(files, &path)?.is_some_and(|stored| stored.fields() == wanted.fields()) {
        return Ok(());
    }
    FileWriter::create(files, path, wanted)?.finish().map(drop)
}

/// What the file says; none when there is no such file, or none that can be read.
fn read(files: &dyn Files, path: &Path) -> Result<Option<Schema>, LakeError> {
    let file = match StoredFile::open(files, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| LakeError::io(path, error))?,
    };
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
    Ok(metadata.ok().map(|metadata| metadata.schema().as_ref().clone()))
}

fn schema_of(columns: &[Column]) -> SchemaRef {
    full_schema(columns.iter().map(|column| feature_field(&column.name, column.kind)))
}
