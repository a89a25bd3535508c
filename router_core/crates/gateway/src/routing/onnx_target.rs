//! A model in this process, and whether the file that it came from is still there.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use pointsman_inference::{FileIdentity, OnnxError, OnnxModel, Tensor, models_path};
use pointsman_model::{OnnxBackend, Sha256};

use crate::upstream::admission::Admission;

/// A model in this process, or why it could not be loaded.
#[derive(Debug)]
pub(crate) struct OnnxTarget {
    pub(crate) backend: OnnxBackend,
    pub(crate) model: Result<OnnxModel, String>,
    pub(crate) admission: Arc<Admission>,
    /// What was last read of the file on disk, once that is another than the loaded one. Never locked by a call.
    seen: Mutex<Option<FileIdentity>>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// Its path, relative to the models folder.
    pub path: String,
    /// The registered digest in hexadecimal digits; empty when it is not known.
    pub sha256: String,
    /// Whether calls are answered all the same, by what was loaded before.
    pub is_served: bool,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl OnnxTarget {
    /// Loads a file with so many sessions, or notes why that cannot be.
    pub(crate) fn load(
        models_dir: &Path,
        backend: &OnnxBackend,
        slots: usize,
        admission: Arc<Admission>,
    ) -> Self {
        let model = load(models_dir, backend, slots).map_err(|error| told(&error, backend));
        Self { backend: backend.clone(), model, admission, seen: Mutex::default() }
    }

    /// Runs the model in the session of a thread, or in the last one where there are fewer sessions than threads.
    pub(crate) fn run(
        &self,
        thread: usize,
        inputs: &[Tensor],
        requested: &[String],
    ) -> Result<Vec<Tensor>, OnnxError> {
        match &self.model {
            Ok(model) => model.run(thread.min(model.slots().saturating_sub(1)), inputs, requested),
            Err(reason) => Err(OnnxError::Library(reason.clone())),
        }
    }

    /// The same, with the time that it took.
    pub(crate) fn run_timed(
        &self,
        thread: usize,
        inputs: &[Tensor],
        requested: &[String],
    ) -> (Result<Vec<Tensor>, OnnxError>, Duration) {
        let start = Instant::now();
        (self.run(thread, inputs, requested), start.elapsed())
    }

    /// What is wrong with the file; none when it is loaded and on disk still. A file that changed is read once for it,
    /// so this takes as long as that: it is for those who ask for the state, and for no call.
    pub(crate) fn fault(&self, models_dir: &Path) -> Option<FileFault> {
        let (is_served, reason) = match &self.model {
            Err(reason) => (false, reason.clone()),
            Ok(model) => (true, self.difference(models_dir, model)?),
        };
        let OnnxBackend { path, sha256 } = &self.backend;
        let sha256 = sha256.as_ref().map(ToString::to_string).unwrap_or_default();
        Some(FileFault { path: path.to_string(), sha256, is_served, reason })
    }

    /// What tells the file on disk from the one that is served.
    fn difference(&self, models_dir: &Path, model: &OnnxModel) -> Option<String> {
        let path = &self.backend.path;
        let loaded = model.identity();
        let gone = |error: OnnxError| {
            format!(
                "{error}; calls are answered by the file that was loaded, with SHA-256 {}: put it back before the \
                 server starts again, or register a new version",
                loaded.sha256()
            )
        };
        let file = match models_path(models_dir, path) {
            Ok(file) => file,
            Err(error) => return Some(gone(error)),
        };
        if loaded.is_still_at(&file) {
            return None;
        }
        match self.digest_on_disk(&file) {
            Ok(found) if found == loaded.sha256() => None,
            Ok(found) => Some(format!(
                "ONNX file {path:?} has SHA-256 {found} on disk; calls are answered by the file that was loaded, with \
                 {}: put that one back before the server starts again, or register a new version",
                loaded.sha256()
            )),
            Err(error) => Some(gone(error)),
        }
    }

    fn digest_on_disk(&self, file: &Path) -> Result<Sha256, OnnxError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_ref().filter(|seen| seen.is_still_at(file)) {
            return Ok(seen.sha256());
        }
        Ok(seen.insert(FileIdentity::read(file)?).sha256())
    }
}

/// Loads the file of a backend with so many sessions.
pub(crate) fn load(models_dir: &Path, backend: &OnnxBackend, slots: usize) -> Result<OnnxModel, OnnxError> {
    let path: PathBuf = models_path(models_dir, &backend.path)?;
    OnnxModel::load_registered(&path, slots, backend.sha256)
}

/// Why a registered file is not served. Whatever the reason, it says which file is meant.
fn told(error: &OnnxError, backend: &OnnxBackend) -> String {
    match (error, backend.sha256) {
        (OnnxError::Other { .. } | OnnxError::Library(_), _) | (_, None) => error.to_string(),
        (_, Some(expected)) => format!(
            "{error}; the registered file has SHA-256 {expected}: put that one back, or register a new version"
        ),
    }
}
