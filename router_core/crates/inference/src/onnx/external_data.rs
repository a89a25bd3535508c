//! Weights in files of their own: beside the model that names them, and nowhere else.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
};

use super::locations::locations;

/// The files that a model with external data is made of, as they were when they were checked.
#[derive(Debug)]
pub(super) struct ExternalData {
    files: Box<[(PathBuf, Stamp)]>,
}

/// What changes when a file is replaced or written to.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let of = fs::metadata(path)?;
        Ok(Self {
            device: of.dev(),
            inode: of.ino(),
            length: of.len(),
            modified: (of.mtime(), of.mtime_nsec()),
            changed: (of.ctime(), of.ctime_nsec()),
        })
    }
}

impl ExternalData {
    /// The data files that a model names, none if all its weights lie within it.
    ///
    /// `model` is the file with every link resolved, so that its folder is the one the library looks in.
    ///
    /// # Errors
    /// A sentence on why a data file cannot be used: it is missing, or leads out of the model's folder.
    pub(super) fn of(model: &Path, contents: &[u8]) -> Result<Option<Self>, String> {
        let locations = locations(contents)
            .map_err(|reason| format!("it is not a model that ONNX Runtime can load: {reason}"))?;
        if locations.is_empty() {
            return Ok(None);
        }
        let folder = model.parent().unwrap_or(model);
        let data = locations.into_iter().map(|location| data_file(folder, location));
        let files = std::iter::once(Ok(model.to_owned()))
            .chain(data)
            .map(|file| {
                let file = file?;
                let stamp = Stamp::of(&file).map_err(|error| format!("cannot be read: {error}"))?;
                Ok((file, stamp))
            })
            .collect::<Result<_, String>>()?;
        Ok(Some(Self { files }))
    }

    /// Refuses files that changed since they were checked: sessions that were made of them may differ.
    pub(super) fn check_unchanged(&self) -> Result<(), String> {
        let is_same = |(file, stamp): &(PathBuf, Stamp)| Stamp::of(file).is_ok_and(|now| now == *stamp);
        if self.files.iter().all(is_same) {
            return Ok(());
        }
        Err("it or its external data changed while it was loaded; load it again once all is in place"
            .to_owned())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_after_the_check_is_noticed() {
        let folder = std::env::temp_dir().join(format!("pointsman-external-data-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folder = folder.canonicalize().unwrap();
        let (model, data) = (folder.join("model.onnx"), folder.join("a.data"));
        // ModelProto.graph.initializer.external_data {key: "location", value: "a.data"}
        let contents = b"\x3a\x16\x2a\x14\x6a\x12\x0a\x08location\x12\x06a.data";
        fs::write(&model, contents).unwrap();
        fs::write(&data, "1").unwrap();
        let checked = ExternalData::of(&model, contents).unwrap().unwrap();
        assert_eq!(checked.check_unchanged(), Ok(()));
        fs::write(&data, "12").unwrap();
        assert!(checked.check_unchanged().unwrap_err().contains("changed while it was loaded"));
        let checked = ExternalData::of(&model, contents).unwrap().unwrap();
        fs::remove_file(&model).unwrap();
        assert!(checked.check_unchanged().is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
