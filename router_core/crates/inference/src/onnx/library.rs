//! The ONNX Runtime library: loaded once in a process.

use std::{
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ort::{
    environment::Environment,
    logging::{LogLevel, LoggerFunction},
};

use super::OnnxError;

/// The library that is loaded, and what every session is made in.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// Loads the ONNX Runtime library. Loading the same one again does nothing.
///
/// # Errors
/// The file is missing, is no ONNX Runtime or an old one, or another one is loaded already.
pub fn init_library(path: &Path) -> Result<(), OnnxError> {
    let shown = path.display();
    let path = path.canonicalize().map_err(|error| {
        OnnxError::Library(format!(
            "the library {shown} cannot be opened: {error}; install the onnxruntime wheel, or name its \
             libonnxruntime file in the settings"
        ))
    })?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((former, _)) = &*loaded {
        if *former == path {
            return Ok(());
        }
        return Err(OnnxError::Library(format!(
            "{} is loaded already and a process holds only one; restart the server to use {shown}",
            former.display()
        )));
    }
    // The crate asserts on what a foreign library answers; a wrong file must not take the server down.
    let environment = catch_unwind(|| {
        let builder = ort::init_from(&path).map_err(|error| error.to_string())?;
        let environment = builder
            .with_name("pointsman")
            .with_telemetry(false)
            .with_logger(logger())
            .build()
            .map_err(|error| error.to_string())?;
        // Without this the library would call the logger for every node that it runs.
        environment.set_log_level(LogLevel::Warning);
        Ok::<_, String>(environment)
    })
    .unwrap_or_else(|_| Err("it does not behave like ONNX Runtime".to_owned()))
    .map_err(|reason| OnnxError::Library(format!("the library {shown} cannot be used: {reason}")))?;
    *loaded = Some((path, environment));
    Ok(())
}

/// What sessions are made in.
pub(super) fn environment() -> Result<Environment, OnnxError> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    loaded.as_ref().map(|(_, environment)| environment.clone()).ok_or_else(|| {
        OnnxError::Library(
            "the library is not loaded, so ONNX files cannot run; install the onnxruntime wheel and restart"
                .to_owned(),
        )
    })
}

/// Passes the library's messages on as tracing events. Its errors reach the caller as such and are not repeated loudly.
fn logger() -> LoggerFunction {
    Arc::new(|level, category, _id, location, message| match level {
        LogLevel::Fatal => tracing::error!(category, location, "ONNX Runtime: {message}"),
        LogLevel::Error | LogLevel::Warning => tracing::debug!(category, location, "ONNX Runtime: {message}"),
        LogLevel::Info | LogLevel::Verbose => tracing::trace!(category, location, "ONNX Runtime: {message}"),
    })
}
