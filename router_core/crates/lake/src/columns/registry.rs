//! The typed feature columns of each model: the type of a name is fixed when it is first seen, for ever.

use std::{
    collections::HashMap,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pointsman_journal::files::Files;
use serde::{Deserialize, Serialize};

use crate::{
    columns::{column_move, schema_file},
    error::LakeError,
};

/// The most feature columns of a model; further features go to the map.
pub(crate) const MAX_COLUMNS: usize = 2_000;
/// The longest name of a feature that gets a column.
const MAX_NAME_BYTES: usize = 256;
/// The format of the file.
const VERSION: u32 = 1;
/// The folder of the lists in a lake's.
const FOLDER: &str = "columns";

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
    /// Where lists lay before.
    old_folder: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Whether the folder holds all lists, with their schemas.
    is_in_order: bool,
    models: HashMap<String, Arc<ModelColumns>>,
}

impl ColumnRegistry {
    /// The lists of the lake in a folder, and for each a file of its columns that other programs read. Lists that lie
    /// among the data, as lakes had them once, are moved; while that fails, nothing is shipped.
    #[must_use]
    pub fn new(files: Arc<dyn Files>, lake_folder: &Path) -> Self {
        let old_folder = lake_folder.join("predictions").join("columns");
        let registry = Self { files, folder: lake_folder.join(FOLDER), old_folder, known: Mutex::default() };
        if let Err(error) = registry.known() {
            tracing::error!(%error, "lists of feature columns are not in order; shipping tries again");
        }
        registry
    }

    /// What is known, when the folder is in order: without its lists, columns could change their types.
    fn known(&self) -> Result<MutexGuard<'_, Known>, LakeError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.is_in_order {
            self.put_in_order()?;
            known.is_in_order = true;
        }
        Ok(known)
    }

    fn put_in_order(&self) -> Result<(), LakeError> {
        column_move::move_lists(self, &self.old_folder)?;
        for model_id in self.model_ids(&self.folder)? {
            match self.read(&model_id) {
                // Its model is not shipped before it is restored; all others are.
                Err(error @ LakeError::Columns { .. }) => {
                    tracing::error!(%error, "a list of columns is damaged")
                }
                columns => {
                    schema_file::write_if_changed(self.files(), self.schema_path(&model_id), &columns?)?;
                }
            }
        }
        Ok(())
    }

    /// The models that have a list in a folder; none where there is no folder.
    pub(crate) fn model_ids(&self, folder: &Path) -> Result<Vec<String>, LakeError> {
        let names = match self.files.list(folder) {
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            names => names.map_err(|error| LakeError::io(folder, error))?,
        };
        let lists = names.iter().filter(|name| !name.starts_with('.'));
        Ok(lists.filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect())
    }

    pub(crate) fn files(&self) -> &dyn Files {
        &*self.files
    }

    /// Whether a model has a list.
    pub(crate) fn has_list(&self, model_id: &str) -> Result<bool, LakeError> {
        let path = self.path(model_id);
        match self.files.read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            found => found.map(|_| true).map_err(|error| LakeError::io(&path, error)),
        }
    }

    /// Takes a file as the list of a model that has none.
    pub(crate) fn adopt(&self, model_id: &str, path: &Path) -> io::Result<()> {
        self.files.make_folder(&self.folder)?;
        self.files.rename(path, &self.path(model_id))?;
        self.files.sync_folder(&self.folder)
    }

    /// The columns of a model.
    pub(crate) fn load(&self, model_id: &str) -> Result<Arc<ModelColumns>, LakeError> {
        let mut known = self.known()?;
        if let Some(columns) = known.models.get(model_id) {
            return Ok(columns.clone());
        }
        let columns = Arc::new(ModelColumns::of(self.read(model_id)?));
        known.models.insert(model_id.to_owned(), columns.clone());
        Ok(columns)
    }

    /// Makes new columns durable; a file may use them afterwards.
    pub(crate) fn save(&self, model_id: &str, columns: &mut ModelColumns) -> Result<(), LakeError> {
        if columns.saved == columns.columns.len() {
            return Ok(());
        }
        let stored = self.read(model_id)?;
        if columns.columns.get(..columns.saved) != Some(&stored[..]) {
            // Another server writes to this lake, too; what it has named keeps its type.
            self.known()?.models.remove(model_id);
            return Err(LakeError::ColumnsGrown { path: self.path(model_id).display().to_string() });
        }
        self.put(model_id, &columns.columns)?;
        columns.saved = columns.columns.len();
        self.known()?.models.insert(model_id.to_owned(), Arc::new(columns.clone()));
        Ok(())
    }

    /// Writes a model's list, and before it the file of its columns: that one lacks no column that a data file has, even
    /// after a crash.
    pub(crate) fn put(&self, model_id: &str, columns: &[Column]) -> Result<(), LakeError> {
        schema_file::write(&*self.files, self.schema_path(model_id), columns)?;
        let document = Document { version: VERSION, columns: columns.to_vec() };
        let path = self.path(model_id);
        let text = serde_json::to_vec_pretty(&document).map_err(|error| LakeError::Columns {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        self.write(model_id, &text).map_err(|error| LakeError::io(&path, error))
    }

    fn path(&self, model_id: &str) -> PathBuf {
        list_path(&self.folder, model_id)
    }

    fn schema_path(&self, model_id: &str) -> PathBuf {
        self.folder.join(format!("{model_id}.parquet"))
    }

    /// A model's list as it is on the disk; empty without one.
    pub(crate) fn read(&self, model_id: &str) -> Result<Vec<Column>, LakeError> {
        self.read_at(&self.path(model_id))
    }

    /// A list in a file; empty without the file.
    pub(crate) fn read_at(&self, path: &Path) -> Result<Vec<Column>, LakeError> {
        read_list(self.files(), path)
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

/// The columns of a model of a lake as they are on the disk: any file of the lake has these and no others.
pub(crate) fn read_columns(
    files: &dyn Files,
    lake_folder: &Path,
    model_id: &str,
) -> Result<ModelColumns, LakeError> {
    Ok(ModelColumns::of(read_list(files, &list_path(&lake_folder.join(FOLDER), model_id))?))
}

/// A list in a file; empty without the file.
fn read_list(files: &dyn Files, path: &Path) -> Result<Vec<Column>, LakeError> {
    let mut text = String::new();
    match files.read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LakeError::io(path, error)),
        Ok(mut file) => {
            file.read_to_string(&mut text).map_err(|error| LakeError::io(path, error))?;
        }
    }
    let wrong = |reason: String| LakeError::Columns { path: path.display().to_string(), reason };
    let document: Document = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if document.version != VERSION {
        return Err(wrong(format!("is of version {}, this server reads {VERSION}", document.version)));
    }
    Ok(document.columns)
}

/// Where a model's list is in a folder of lists.
pub(crate) fn list_path(folder: &Path, model_id: &str) -> PathBuf {
    folder.join(format!("{model_id}.json"))
}

/// Whether the system says that there is no such folder.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
