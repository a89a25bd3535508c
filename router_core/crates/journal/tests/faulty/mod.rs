//! Files that fail when they are told to.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard},
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
    gate: Arc<Gate>,
}

/// Where whoever writes waits while it is held.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    is_held: bool,
    waiting: usize,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        self.changed.notify_all();
        state = self.changed.wait_while(state, |state| state.is_held).unwrap();
        state.waiting -= 1;
    }
}

/// No byte is written as long as it is there.
pub(crate) struct Hold<'a>(&'a Gate);

impl Hold<'_> {
    /// Waits until somebody wants to write and cannot.
    pub(crate) fn wait_for_writer(&self) {
        let state = self.0.state.lock().unwrap();
        drop(self.0.changed.wait_while(state, |state| state.waiting == 0).unwrap());
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().is_held = false;
        self.0.changed.notify_all();
    }
}

impl FaultyFiles {
    pub(crate) fn set(&self, fault: Option<Fault>) {
        *self.fault() = fault;
    }

    /// Lets no byte be written as long as it is held.
    pub(crate) fn hold_writes(&self) -> Hold<'_> {
        self.gate.state.lock().unwrap().is_held = true;
        Hold(&self.gate)
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
        self.files.gate.pass();
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
