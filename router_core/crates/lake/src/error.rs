//! What can go wrong with the lake, in words for its operator.

use std::{io, path::Path};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use pointsman_journal::JournalError;
use thiserror::Error;

/// Why the lake cannot do what it is asked.
#[derive(Debug, Error)]
pub enum LakeError {
    /// A file or folder cannot be used.
    #[error("{path}: {source}; see that the lake's folder can be written and has room")]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file is no Parquet file, or cannot be written as one.
    #[error("{path}: {source}")]
    Parquet {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: ParquetError,
    },
    /// A file was replaced since its name was read.
    #[error("{path} is not there any more; read the manifest again")]
    FileGone {
        /// The file, below the lake's folder.
        path: String,
    },
    /// There is no thread for a piece of work.
    #[error("the system gives no thread: {0}; see its limits of processes and memory")]
    Thread(io::Error),
    /// Rows do not fit together.
    #[error("rows of the lake: {0}")]
    Arrow(#[from] ArrowError),
    /// A segment cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The list of a model's feature columns cannot be read.
    #[error(
        "{path}: {reason}; restore the file from a backup: it fixes the types of the model's feature columns"
    )]
    Columns {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The list of a model's feature columns has grown since it was read.
    #[error("{path}: another server has added columns; they are read and the segment is tried again")]
    ColumnsGrown {
        /// The file.
        path: String,
    },
    /// A request names what the lake does not have.
    #[error("{field}: {value:?} {reason}")]
    Request {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
}

impl LakeError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.display().to_string(), source }
    }

    pub(crate) fn parquet(path: &Path, source: ParquetError) -> Self {
        Self::Parquet { path: path.display().to_string(), source }
    }
}
