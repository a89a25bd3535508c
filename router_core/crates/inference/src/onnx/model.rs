//! A loaded ONNX file: several sessions, one signature.

use std::{
    fmt,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use ort::session::Session;
use pointsman_model::{ClassList, Datatype, Sha256, Signature, TensorSpec};

use super::{
    OnnxError, identity::FileIdentity, latency::MeanNanos, library::environment, metadata::read_signature,
    session, source::Source,
};
use crate::{Tensor, element::push_bytes, shape_element_count};

/// An ONNX file with one independent session per slot.
///
/// The library's sessions are not safe to run from two threads at once. Each thread takes a slot of its own, so the
/// lock around a session is never waited for.
pub struct OnnxModel {
    file: String,
    identity: FileIdentity,
    signature: Signature,
    /// The class list behind each output, in their order.
    class_lists: Box<[Option<ClassList>]>,
    sessions: Box<[Mutex<Session>]>,
    latency: MeanNanos,
}

impl OnnxModel {
    /// Reads a file, makes a session for each of `slots` (at least one) and runs each on zeros, so that the
    /// first call finds everything allocated and [`OnnxModel::mean_run_nanos`] measured. Data files that it names are
    /// looked for in its own folder, after links, and nowhere else.
    ///
    /// # Errors
    /// The library is not loaded, the file is no model, a data file is missing or leads out of the folder, or the model
    /// takes or gives something else than tensors.
    pub fn load(path: &Path, slots: usize) -> Result<Self, OnnxError> {
        Self::load_registered(path, slots, None)
    }

    /// Does what [`OnnxModel::load`] does with a file of a known digest, and with no other.
    ///
    /// # Errors
    /// As there, or the file has another digest.
    pub fn load_registered(path: &Path, slots: usize, expected: Option<Sha256>) -> Result<Self, OnnxError> {
        let environment = environment()?;
        let source = Source::open(path)?;
        let found = source.identity().sha256();
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            return Err(OnnxError::Other { file: source.file().to_owned(), found, expected });
        }
        let first = source.session(&environment)?;
        let signature = read_signature(source.file(), &first)?;
        let class_lists = signature.outputs.iter().map(|output| source.class_list(output)).collect();
        let others = (1..slots).map(|_| source.session(&environment));
        let sessions = std::iter::once(Ok(first))
            .chain(others)
            .map(|made| made.map(Mutex::new))
            .collect::<Result<_, _>>()?;
        source.check_unchanged()?;
        let file = source.file().to_owned();
        let identity = source.identity().clone();
        let model = Self { file, identity, signature, class_lists, sessions, latency: MeanNanos::default() };
        model.warm_up();
        Ok(model)
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file
    }

    /// What the file that was loaded is known by.
    #[must_use]
    pub const fn identity(&self) -> &FileIdentity {
        &self.identity
    }

    /// What the file says about its inputs and outputs.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The class list that the file has for an output.
    #[must_use]
    pub fn class_list(&self, output: &str) -> Option<&ClassList> {
        let place = self.signature.outputs.iter().position(|spec| &*spec.name == output)?;
        self.class_lists.get(place)?.as_ref()
    }

    /// How many slots there are.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.sessions.len()
    }

    /// The running mean of the time that a run takes; 0 when none succeeded yet.
    #[must_use]
    pub fn mean_run_nanos(&self) -> u64 {
        self.latency.get()
    }

    /// Runs the model in a slot and answers the requested outputs in their order; none requested means all.
    ///
    /// # Errors
    /// An input is unknown, missing, or of another type or shape; an output is unknown; or the model fails.
    pub fn run(
        &self,
        slot: usize,
        inputs: &[Tensor],
        requested: &[impl AsRef<str>],
    ) -> Result<Vec<Tensor>, OnnxError> {
        let session = self.sessions.get(slot).ok_or(OnnxError::Slot { slot, slots: self.sessions.len() })?;
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        let outputs = session::run(&mut session, &self.signature, inputs, requested)?;
        self.latency.record(start.elapsed());
        Ok(outputs)
    }

    fn warm_up(&self) {
        let inputs: Option<Vec<Tensor>> = self.signature.inputs.iter().map(zeros).collect();
        let Some(inputs) = inputs else { return };
        for session in &self.sessions {
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            // A model may refuse zeros; that is no fault of the file.
            let _ = session::run(&mut session, &self.signature, &inputs, &[] as &[&str]);
        }
        for slot in 0..self.slots() {
            let _ = self.run(slot, &inputs, &[] as &[&str]);
        }
    }
}

/// The most elements that a warm-up input may have; a larger one is left to the first call.
const MAX_WARM_UP_ELEMENTS: usize = 1 << 20;

/// A tensor of zeros, or empty texts, with 1 for every open dimension.
fn zeros(spec: &TensorSpec) -> Option<Tensor> {
    let shape: Vec<i64> =
        spec.shape.iter().map(|dimension| if *dimension == -1 { 1 } else { *dimension }).collect();
    let count = shape_element_count(&shape).ok().filter(|count| *count <= MAX_WARM_UP_ELEMENTS)?;
    let mut raw = Vec::new();
    match spec.datatype.element_bytes() {
        Some(size) => raw.resize(count * size, 0),
        None => (0..count).for_each(|_| {
            push_bytes(&mut raw, b"");
        }),
    }
    debug_assert!(spec.datatype != Datatype::Bytes || raw.len() == count * 4);
    Some(Tensor { name: spec.name.clone(), datatype: spec.datatype, shape, raw: Bytes::from(raw) })
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OnnxModel")
            .field("file", &self.file)
            .field("slots", &self.slots())
            .finish_non_exhaustive()
    }
}
