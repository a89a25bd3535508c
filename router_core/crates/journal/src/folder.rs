//! The folder of a journal: one owner, one name, and a list of its openings.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::{JournalError, is_full},
    files::Files,
    starts::{Start, Starts, is_id},
};

const LOCK: &str = "lock";
const ID: &str = "id";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A folder that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct JournalFolder {
    path: PathBuf,
    id: Mutex<Arc<str>>,
    starts: Mutex<Starts>,
    lock: File,
}

impl JournalFolder {
    /// Takes the folder, making it when it is not there. `new_id` names it if it has no name yet.
    ///
    /// # Errors
    /// Another process has it, or the system refuses.
    pub fn open(files: &dyn Files, path: &Path, new_id: &str) -> Result<Arc<Self>, JournalError> {
        let failed = |error: io::Error| JournalError::io(path, &error);
        files.make_folder(path).map_err(failed)?;
        let lock = File::create(path.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::Locked { folder: path.display().to_string().into() },
            TryLockError::Error(error) => failed(error),
        })?;
        let id = read_id(files, path)?;
        let id = match id {
            Some(id) => id,
            None => write_id(files, path, new_id).map_err(failed)?,
        };
        let starts = Mutex::new(Starts::read(files, path)?);
        Ok(Arc::new(Self { path: path.to_owned(), id: Mutex::new(id.into()), starts, lock }))
    }

    /// Notes this opening, with the ends of the logs as they were recovered: nothing may be written before.
    ///
    /// On a full disk the note is taken when there is room again, at the latest by [`Self::starts`]; until then nobody
    /// is told of this opening.
    ///
    /// # Errors
    /// The system refuses for another reason.
    pub fn begin(
        &self,
        files: &dyn Files,
        start_id: &str,
        predictions_end: u64,
        feedback_end: u64,
    ) -> Result<(), JournalError> {
        let (id, place) = (start_id.to_owned(), self.place());
        let mut starts = lock(&self.starts);
        starts.add(Start { id, place, predictions_end, feedback_end, is_known: false });
        match starts.save(files, &self.path) {
            Err(error) if is_full(&error) => {
                tracing::error!(%error, "the journal's opening is noted when there is room on the disk");
                Ok(())
            }
            saved => saved.map_err(|error| JournalError::io(&self.path, &error)),
        }
    }

    /// The openings of the folder, oldest first, all of them durable; the last is this process's.
    ///
    /// # Errors
    /// This opening cannot be noted.
    pub fn starts(&self, files: &dyn Files) -> Result<Vec<Start>, JournalError> {
        let mut starts = lock(&self.starts);
        starts.save(files, &self.path).map_err(|error| JournalError::io(&self.path, &error))?;
        Ok(starts.all().to_vec())
    }

    /// Takes the name under which the database knows the journal, and that it knows the openings.
    ///
    /// # Errors
    /// The name is none, or the system refuses; then the journal has the name that it had.
    pub fn confirm(&self, files: &dyn Files, id: &str) -> Result<(), JournalError> {
        let failed = |error: io::Error| JournalError::io(&self.path, &error);
        if !is_id(id) {
            let reason = format!("{id:?} is no journal id of 32 hexadecimal digits");
            return Err(JournalError::corrupt(&self.path, reason));
        }
        {
            let mut held = lock(&self.id);
            if **held != *id {
                *held = write_id(files, &self.path, id).map_err(failed)?.into();
            }
        }
        let mut starts = lock(&self.starts);
        starts.set_known();
        starts.save(files, &self.path).map_err(failed)
    }

    /// Says where the folder is so that no copy of it says the same; empty when the system does not say.
    fn place(&self) -> String {
        let (Ok(boot), Ok(facts)) = (fs::read_to_string(BOOT_ID), self.lock.metadata()) else {
            return String::new();
        };
        let boot: String = boot.chars().filter(char::is_ascii_hexdigit).take(32).collect();
        format!("{boot}-{:x}-{:x}", facts.dev(), facts.ino())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name: 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> Arc<str> {
        lock(&self.id).clone()
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_id(files: &dyn Files, folder: &Path) -> Result<Option<String>, JournalError> {
    let path = folder.join(ID);
    let mut text = String::new();
    match files.read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JournalError::io(&path, &error)),
        Ok(file) => {
            let mut file = file.take(64);
            file.read_to_string(&mut text).map_err(|error| JournalError::io(&path, &error))?;
        }
    }
    let text = text.trim();
    if is_id(text) {
        return Ok(Some(text.to_owned()));
    }
    Err(JournalError::corrupt(&path, "it holds no journal id of 32 hexadecimal digits"))
}

fn write_id(files: &dyn Files, folder: &Path, id: &str) -> io::Result<String> {
    let new = folder.join(".id.new");
    let mut file = files.create(&new)?;
    file.write_all(format!("{id}\n").as_bytes())?;
    file.sync_data()?;
    files.rename(&new, &folder.join(ID))?;
    files.sync_folder(folder)?;
    Ok(id.to_owned())
}
