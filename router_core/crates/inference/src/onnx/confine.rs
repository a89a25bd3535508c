//! Model paths stay inside the models folder.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use super::OnnxError;

/// The file that a path relative to the models folder names, with every link resolved.
///
/// # Errors
/// The path is empty or absolute, climbs with `..`, leads outside through a link, or names no file.
pub fn models_path(models_dir: &Path, relative: &str) -> Result<PathBuf, OnnxError> {
    let refuse = |reason: &str| Err(OnnxError::Path { path: relative.to_owned(), reason: reason.to_owned() });
    let failed = |error: &io::Error| OnnxError::File {
        file: relative.to_owned(),
        reason: match error.kind() {
            io::ErrorKind::NotFound => {
                "not in the models folder; put it into <data-dir>/models first".to_owned()
            }
            _ => format!("cannot be opened: {error}"),
        },
    };
    if relative.is_empty() {
        return refuse("is empty; name a file in the models folder, such as \"model.onnx\"");
    }
    for component in Path::new(relative).components() {
        match component {
            Component::Normal(_) | Component::CurDir => {}
            Component::ParentDir => {
                return refuse("climbs with \"..\"; name a file inside the models folder");
            }
            Component::RootDir | Component::Prefix(_) => {
                return refuse("is absolute; name the file relative to the models folder");
            }
        }
    }
    let folder = models_dir.canonicalize().map_err(|error| failed(&error))?;
    let file = folder.join(relative).canonicalize().map_err(|error| failed(&error))?;
    if !file.starts_with(&folder) {
        return refuse("leads outside the models folder through a link; copy the file into it");
    }
    if !file.is_file() {
        return refuse("is no file; name an .onnx file inside the models folder");
    }
    Ok(file)
}
