//! What sessions are made of: a file that was read once, or its path if its weights lie beside it.

use std::path::{Path, PathBuf};

use ort::{environment::Environment, session::Session};
use pointsman_model::{ClassList, Datatype, TensorSpec};

use super::{OnnxError, class_list::class_list, external_data::ExternalData, session};

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

    /// The class list behind an output of texts or whole numbers.
    pub(super) fn class_list(&self, output: &TensorSpec) -> Option<ClassList> {
        let is_text = output.datatype == Datatype::Bytes;
        let is_number = !is_text && output.datatype != Datatype::Bool && !output.datatype.is_float();
        let list = class_list(&self.contents, &output.name)?;
        (if list.are_texts { is_text } else { is_number }).then_some(list)
    }

    /// Refuses files that were not the same for all sessions.
    pub(super) fn check_unchanged(&self) -> Result<(), OnnxError> {
        let checked = self.external.as_ref().map_or(Ok(()), ExternalData::check_unchanged);
        checked.map_err(|reason| OnnxError::File { file: self.file.clone(), reason })
    }
}
