//! Files that fail when they are told to.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, RwLock, RwLockWriteGuard},
};

use pointsman_journal::files::{AppendFile, Files, ReadFile, RealFiles};

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The disk takes so many bytes more.
    FullAfter(usize),
    /// The disk does not confirm.
    Sync,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct FaultyFiles {
    fault: Arc<Mutex<Option<Fault>>>,
    gate: Arc<RwLock<()>>,
}

impl FaultyFiles {
    pub(crate) fn set(&self, fault: Option<Fault>) {
        *self.fault() = fault;
    }

    /// Lets no byte be written as long as it is held.
    pub(crate) fn hold_writes(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().unwrap()
    }

    fn fault(&self) -> MutexGuard<'_, Option<Fault>> {
        self.fault.lock().unwrap()
    }
}

struct FaultyFile {
    file: Box<dyn AppendFile>,
    files: FaultyFiles,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _open = self.files.gate.read().unwrap();
        match &mut *self.files.fault() {
            Some(Fault::FullAfter(0)) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::FullAfter(left)) => {
                let written = self.file.write(&bytes[..bytes.len().min(*left)])?;
                *left -= written;
                Ok(written)
            }
            _ => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl AppendFile for FaultyFile {
    fn sync_data(&mut self) -> io::Result<()> {
        match *self.files.fault() {
            Some(Fault::Sync) => Err(io::Error::other("input/output error")),
            _ => self.file.sync_data(),
        }
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
}

impl Files for FaultyFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(FaultyFile { file: RealFiles.create(path)?, files: self.clone() }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(FaultyFile { file: RealFiles.append(path)?, files: self.clone() }))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        RealFiles.read(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        RealFiles.make_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        RealFiles.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        RealFiles.list(path)
    }
}
