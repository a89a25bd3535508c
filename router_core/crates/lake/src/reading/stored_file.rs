//! A file of the lake as the Parquet reader wants it.

use std::{
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use parquet::{
    arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions},
    errors::ParquetError,
    file::{
        metadata::PageIndexPolicy,
        reader::{ChunkReader, Length},
    },
};
use pointsman_journal::files::{Files, ReadFile};

use crate::{error::LakeError, paths::FilePath};

/// A file that several readers read, each at its own place.
#[derive(Clone)]
pub(crate) struct StoredFile {
    file: Arc<Mutex<Box<dyn ReadFile>>>,
    length: u64,
}

impl StoredFile {
    pub(crate) fn open(files: &dyn Files, path: &Path) -> io::Result<Self> {
        let file = files.read(path)?;
        let length = file.length()?;
        Ok(Self { file: Arc::new(Mutex::new(file)), length })
    }

    /// Opens a file that the manifest listed, which may have been replaced since; answers what its footer says, too.
    pub(crate) fn open_registered(
        files: &dyn Files,
        lake_folder: &Path,
        path: &str,
    ) -> Result<(Self, ArrowReaderMetadata), LakeError> {
        let whole = FilePath::parse("files", path)?.below(lake_folder);
        let file = Self::open(files, &whole).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LakeError::FileGone { path: path.to_owned() },
            _ => LakeError::io(&whole, error),
        })?;
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options)
            .map_err(|error| LakeError::parquet(Path::new(path), error))?;
        Ok((file, metadata))
    }

    /// Says what will be read soon.
    pub(crate) fn prefetch(&self, start: u64, length: u64) {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).prefetch(start, length);
    }
}

/// A reader of a file from a place on.
pub(crate) struct Place {
    file: StoredFile,
    at: u64,
}

impl Read for Place {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Length for StoredFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for StoredFile {
    type T = BufReader<Place>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Place { file: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = Vec::with_capacity(length);
        Place { file: self.clone(), at: start }.take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() == length {
            return Ok(bytes.into());
        }
        Err(ParquetError::EOF(format!("{length} bytes at {start} of a file of {}", self.length)))
    }
}
