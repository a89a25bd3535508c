//! What routing states share of backends: targets with their limits, and models loaded in process.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use http::uri::Authority;
use pointsman_inference::{OnnxError, OnnxModel};
use pointsman_model as model;

use crate::{
    config::Limits,
    routing::{
        loaded_files::LoadedFiles,
        onnx_target::{self, FileFault, OnnxTarget},
    },
    upstream::admission::Admission,
};

/// Where calls go.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    /// To a server that speaks the Open Inference Protocol.
    Grpc(GrpcModel),
    /// To a model in this process.
    Onnx(Arc<OnnxTarget>),
}

/// A model at a target.
#[derive(Debug, Clone)]
pub(crate) struct GrpcModel {
    pub(crate) target: Arc<GrpcTarget>,
    pub(crate) model_name: Arc<str>,
    pub(crate) model_version: Arc<str>,
}

/// A target with what all threads share of it.
#[derive(Debug)]
pub(crate) struct GrpcTarget {
    /// Tells this target's pools apart from a former one's of the same text.
    pub(crate) id: u64,
    pub(crate) target: Arc<str>,
    pub(crate) authorities: Box<[Authority]>,
    /// Whether a name is among the authorities: addresses stay what they are.
    pub(crate) needs_resolving: bool,
    pub(crate) admission: Arc<Admission>,
    /// Connected (upper half) and known (lower half) endpoints of each thread, first those for calls, then those for copies.
    /// A slot has one writer, its thread's pool; metrics read. Both halves are of one moment, for they are one number, and
    /// lead to no other memory: Relaxed suffices.
    endpoints: Box<[AtomicU64]>,
}

impl GrpcTarget {
    /// Notes how many endpoints a thread is connected to.
    pub(crate) fn report(&self, thread: usize, up: usize, known: usize) {
        if let Some(slot) = self.endpoints.get(thread) {
            slot.store((up as u64) << 32 | known as u64 & 0xffff_ffff, Relaxed);
        }
    }

    /// The most connected and the most known endpoints of any thread; none known means not yet called.
    pub(crate) fn endpoints(&self) -> (u64, u64) {
        let read = |slot: &AtomicU64| slot.load(Relaxed);
        let most =
            |pick: fn(u64) -> u64| self.endpoints.iter().map(|slot| pick(read(slot))).max().unwrap_or(0);
        (most(|packed| packed >> 32), most(|packed| packed & 0xffff_ffff))
    }
}

/// Splits a target into authorities.
pub(crate) fn parse_target(target: &str) -> Result<Box<[Authority]>, String> {
    model::check_target(target)?;
    let authority = |endpoint: &str| endpoint.parse().map_err(|error| format!("{endpoint:?}: {error}"));
    model::endpoints(target).map(authority).collect()
}

/// Makes backends, one for each target or file as long as it is in use.
#[derive(Debug)]
pub(crate) struct Backends {
    threads: usize,
    limits: Limits,
    models_dir: PathBuf,
    /// The id of the next target. Whoever makes one takes it and adds in one step, so that no id is given twice, whatever the
    /// ordering.
    next_id: AtomicU64,
    grpc: Mutex<HashMap<Arc<str>, Weak<GrpcTarget>>>,
    /// By path and digest: a path may have had another file for another version.
    onnx: LoadedFiles<model::OnnxBackend, OnnxTarget>,
    /// The same files for copies of calls.
    copied_onnx: LoadedFiles<model::OnnxBackend, OnnxTarget>,
}

impl Backends {
    pub(crate) fn new(threads: usize, limits: Limits, models_dir: PathBuf) -> Self {
        let (grpc, onnx, copied_onnx) = (Mutex::default(), LoadedFiles::default(), LoadedFiles::default());
        Self { threads, limits, models_dir, next_id: AtomicU64::new(1), grpc, onnx, copied_onnx }
    }

    /// The backend of a model version.
    ///
    /// An ONNX file that cannot be loaded makes a backend that says so: one damaged file must not keep a
    /// server from serving everything else.
    pub(crate) fn get(&self, backend: &model::Backend) -> Result<Backend, String> {
        match backend {
            model::Backend::Grpc(grpc) => Ok(Backend::Grpc(GrpcModel {
                target: self.grpc_target(&grpc.target)?,
                model_name: grpc.model_name.clone(),
                model_version: grpc.model_version.clone(),
            })),
            model::Backend::Onnx(onnx) => Ok(Backend::Onnx(self.onnx_target(onnx))),
        }
    }

    /// The backend of a model version for copies of calls. A file is loaded once more, into one session: the thread that
    /// runs copies gives way to everything, and no call may wait for a session that it holds.
    pub(crate) fn for_copies(&self, backend: &model::Backend) -> Result<Backend, String> {
        match backend {
            model::Backend::Grpc(_) => self.get(backend),
            model::Backend::Onnx(onnx) => {
                let load = || OnnxTarget::load(&self.models_dir, onnx, 1, self.admission());
                let loaded = self.copied_onnx.get(onnx, |target| target.model.is_ok(), load);
                Ok(Backend::Onnx(loaded))
            }
        }
    }

    fn grpc_target(&self, target: &Arc<str>) -> Result<Arc<GrpcTarget>, String> {
        let mut known = self.grpc.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = known.get(target).and_then(Weak::upgrade) {
            return Ok(target);
        }
        let made = self.lone_target(target)?;
        known.retain(|_, target| target.strong_count() > 0);
        known.insert(target.clone(), Arc::downgrade(&made));
        Ok(made)
    }

    /// A target that no routing state shares.
    pub(crate) fn lone_target(&self, target: &Arc<str>) -> Result<Arc<GrpcTarget>, String> {
        let authorities = parse_target(target)?;
        let is_address = |authority: &Authority| authority.as_str().parse::<std::net::SocketAddr>().is_ok();
        Ok(Arc::new(GrpcTarget {
            id: self.next_id.fetch_add(1, Relaxed),
            target: target.clone(),
            needs_resolving: !authorities.iter().all(is_address),
            authorities,
            admission: self.admission(),
            endpoints: (0..2 * self.threads).map(|_| AtomicU64::new(0)).collect(),
        }))
    }

    /// A file that failed is tried again: it may have been put right.
    fn onnx_target(&self, backend: &model::OnnxBackend) -> Arc<OnnxTarget> {
        let load = || {
            // One session for each worker and each thread of the pool: none waits for another.
            let slots = self.threads + self.limits.onnx_threads;
            let target = OnnxTarget::load(&self.models_dir, backend, slots, self.admission());
            if let Err(reason) = &target.model {
                tracing::error!(path = %backend.path, reason, "ONNX model is not served");
            }
            target
        };
        self.onnx.get(backend, |target| target.model.is_ok(), load)
    }

    /// The backend of a model version for a single question, shared with nothing but a file that is loaded already:
    /// calls are answered by that one, whatever is on disk meanwhile.
    pub(crate) fn for_once(&self, backend: &model::Backend) -> Result<Backend, String> {
        match backend {
            model::Backend::Grpc(grpc) => Ok(Backend::Grpc(GrpcModel {
                target: self.lone_target(&grpc.target)?,
                model_name: grpc.model_name.clone(),
                model_version: grpc.model_version.clone(),
            })),
            model::Backend::Onnx(onnx) => {
                let load = || Arc::new(OnnxTarget::load(&self.models_dir, onnx, 1, self.admission()));
                Ok(Backend::Onnx(self.onnx.loaded(onnx).unwrap_or_else(load)))
            }
        }
    }

    /// Loads a file for those who ask about it.
    pub(crate) fn load_onnx(&self, backend: &model::OnnxBackend) -> Result<OnnxModel, OnnxError> {
        onnx_target::load(&self.models_dir, backend, 1)
    }

    /// What is wrong with files in use.
    pub(crate) fn file_faults(&self) -> Vec<FileFault> {
        self.onnx.all().iter().filter_map(|target| target.fault(&self.models_dir)).collect()
    }

    fn admission(&self) -> Arc<Admission> {
        Admission::new(self.limits.max_in_flight_per_backend, self.limits.max_queued_per_backend)
    }

    /// All targets in use.
    pub(crate) fn grpc_targets(&self) -> Vec<Arc<GrpcTarget>> {
        let known = self.grpc.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().filter_map(Weak::upgrade).collect()
    }

    /// All files in use. It never waits for one that is being loaded.
    pub(crate) fn onnx_targets(&self) -> Vec<Arc<OnnxTarget>> {
        self.onnx.all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_list_of_hosts_with_ports() {
        assert_eq!(parse_target("a:1, [::1]:2").unwrap().len(), 2);
        for wrong in ["", "a", "a:1,", "a b:1", "http://a:1"] {
            assert!(parse_target(wrong).is_err(), "{wrong:?}");
        }
    }
}
