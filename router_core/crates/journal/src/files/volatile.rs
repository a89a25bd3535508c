//! Files as a power cut leaves them: what was not synced is not there.
//!
//! Bytes reach the disk with the file's sync, names with the folder's. Until then both are in memory only,
//! where this process sees them and its successor does not.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{AppendFile, Files, ReadFile, RealFiles};
use crate::fault::forgets_sync_of;

/// A file system that forgets what was not synced when its process ends.
///
/// The state is locked for moments only, never while the disk is written: a slow file must not hold up others.
#[derive(Debug, Clone, Default)]
pub struct VolatileFiles(Arc<Mutex<State>>);

/// A file's content: what this process sees, and what a sync made durable.
#[derive(Debug, Clone, Default)]
struct Content {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

type Shared = Arc<Mutex<Content>>;

#[derive(Debug, Default)]
struct State {
    /// Every file that was touched, by the name that this process sees; none for one that was removed.
    names: BTreeMap<PathBuf, Option<Shared>>,
    /// What the names on the disk stand for.
    durable: BTreeMap<PathBuf, Shared>,
}

impl VolatileFiles {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of a name, taken from the disk at first.
    fn find(&self, path: &Path) -> io::Result<Shared> {
        let mut state = self.state();
        if let Some(known) = state.names.get(path) {
            return known.clone().ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        let mut bytes = Vec::new();
        RealFiles.read(path)?.read_to_end(&mut bytes)?;
        let content = Arc::new(Mutex::new(Content { seen: bytes.clone(), synced: bytes }));
        state.names.insert(path.to_owned(), Some(content.clone()));
        state.durable.insert(path.to_owned(), content.clone());
        Ok(content)
    }
}

impl VolatileFiles {
    /// Puts a file under its name on the disk, unless it is there, or has lost the name meanwhile.
    fn make_durable(&self, path: &Path, content: &Shared) -> io::Result<()> {
        // Held first, as in a sync: whoever finds the name durable waits here until it is.
        let held = lock(content);
        {
            let mut state = self.state();
            let is_named = matches!(state.names.get(path), Some(Some(named)) if Arc::ptr_eq(named, content));
            let is_durable = state.durable.get(path).is_some_and(|durable| Arc::ptr_eq(durable, content));
            if !is_named || is_durable {
                return Ok(());
            }
            state.durable.insert(path.to_owned(), content.clone());
        }
        materialise(path, &held.synced)
    }

    /// Takes a removed name off the disk, unless it stands for another file meanwhile.
    fn make_gone(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !matches!(state.names.get(path), Some(None)) {
            return Ok(());
        }
        state.names.remove(path);
        if state.durable.remove(path).is_some() {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }
}

fn lock(content: &Shared) -> MutexGuard<'_, Content> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a durable content under a durable name, at once.
fn materialise(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".materialising");
    let partial = PathBuf::from(partial);
    std::fs::write(&partial, bytes)?;
    std::fs::rename(partial, path)
}

struct Appended {
    files: VolatileFiles,
    content: Shared,
}

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.content).seen.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AppendFile for Appended {
    fn sync_data(&mut self) -> io::Result<()> {
        if forgets_sync_of("files") {
            return Ok(());
        }
        let mut content = lock(&self.content);
        let paths: Vec<PathBuf> = {
            let state = self.files.state();
            let own = state.durable.iter().filter(|(_, known)| Arc::ptr_eq(known, &self.content));
            own.map(|(path, _)| path.clone()).collect()
        };
        let synced = content.seen.clone();
        let common = content.synced.len();
        for path in paths {
            if synced.get(..common) == Some(&content.synced[..]) {
                let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
                file.write_all(&synced[common..])?;
            } else {
                materialise(&path, &synced)?;
            }
        }
        content.synced = synced;
        Ok(())
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let mut content = lock(&self.content);
        content.seen.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
        Ok(())
    }
}

struct Seen(Cursor<Vec<u8>>);

impl Read for Seen {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl io::Seek for Seen {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl ReadFile for Seen {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.get_ref().len() as u64)
    }
}

impl Files for VolatileFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let content = Shared::default();
        self.state().names.insert(path.to_owned(), Some(content.clone()));
        Ok(Box::new(Appended { files: self.clone(), content }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        Ok(Box::new(Appended { files: self.clone(), content: self.find(path)? }))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        let content = self.find(path)?;
        let seen = lock(&content).seen.clone();
        Ok(Box::new(Seen(Cursor::new(seen))))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let content = self.find(from)?;
        let mut state = self.state();
        state.names.insert(from.to_owned(), None);
        state.names.insert(to.to_owned(), Some(content));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.find(path)?;
        self.state().names.insert(path.to_owned(), None);
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        RealFiles.make_folder(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if forgets_sync_of("folders") {
            return Ok(());
        }
        let known: Vec<(PathBuf, Option<Shared>)> = {
            let state = self.state();
            let own = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
            own.map(|(path, seen)| (path.clone(), seen.clone())).collect()
        };
        // New names first: in between, a renamed file has both names rather than none.
        for (path, content) in known.iter().filter_map(|(path, seen)| Some((path, seen.as_ref()?))) {
            self.make_durable(path, content)?;
        }
        for (path, _) in known.iter().filter(|(_, seen)| seen.is_none()) {
            self.make_gone(path)?;
        }
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = RealFiles.list(folder)?;
        for (path, known) in &self.state().names {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if path.parent() != Some(folder) {
                continue;
            }
            names.retain(|other| other != name);
            if known.is_some() {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }
}
