//! Weights in files of their own: beside the model that names them, and nowhere else.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use super::{OnnxError, file_locations::locations_of_file, identity::Stamp, locations::locations};

/// A data file, as it was when it was checked.
#[derive(Debug)]
pub(super) struct DataFile {
    /// What the model calls it.
    pub(super) location: String,
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
}

/// What a file calls the data files that its weights lie in, whether they are there or not; none if it holds all of them.
///
/// # Errors
/// The file cannot be read, or is no model.
pub fn data_file_names(path: &Path) -> Result<Vec<String>, OnnxError> {
    let refuse = |reason: String| OnnxError::File {
        file: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        reason,
    };
    Ok(locations_of_file(path).map_err(refuse)?.into_iter().collect())
}

/// The data files that a model names, in the order of their names; none if all its weights lie within it.
///
/// `model` is the file with every link resolved, so that its folder is the one the library looks in.
///
/// # Errors
/// A sentence on why a data file cannot be used: it is missing, or leads out of the model's folder.
pub(super) fn data_files(model: &Path, contents: &[u8]) -> Result<Box<[DataFile]>, String> {
    let locations = locations(contents)
        .map_err(|reason| format!("it is not a model that ONNX Runtime can load: {reason}"))?;
    let folder = model.parent().unwrap_or(model);
    let found = locations.into_iter().map(|location| {
        let path = data_file(folder, location)?;
        let stamp = Stamp::of(&path).map_err(|error| format!("cannot be read: {error}"))?;
        Ok(DataFile { location: location.to_owned(), path, stamp })
    });
    found.collect()
}

fn data_file(folder: &Path, location: &str) -> Result<PathBuf, String> {
    let refuse = |reason: &str| Err(format!("its external data {location:?} {reason}"));
    for component in Path::new(location).components() {
        match component {
            Component::Normal(_) | Component::CurDir => {}
            Component::ParentDir => {
                return refuse("climbs with \"..\"; export the model with the data file beside it");
            }
            Component::RootDir | Component::Prefix(_) => {
                return refuse("is absolute; export the model with the data file beside it");
            }
        }
    }
    match folder.join(location).canonicalize() {
        Ok(file) if !file.starts_with(folder) => {
            refuse("leads out of the model's folder through a link; copy the data file into it")
        }
        Ok(file) if !file.is_file() => refuse("is no file; put the data file into the model's folder"),
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            refuse("is not beside it; put the data file into the folder of the model")
        }
        Err(error) => refuse(&format!("cannot be opened: {error}")),
    }
}
