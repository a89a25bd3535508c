//! The real library and the small files that tests load with it.

use std::path::{Path, PathBuf};

use pointsman_inference::{OnnxError, OnnxModel, init_library};

/// The library of the `onnxruntime` wheel.
#[expect(clippy::panic, reason = "a test without the library has to fail with a sentence")]
pub(crate) fn library() -> PathBuf {
    if let Some(path) = std::env::var_os("POINTSMAN_ONNX_LIBRARY") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let entries =
        |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries(root.join(".venv/lib"))
        .flat_map(|python| entries(python.join("site-packages/onnxruntime/capi")))
        .find(|file| {
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libonnxruntime."))
        })
        .unwrap_or_else(|| {
            panic!("the onnxruntime library is not in .venv: run `make setup`, or set POINTSMAN_ONNX_LIBRARY")
        })
}

pub(crate) fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

pub(crate) fn load_with(name: &str, slots: usize) -> Result<OnnxModel, OnnxError> {
    init_library(&library())?;
    OnnxModel::load(&models().join(name), slots)
}

pub(crate) fn load(name: &str) -> OnnxModel {
    load_with(name, 1).unwrap_or_else(|error| unreachable!("{error}"))
}
