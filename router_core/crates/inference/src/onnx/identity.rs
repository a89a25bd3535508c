//! What an ONNX file is known by: a digest of all that it is made of.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use pointsman_model::Sha256;
use sha2::Digest as _;

use super::{OnnxError, external_data::DataFile, source::Source};

/// So much of a data file is in memory at a time.
const PIECE_BYTES: usize = 1 << 20;

/// The SHA-256 of an ONNX file, and what its files looked like before they were read for it.
#[derive(Debug, Clone)]
pub struct FileIdentity {
    sha256: Sha256,
    parts: Box<[(PathBuf, Stamp)]>,
}

impl FileIdentity {
    /// Reads a file, and the data files that it names.
    ///
    /// # Errors
    /// It is no model, or a data file is missing or leads out of the model's folder.
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        Source::open(path).map(|source| source.identity().clone())
    }

    /// The identity of a model whose contents were read after its stamp was taken.
    ///
    /// Data files may be large, so the library reads them itself; their stamps are taken before they are hashed here,
    /// and [`Self::is_unchanged`] after the library is done says that both read the same.
    pub(super) fn of(model: (PathBuf, Stamp), contents: &[u8], data: Box<[DataFile]>) -> io::Result<Self> {
        let sha256 = digest(contents, &data)?;
        let data = data.into_iter().map(|file| (file.path, file.stamp));
        Ok(Self { sha256, parts: std::iter::once(model).chain(data).collect() })
    }

    /// The digest: of the file's bytes where these are all of it, else of the list of digests of its parts.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Whether a path with every link resolved still names the files that were read, as far as that can be seen without
    /// reading them.
    #[must_use]
    pub fn is_still_at(&self, path: &Path) -> bool {
        self.parts.first().is_some_and(|(model, _)| model == path) && self.is_unchanged()
    }

    /// Whether no file was replaced or written to since it was read.
    pub(super) fn is_unchanged(&self) -> bool {
        self.parts.iter().all(|(path, stamp)| Stamp::of(path).is_ok_and(|now| now == *stamp))
    }
}

/// What changes when a file is replaced or written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
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

/// With data files it is that of what `sha256sum` prints of the model at its standard input and of the data files as the
/// model names them, in the order of these names: `(sha256sum < m.onnx; sha256sum a.data b.data) | sha256sum`.
fn digest(contents: &[u8], data: &[DataFile]) -> io::Result<Sha256> {
    let model = Sha256(sha2::Sha256::digest(contents).into());
    if data.is_empty() {
        return Ok(model);
    }
    let mut list = format!("{model}  -\n");
    for file in data {
        let _ = writeln!(list, "{}  {}", digest_of_file(&file.path)?, file.location);
    }
    Ok(Sha256(sha2::Sha256::digest(list.as_bytes()).into()))
}

fn digest_of_file(path: &Path) -> io::Result<Sha256> {
    let mut file = fs::File::open(path)?;
    let mut hash = sha2::Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Sha256(hash.finalize().into())),
            Ok(count) => hash.update(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ModelProto.graph.initializer.external_data {key: "location", value: "a.data"}
    const NAMES_DATA: &[u8] = b"\x3a\x16\x2a\x14\x6a\x12\x0a\x08location\x12\x06a.data";

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("pointsman-identity-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder.canonicalize().unwrap()
    }

    #[test]
    fn a_file_alone_has_the_digest_that_other_programs_give_it() {
        let folder = folder("alone");
        let model = folder.join("model.onnx");
        fs::write(&model, b"").unwrap();
        let identity = FileIdentity::read(&model).unwrap();
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(identity.sha256().to_string(), of_nothing);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn data_files_are_a_part_of_it_and_other_files_are_not() {
        let folder = folder("data");
        let (model, data) = (folder.join("model.onnx"), folder.join("a.data"));
        fs::write(&model, NAMES_DATA).unwrap();
        fs::write(&data, "1").unwrap();
        fs::write(folder.join("b.data"), "1").unwrap();
        let identity = FileIdentity::read(&model).unwrap();
        // (sha256sum < model.onnx; sha256sum a.data) | sha256sum
        let listed = "f9c6718e";
        let text = identity.sha256().to_string();
        assert_eq!(text.get(..8).unwrap(), listed);
        fs::write(folder.join("b.data"), "2").unwrap();
        assert!(identity.is_still_at(&model));
        fs::copy(&model, folder.join("copy.onnx")).unwrap();
        let copy = FileIdentity::read(&folder.join("copy.onnx")).unwrap();
        assert_eq!(copy.sha256(), identity.sha256());
        fs::write(&data, "2").unwrap();
        assert!(!identity.is_still_at(&model));
        assert_ne!(FileIdentity::read(&model).unwrap().sha256(), identity.sha256());
        fs::remove_file(&data).unwrap();
        assert!(FileIdentity::read(&model).unwrap_err().to_string().contains("is not beside it"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_that_is_written_replaced_moved_or_removed_is_no_longer_there() {
        let folder = folder("change");
        let (model, other) = (folder.join("model.onnx"), folder.join("other.onnx"));
        fs::write(&model, b"").unwrap();
        let identity = FileIdentity::read(&model).unwrap();
        assert!(identity.is_still_at(&model) && !identity.is_still_at(&other));
        fs::write(&other, b"").unwrap();
        fs::rename(&other, &model).unwrap();
        assert!(
            !identity.is_still_at(&model),
            "another file of the same contents has to be read to be known"
        );
        let identity = FileIdentity::read(&model).unwrap();
        fs::remove_file(&model).unwrap();
        assert!(!identity.is_still_at(&model));
        fs::remove_dir_all(&folder).unwrap();
    }
}
