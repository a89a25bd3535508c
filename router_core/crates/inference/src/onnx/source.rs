//! What sessions are made of: a file that was read once, or its path if its weights lie beside it.

use std::path::{Path, PathBuf};

use ort::{environment::Environment, session::Session};
use pointsman_model::{ClassList, Datatype, TensorSpec};

use super::{
    OnnxError,
    class_list::class_list,
    external_data::data_files,
    identity::{FileIdentity, Stamp},
    session,
};

/// An ONNX file whose data files, if it has any, were found inside its folder.
#[derive(Debug)]
pub(super) struct Source {
    file: String,
    path: PathBuf,
    contents: Vec<u8>,
    has_data_files: bool,
    identity: FileIdentity,
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
        // Before the first byte is read: what changes from here on is noticed.
        let stamp = Stamp::of(&path).map_err(unreadable)?;
        let contents = std::fs::read(&path).map_err(unreadable)?;
        let data = data_files(&path, &contents).map_err(refuse)?;
        let has_data_files = !data.is_empty();
        let identity = FileIdentity::of((path.clone(), stamp), &contents, data).map_err(unreadable)?;
        Ok(Self { file, path, contents, has_data_files, identity })
    }

    /// The file's name.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// What the file is known by.
    pub(super) const fn identity(&self) -> &FileIdentity {
        &self.identity
    }

    /// Makes a session.
    pub(super) fn session(&self, environment: &Environment) -> Result<Session, OnnxError> {
        session::create(&self.file, environment, |builder| {
            if self.has_data_files {
                // Of contents alone the library would look for data files in the working directory.
                builder.commit_from_file(&self.path)
            } else {
                builder.commit_from_memory(&self.contents)
            }
        })
    }

    /// The class list behind an output of texts or whole numbers.
    pub(super) fn class_list(&self, output: &TensorSpec) -> Option<ClassList> {
        let is_text = output.datatype == Datatype::Bytes;
        let is_number = !is_text && output.datatype != Datatype::Bool && !output.datatype.is_float();
        let list = class_list(&self.contents, &output.name)?;
        (if list.are_texts { is_text } else { is_number }).then_some(list)
    }

    /// Refuses files that were not the same for the digest and all sessions. What was read once cannot differ.
    pub(super) fn check_unchanged(&self) -> Result<(), OnnxError> {
        if !self.has_data_files || self.identity.is_unchanged() {
            return Ok(());
        }
        let reason =
            "it or its external data changed while it was loaded; load it again once all is in place";
        Err(OnnxError::File { file: self.file.clone(), reason: reason.to_owned() })
    }
}
