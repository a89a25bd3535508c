//! The folder of a journal: one owner, one identity for ever.

use std::{
    fs::{File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{error::JournalError, files::Files};

const LOCK: &str = "lock";
const ID: &str = "id";

/// A folder that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct JournalFolder {
    path: PathBuf,
    id: String,
    _lock: File,
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
        Ok(Arc::new(Self { path: path.to_owned(), id, _lock: lock }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name: 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
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
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
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
