//! The typed feature columns of each model: the type of a name is fixed when it is first seen, for ever.

use std::{
    collections::HashMap,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use pointsman_journal::files::Files;
use serde::{Deserialize, Serialize};

use crate::error::LakeError;

/// The most feature columns of a model; further features go to the map.
pub(crate) const MAX_COLUMNS: usize = 2_000;
/// The longest name of a feature that gets a column.
const MAX_NAME_BYTES: usize = 256;
/// The format of the file.
const VERSION: u32 = 1;

/// What a feature column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    #[serde(rename = "DOUBLE")]
    Double,
    /// Whole numbers of up to 64 bits.
    #[serde(rename = "BIGINT")]
    Whole,
    /// Whole numbers of 64 bits without a sign.
    #[serde(rename = "UBIGINT")]
    Unsigned,
    #[serde(rename = "BOOLEAN")]
    Bool,
    #[serde(rename = "VARCHAR")]
    Text,
}

impl Kind {
    /// Whether values are whole numbers.
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Self::Whole | Self::Unsigned)
    }

    /// Whether a column of this kind has a place for values of another: whole numbers go wherever numbers are, one by
    /// one, as far as they are kept exactly. Floats do not go among whole numbers: those that happen to be whole would
    /// look like all there are.
    pub(crate) fn takes(self, other: Self) -> bool {
        self == other || other.is_whole() && (self.is_whole() || self == Self::Double)
    }
}

/// A feature column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// The feature's name, without the column's prefix.
    pub(crate) name: String,
    /// The column's type.
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
}

/// The columns of one model, in the order in which they were first seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelColumns {
    columns: Vec<Column>,
    /// By name without case: SQL engines do not tell `Age` from `age`.
    by_folded_name: HashMap<String, usize>,
    /// How many of them are in the file.
    saved: usize,
}

impl ModelColumns {
    fn of(columns: Vec<Column>) -> Self {
        let by_name = columns.iter().enumerate().map(|(index, column)| (column.name.to_lowercase(), index));
        Self { by_folded_name: by_name.collect(), saved: columns.len(), columns }
    }

    /// What the column of a feature holds, a new one if there is none and `may_add`; none when values of this kind go
    /// to the map.
    pub(crate) fn resolve(&mut self, name: &str, kind: Kind, may_add: bool) -> Option<Kind> {
        let folded = name.to_lowercase();
        if let Some(&index) = self.by_folded_name.get(&folded) {
            let known = self.columns.get(index)?;
            return (known.name == name && known.kind.takes(kind)).then_some(known.kind);
        }
        let fits = self.columns.len() < MAX_COLUMNS && !name.is_empty() && name.len() <= MAX_NAME_BYTES;
        if !may_add || !fits {
            return None;
        }
        let index = self.columns.len();
        self.columns.push(Column { name: name.into(), kind });
        self.by_folded_name.insert(folded, index);
        Some(kind)
    }

    /// What the column of a feature holds, if it has one.
    pub(crate) fn kind_of(&self, name: &str) -> Option<Kind> {
        self.position(name).and_then(|index| self.columns.get(index)).map(|column| column.kind)
    }

    /// Where a feature's column stands among the model's.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.by_folded_name.get(&name.to_lowercase()).copied()
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    columns: Vec<Column>,
}

/// The column lists of all models of a lake.
#[derive(Debug)]
pub struct ColumnRegistry {
    files: Arc<dyn Files>,
    folder: PathBuf,
    known: Mutex<HashMap<String, Arc<ModelColumns>>>,
}

impl ColumnRegistry {
    /// The lists of the lake in a folder.
    #[must_use]
    pub fn new(files: Arc<dyn Files>, lake_folder: &Path) -> Self {
        let folder = lake_folder.join("predictions").join("columns");
        Self { files, folder, known: Mutex::default() }
    }

    /// The columns of a model.
    pub(crate) fn load(&self, model_id: &str) -> Result<Arc<ModelColumns>, LakeError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(columns) = known.get(model_id) {
            return Ok(columns.clone());
        }
        let columns = Arc::new(ModelColumns::of(self.read(model_id)?));
        known.insert(model_id.to_owned(), columns.clone());
        Ok(columns)
    }

    /// Makes new columns durable; a file may use them afterwards.
    pub(crate) fn save(&self, model_id: &str, columns: &mut ModelColumns) -> Result<(), LakeError> {
        if columns.saved == columns.columns.len() {
            return Ok(());
        }
        let document = Document { version: VERSION, columns: columns.columns.clone() };
        let text = serde_json::to_vec_pretty(&document).map_err(|error| LakeError::Columns {
            path: self.path(model_id).display().to_string(),
            reason: error.to_string(),
        })?;
        self.write(model_id, &text).map_err(|error| LakeError::io(&self.path(model_id), error))?;
        columns.saved = columns.columns.len();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(model_id.to_owned(), Arc::new(columns.clone()));
        Ok(())
    }

    fn path(&self, model_id: &str) -> PathBuf {
        self.folder.join(format!("{model_id}.json"))
    }

    fn read(&self, model_id: &str) -> Result<Vec<Column>, LakeError> {
        let path = self.path(model_id);
        let mut text = String::new();
        match self.files.read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LakeError::io(&path, error)),
            Ok(mut file) => {
                file.read_to_string(&mut text).map_err(|error| LakeError::io(&path, error))?;
            }
        }
        let wrong = |reason: String| LakeError::Columns { path: path.display().to_string(), reason };
        let document: Document = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if document.version != VERSION {
            return Err(wrong(format!("is of version {}, this server reads {VERSION}", document.version)));
        }
        Ok(document.columns)
    }

    fn write(&self, model_id: &str, text: &[u8]) -> io::Result<()> {
        self.files.make_folder(&self.folder)?;
        let partial = self.folder.join(format!(".{model_id}.json.tmp"));
        let written = self.write_synced(&partial, text);
        if written.is_err() {
            // A full disk needs every byte; the next attempt begins anew.
            let _ = self.files.remove(&partial);
        }
        written?;
        self.files.rename(&partial, &self.path(model_id))?;
        self.files.sync_folder(&self.folder)
    }

    fn write_synced(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let mut file = self.files.create(path)?;
        file.write_all(text)?;
        file.sync_data()
    }
}
