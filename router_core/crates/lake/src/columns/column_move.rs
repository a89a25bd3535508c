//! Lists of columns lay among the data once, where programs that read the folder trip over them; they are moved.

use std::path::Path;

use crate::{
    columns::registry::{Column, ColumnRegistry, is_absent, list_path},
    error::LakeError,
};

/// Moves the lists of a folder to where the registry has its own, and removes the folder.
///
/// A list is in its new place, synced, before it goes from the old one: a crash leaves one or both, and the next start
/// goes on. Columns that are in the old place only, because an older version has run since, are added.
pub(crate) fn move_lists(registry: &ColumnRegistry, old_folder: &Path) -> Result<(), LakeError> {
    for model_id in registry.model_ids(old_folder)? {
        let old_path = list_path(old_folder, &model_id);
        match move_list(registry, &model_id, old_folder, &old_path) {
            Ok(()) => tracing::info!(path = %old_path.display(), "a list of feature columns left the data"),
            // Nobody needs this one: its model has a list.
            Err(error @ LakeError::Columns { .. }) => {
                tracing::error!(%error, "a second list stays where it is")
            }
            Err(error) => return Err(error),
        }
    }
    remove_folder(registry, old_folder)
}

fn move_list(
    registry: &ColumnRegistry,
    model_id: &str,
    old_folder: &Path,
    old_path: &Path,
) -> Result<(), LakeError> {
    let files = registry.files();
    if registry.has_list(model_id)? {
        let known = registry.read(model_id)?;
        let joined = join(model_id, known.clone(), registry.read_at(old_path)?);
        if joined != known {
            registry.put(model_id, &joined)?;
        }
        files.remove(old_path).map_err(|error| LakeError::io(old_path, error))?;
    } else {
        registry.adopt(model_id, old_path).map_err(|error| LakeError::io(old_path, error))?;
    }
    files.sync_folder(old_folder).map_err(|error| LakeError::io(old_folder, error))
}

/// The known columns, and behind them those that only the other list has.
fn join(model_id: &str, mut known: Vec<Column>, others: Vec<Column>) -> Vec<Column> {
    for other in others {
        let folded = other.name.to_lowercase();
        match known.iter().find(|column| column.name.to_lowercase() == folded) {
            None => known.push(other),
            Some(column) if *column == other => {}
            Some(column) => tracing::warn!(
                model_id,
                column = column.name,
                kept = ?column.kind,
                other = ?other.kind,
                "an older version gave a feature column another type; files of then differ",
            ),
        }
    }
    known
}

/// Removes the folder with what an interrupted write left in it; one with anything else stays.
fn remove_folder(registry: &ColumnRegistry, folder: &Path) -> Result<(), LakeError> {
    let files = registry.files();
    let names = match files.list(folder) {
        Err(error) if is_absent(&error) => return Ok(()),
        names => names.map_err(|error| LakeError::io(folder, error))?,
    };
    for name in names.iter().filter(|name| name.ends_with(".json.tmp")) {
        let path = folder.join(name);
        files.remove(&path).map_err(|error| LakeError::io(&path, error))?;
    }
    files.sync_folder(folder).map_err(|error| LakeError::io(folder, error))?;
    if let Err(error) = std::fs::remove_dir(folder) {
        tracing::warn!(path = %folder.display(), %error, "a folder among the data is not empty and stays");
    }
    Ok(())
}
