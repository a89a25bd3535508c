//! What sessions are made of: a file that was read once, or its path if its weights lie beside it.

use std::path::{Path, PathBuf};

use ort::{environment::Environment, session::Session};

use super::{OnnxError, external_data::ExternalData, session};

/// An ONNX file whose data files, if it has any, were found inside its folder.
#[derive(Debug)]
pub(super) struct Source {
    file: String,
    path: PathBuf,
    contents: Vec<u8>,
    external: Option<ExternalData>,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, OnnxError> {
        let file = path
            .file_name()
            .map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy())
            .into_owned();
        let refuse = |reason: String| OnnxError::File { file: file.clone(), reason };
        let unreadable = |error: std::io::Error| refuse(format!("cannot be read: {error}"));
        let path = path.canonicalize().map_err(unreadable)?;
        let contents = std::fs::read(&path).map_err(unreadable)?;
        let external = ExternalData::of(&path, &contents).map_err(refuse)?;
        Ok(Self { file, path, contents, external })
    }

    /// The file's name.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Makes a session.
    pub(super) fn session(&self, environment: &Environment) -> Result<Session, OnnxError> {
        session::create(&self.file, environment, |builder| match self.external {
            None => builder.commit_from_memory(&self.contents),
            // Of contents alone the library would look for data files in the working directory.
            Some(_) => builder.commit_from_file(&self.path),
        })
    }

    /// Refuses files that were not the same for all sessions.
    pub(super) fn check_unchanged(&self) -> Result<(), OnnxError> {
        let checked = self.external.as_ref().map_or(Ok(()), ExternalData::check_unchanged);
        checked.map_err(|reason| OnnxError::File { file: self.file.clone(), reason })
    }
}
