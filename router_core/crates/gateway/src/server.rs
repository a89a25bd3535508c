//! A server from start to end: checked, bound, restored, serving, drained.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::unix::fs::DirBuilderExt,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use pointsman_inference::Described;
use pointsman_model::Principal;
use pointsman_wire::{generated::pointsman_v1 as proto, signature_to_proto};
use prost::Message as _;
use socket2::{Domain, Socket, Type};
use tokio::{
    runtime::LocalRuntime,
    sync::{mpsc, watch},
};

use crate::{
    clock::utc_now_us,
    config::ServerConfig,
    error::GatewayError,
    figures::{counters, metrics, series_ages::SeriesAges, stats::ThreadStats},
    learning::{self, KeptTotals},
    listener::{acceptor, key_shares::KeyShares},
    logging,
    messages::allowance::Budgets,
    publishing::{
        publisher::{Published, Publisher},
        state_file::StateFile,
    },
    recording::{erased::ErasedPredictions, feedback_waiters::FeedbackWaiters, journal::Journal},
    routing::{backends::Backends, onnx_target::FileFault, probe::probe},
    services::dry_run,
    shared::{Phase, Shared},
    tasks::TaskPool,
    tonic_services::TonicServices,
    upstream::admission::Admission,
    worker_thread,
};

const LISTEN_BACKLOG: i32 = 1_024;
/// Connections on their way from the acceptor to a worker.
const HAND_OVER_LENGTH: usize = 1_024;
const DRAIN_LOOK_PAUSE: Duration = Duration::from_millis(5);
/// Time for last answers to leave, connections to close and shadows to answer once no call is in flight. Clients that
/// watch the health, or connected and say nothing, would hold a drain up to its end, and so would a shadow that hangs.
const LINGER: Duration = Duration::from_secs(1);

/// The part of the control plane's places that the calls of one key may hold.
const CONTROL_KEY_SHARE: usize = 4;

/// A running data plane.
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Server {
    /// Checks the configuration, binds, restores the state on disk, then serves.
    ///
    /// # Errors
    /// A field of the configuration is wrong, a folder cannot be used, or the address cannot be had.
    pub fn start(config: &str) -> Result<Self, GatewayError> {
        let config = ServerConfig::from_json(config)?;
        logging::init(&config.log_level, config.log_format)?;
        let listener = bind(config.grpc_address)?;
        let address = listener.local_addr().map_err(|error| bind_error(config.grpc_address, &error))?;
        let shared = Arc::new(prepare(config)?);
        let server = Self { shared, address, threads: Mutex::default() };
        if let Err(error) = server.spawn(listener) {
            server.end();
            return Err(GatewayError::config("threads", format!("a thread cannot be started: {error}")));
        }
        tracing::info!(%address, generation = server.shared.publisher.generation(), "serving");
        Ok(server)
    }

    fn spawn(&self, listener: TcpListener) -> io::Result<()> {
        let serving = LocalRuntime::new()?;
        serving.block_on(self.shared.tonic_services.set_serving(true));
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hand_overs = Vec::new();
        for index in 0..self.shared.config.threads {
            let (hand_over, accepted) = mpsc::channel(HAND_OVER_LENGTH);
            hand_overs.push(hand_over);
            let shared = self.shared.clone();
            threads.push(spawn(format!("pointsman-worker-{index}"), move |runtime| {
                worker_thread::run(runtime, shared, index, accepted);
            })?);
        }
        let shared = self.shared.clone();
        threads.push(spawn("pointsman-learning".to_owned(), move |runtime| {
            learning::run(runtime, &shared);
        })?);
        let shared = self.shared.clone();
        threads.push(spawn("pointsman-acceptor".to_owned(), move |runtime| {
            acceptor::run(runtime, &shared, listener, &hand_overs);
        })?);
        Ok(())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Applies what can be used of an encoded `SnapshotUpdate`, and answers the generation in effect and what cannot.
    ///
    /// # Errors
    /// The change as a whole is wrong or builds on another generation; then nothing changed.
    pub fn publish(&self, update: &[u8]) -> Result<Published, GatewayError> {
        self.shared.publisher.publish(update)
    }

    /// Asks the backend of an encoded `ModelSnapshot` and answers an encoded `BackendAnswer`.
    ///
    /// # Errors
    /// The backend cannot be asked, or what the user says of it cannot be right.
    pub fn probe_backend(&self, model: &[u8], patience: Duration) -> Result<Vec<u8>, GatewayError> {
        let model = proto::ModelSnapshot::decode(model)
            .map_err(|error| GatewayError::Backend(format!("model: {error}")))?;
        let (described, sha256) = probe(&self.shared, model, patience)?;
        let Described { signature, filled_in, warnings } = described;
        let signature = Some(signature_to_proto(&signature));
        let sha256 = sha256.as_ref().map(ToString::to_string).unwrap_or_default();
        Ok(proto::BackendAnswer { signature, filled_in, warnings, sha256 }.encode_to_vec())
    }

    /// Runs the row of an encoded `DryRun` through its model version and answers an encoded `DryRunAnswer`.
    ///
    /// # Errors
    /// The bytes are no `DryRun`.
    pub fn dry_run(&self, request: &[u8], patience: Duration) -> Result<Vec<u8>, GatewayError> {
        let request = proto::DryRun::decode(request)
            .map_err(|error| GatewayError::InvalidRequest(format!("dry run: {error}")))?;
        Ok(dry_run(&self.shared, request, patience).encode_to_vec())
    }

    /// A router's encoded `RouterCounters`.
    #[must_use]
    pub fn router_counters(&self, router_id: &str) -> Vec<u8> {
        counters::router_counters(&self.shared, router_id).encode_to_vec()
    }

    /// All metrics.
    #[must_use]
    pub fn metrics(&self) -> String {
        metrics::render(&self.shared)
    }

    /// What is wrong with the ONNX files in use. Files that changed are read for it.
    #[must_use]
    pub fn file_faults(&self) -> Vec<FileFault> {
        self.shared.publisher.backends.file_faults()
    }

    /// The state of the server as JSON.
    #[must_use]
    pub fn status(&self) -> String {
        counters::status(&self.shared)
    }

    /// Drains: NOT_SERVING, GOAWAY, calls in flight are finished within the grace; answers how many were not.
    pub fn stop(&self, grace: Duration) -> u64 {
        if *self.shared.phase.borrow() != Phase::Serving {
            return 0;
        }
        tracing::info!(?grace, "draining");
        if let Ok(runtime) = LocalRuntime::new() {
            runtime.block_on(self.shared.tonic_services.set_serving(false));
        }
        self.shared.phase.send_replace(Phase::Draining);
        let until = Instant::now() + grace;
        let mut busy = Instant::now();
        while self.open_connections() + self.copies() > 0 && Instant::now() < until && busy.elapsed() < LINGER
        {
            std::thread::sleep(DRAIN_LOOK_PAUSE);
            if self.in_flight() > 0 {
                busy = Instant::now();
            }
        }
        let left = self.in_flight();
        self.end();
        tracing::info!(left, "stopped");
        left
    }

    fn in_flight(&self) -> u64 {
        self.shared.thread_stats.iter().map(ThreadStats::in_flight).sum()
    }

    fn copies(&self) -> u64 {
        self.shared.thread_stats.iter().map(ThreadStats::copies).sum()
    }

    fn open_connections(&self) -> u64 {
        self.shared.thread_stats.iter().map(ThreadStats::connections).sum()
    }

    fn end(&self) {
        self.shared.phase.send_replace(Phase::Ended);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread panicked");
            }
        }
        self.shared.publisher.close();
        self.shared.journal.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn prepare(config: ServerConfig) -> Result<Shared, GatewayError> {
    let folder = |name: &str| -> Result<_, GatewayError> {
        let path = config.data_dir.join(name);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|error| {
            GatewayError::config(
                "data_dir",
                format!("{} cannot be made: {error}; choose a folder of yours", path.display()),
            )
        })?;
        Ok(path)
    };
    let models = folder("models")?;
    let state = folder("state")?;
    if let Some(library) = &config.onnx_library {
        pointsman_inference::init_library(library)
            .map_err(|error| GatewayError::config("onnx_library", error.to_string()))?;
    }
    let (state_file, restored) = StateFile::open(&state).map_err(|error| {
        let shown = state.display();
        GatewayError::config(
            "data_dir",
            format!("{shown} cannot be written to: {error}; choose a folder of yours"),
        )
    })?;
    let journal = Journal::open(&config)?;
    let threads = config.threads;
    let limits = config.limits.clone();
    let is_restored = restored.is_some();
    let is_public = !config.grpc_address.ip().to_canonical().is_loopback();
    let backends = Backends::new(threads, limits.clone(), models);
    let learnt = KeptTotals::open(&state);
    let publisher = Publisher::new(backends, threads, is_public, state_file, restored, learnt);
    let tasks = TaskPool::start(limits.onnx_threads)
        .map_err(|error| GatewayError::config("limits.onnx_threads", error.to_string()))?;
    let copy_tasks = TaskPool::start_low("copy", 1)
        .map_err(|error| GatewayError::config("threads", format!("a thread cannot be started: {error}")))?;
    let budgets = Budgets::new(limits.body_budget_bytes);
    Ok(Shared {
        publisher,
        journal,
        feedback_waiters: FeedbackWaiters::default(),
        erased: ErasedPredictions::default(),
        budgets,
        control_admission: Admission::new(limits.control_places(), limits.max_queued_per_backend),
        control_key_shares: KeyShares::new(limits.control_places().div_ceil(CONTROL_KEY_SHARE)),
        tasks,
        copy_tasks,
        thread_stats: (0..threads).map(|_| ThreadStats::default()).collect(),
        phase: watch::Sender::new(Phase::Serving),
        tonic_services: TonicServices::new()?,
        local_principal: Arc::new(Principal::local()),
        started_us: i64::try_from(utc_now_us()).unwrap_or(i64::MAX),
        is_restored,
        series_ages: SeriesAges::default(),
        config,
    })
}

fn bind(address: SocketAddr) -> Result<TcpListener, GatewayError> {
    let binding = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking().cloexec(), None)?;
        // A restart must not wait for the former server's last connections to time out.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(LISTEN_BACKLOG)?;
        Ok(socket.into())
    };
    binding().map_err(|error| bind_error(address, &error))
}

fn bind_error(address: SocketAddr, error: &io::Error) -> GatewayError {
    GatewayError::Bind { address: address.to_string(), reason: error.to_string() }
}

fn spawn(name: String, run: impl FnOnce(&LocalRuntime) + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name).spawn(move || match LocalRuntime::new() {
        Ok(runtime) => {
            run(&runtime);
            runtime.shutdown_background();
        }
        Err(error) => tracing::error!(%error, "a thread has no runtime"),
    })
}
