//! What the journal and the lake need of a file system, so that a test can bring one that forgets.

#[cfg(feature = "fault-injection")]
mod volatile;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    num::NonZero,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

#[cfg(feature = "fault-injection")]
pub use volatile::VolatileFiles;

/// A file that grows at its end.
pub trait AppendFile: Write + Send {
    /// Returns when every byte written is on the disk.
    ///
    /// # Errors
    /// The disk did not confirm.
    fn sync_data(&mut self) -> io::Result<()>;

    /// Cuts the file.
    ///
    /// # Errors
    /// The system refuses.
    fn set_len(&mut self, length: u64) -> io::Result<()>;
}

/// A file that is read.
pub trait ReadFile: Read + Seek + Send {
    /// How long it is.
    ///
    /// # Errors
    /// The system refuses.
    fn length(&self) -> io::Result<u64>;

    /// Says that so many bytes from a place on will be read soon, so that the system may fetch them meanwhile.
    fn prefetch(&self, _start: u64, _length: u64) {}
}

/// A file system. Names in folders are durable only after [`Files::sync_folder`].
#[expect(clippy::missing_errors_doc, reason = "each answers what the system says")]
pub trait Files: Send + Sync + std::fmt::Debug {
    /// Makes an empty file, or empties the one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;
    /// Opens a file to write at its end.
    fn append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;
    /// Opens a file to read.
    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;
    /// Gives a file another name, replacing what has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Deletes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder and those above it, and makes their names durable.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// The names of the files in a folder, ordered.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
}

/// The system's own files.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealFiles;

impl AppendFile for File {
    fn sync_data(&mut self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        Self::set_len(self, length)
    }
}

impl ReadFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn prefetch(&self, start: u64, length: u64) {
        // A wish: a system that does not grant it reads later.
        let _ = rustix::fs::fadvise(self, start, NonZero::new(length), rustix::fs::Advice::WillNeed);
    }
}

impl Files for RealFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        // Append mode: after a cut, the next byte goes to the new end.
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).mode(0o600).open(path)?;
        file.set_len(0)?;
        Ok(Box::new(file))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.is_dir()).collect();
        for folder in missing.into_iter().rev() {
            match fs::DirBuilder::new().mode(0o700).create(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            if let Some(parent) = folder.parent() {
                self.sync_folder(parent)?;
            }
        }
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}
