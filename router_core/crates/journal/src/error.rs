//! What can go wrong with a journal, in words for its operator.

use std::{io, path::Path, sync::Arc};

use thiserror::Error;

/// Why the journal cannot do what it is asked.
#[derive(Debug, Clone, Error)]
pub enum JournalError {
    /// Nothing more fits; it heals by itself when there is room.
    #[error("the journal takes no more entries: {reason}; try again in a moment")]
    Full {
        /// What is full.
        reason: Arc<str>,
    },
    /// The disk did not confirm; what it says from now on cannot be trusted.
    #[error(
        "the journal has stopped because the disk failed: {reason}; nothing is acknowledged any more; check the disk, \
         then restart the server"
    )]
    Failed {
        /// What the system said.
        reason: Arc<str>,
    },
    /// The server is stopping.
    #[error("the journal is closed because the server stops; try again at another server")]
    Closed,
    /// Another process owns the folder.
    #[error(
        "the journal folder {folder} belongs to another running server; stop that one, or choose another data folder"
    )]
    Locked {
        /// The folder.
        folder: Arc<str>,
    },
    /// A file is no segment, or of another version.
    #[error("{path}: {reason}; move the file away to start without it")]
    Corrupt {
        /// The file.
        path: Arc<str>,
        /// What is wrong.
        reason: Arc<str>,
    },
    /// A file or folder cannot be used.
    #[error("{path}: {reason}")]
    Io {
        /// The file or folder.
        path: Arc<str>,
        /// What the system said.
        reason: Arc<str>,
    },
    /// The segments from a position on are not all here any more.
    #[error("position {position} was released; read again what is registered")]
    Gone {
        /// The position.
        position: u64,
    },
}

impl JournalError {
    /// A failure of the system at a path.
    #[must_use]
    pub fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.display().to_string().into(), reason: error.to_string().into() }
    }

    pub(crate) fn corrupt(path: &Path, reason: impl Into<Arc<str>>) -> Self {
        Self::Corrupt { path: path.display().to_string().into(), reason: reason.into() }
    }
}

/// Whether an error goes away when there is room again.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
