//! A worker thread: a runtime of its own with its own connections, pools and random numbers.

use std::{cell::RefCell, collections::HashMap, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use pointsman_model::Principal;
use rand::{SeedableRng, rngs::SmallRng};
use tokio::{
    net::TcpStream,
    runtime::LocalRuntime,
    sync::{mpsc, watch},
};

use crate::{
    admission::Admission,
    backends::GrpcTarget,
    budget::ByteBudget,
    call_log::CallLog,
    config::ServerConfig,
    connection,
    control::ControlChannel,
    metrics::SeriesAges,
    publisher::Publisher,
    records::RecordQueue,
    routes::Routes,
    stats::ThreadStats,
    tasks::TaskPool,
    tonic_services::TonicServices,
    upstream::{Pool, PoolSettings},
};

/// A pool without calls for so long gives its connections back.
const POOL_IDLE: Duration = Duration::from_secs(300);
const POOL_LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// How far a server's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Calls are taken.
    Serving,
    /// Calls in flight are finished.
    Draining,
    /// Everything ends.
    Ended,
}

/// What all threads share.
pub(crate) struct Shared {
    pub(crate) config: ServerConfig,
    pub(crate) publisher: Publisher,
    pub(crate) records: Arc<RecordQueue>,
    pub(crate) budget: Arc<ByteBudget>,
    /// The control plane has places like a backend.
    pub(crate) control_admission: Arc<Admission>,
    pub(crate) tasks: TaskPool,
    pub(crate) thread_stats: Box<[ThreadStats]>,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) tonic_services: TonicServices,
    pub(crate) local_principal: Arc<Principal>,
    pub(crate) started_us: i64,
    pub(crate) is_restored: bool,
    pub(crate) series_ages: SeriesAges,
}

/// The routing state as one thread's calls hold it: counted within the thread, without locked instructions.
pub(crate) type LocalRoutes = Rc<Arc<Routes>>;

/// One thread's own things.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) index: usize,
    pub(crate) rng: RefCell<SmallRng>,
    pub(crate) control: ControlChannel,
    pub(crate) call_log: CallLog,
    routes: RefCell<LocalRoutes>,
    pools: RefCell<HashMap<u64, Rc<Pool>>>,
    pool_settings: Rc<PoolSettings>,
}

impl Worker {
    fn new(shared: Arc<Shared>, index: usize) -> Rc<Self> {
        let pool_settings = Rc::new(PoolSettings::from(&shared.config.limits));
        let control = ControlChannel::new(shared.config.control_socket.clone());
        let routes = Rc::new(shared.publisher.routes().load_full());
        Rc::new(Self {
            index,
            rng: RefCell::new(SmallRng::from_rng(&mut rand::rng())),
            control,
            call_log: CallLog::new(),
            routes: RefCell::new(routes),
            pools: RefCell::default(),
            pool_settings,
            shared,
        })
    }

    /// The routing state in effect. Threads share it but not its reference count: each counts for itself.
    #[inline]
    pub(crate) fn routes(&self) -> LocalRoutes {
        let swap: &ArcSwap<Routes> = self.shared.publisher.routes();
        let current = swap.load();
        let mut cached = self.routes.borrow_mut();
        if !Arc::ptr_eq(&cached, &current) {
            *cached = Rc::new(Arc::clone(&current));
        }
        cached.clone()
    }

    pub(crate) fn stats(&self) -> Option<&ThreadStats> {
        self.shared.thread_stats.get(self.index)
    }

    /// This thread's connections to a target.
    pub(crate) fn pool(&self, target: &Arc<GrpcTarget>) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        let pool = pools
            .entry(target.id)
            .or_insert_with(|| Rc::new(Pool::start(target.clone(), self.pool_settings.clone(), self.index)));
        pool.clone()
    }

    /// Lets go of pools that nobody uses, and of the routing state of a thread without calls.
    async fn tidy(self: Rc<Self>) {
        loop {
            tokio::time::sleep(POOL_LOOK_INTERVAL).await;
            self.pools.borrow_mut().retain(|_, pool| !pool.is_idle_for(POOL_IDLE));
            drop(self.routes());
        }
    }
}

/// Runs a worker until its connections' channel closes and the server's end has come.
pub(crate) fn run(
    runtime: &LocalRuntime,
    shared: Arc<Shared>,
    index: usize,
    mut accepted: mpsc::Receiver<(std::net::TcpStream, SocketAddr)>,
) {
    runtime.block_on(async move {
        let mut phase = shared.phase.subscribe();
        let worker = Worker::new(shared, index);
        tokio::task::spawn_local(worker.clone().tidy());
        loop {
            tokio::select! {
                connection = accepted.recv() => match connection {
                    Some((stream, peer)) => start_connection(&worker, stream, peer),
                    None => break,
                },
                _ = phase.wait_for(|phase| *phase == Phase::Ended) => break,
            }
        }
        // Ends with the server even when the acceptor is gone before.
        let _ = phase.wait_for(|phase| *phase == Phase::Ended).await;
        worker.pools.borrow_mut().clear();
    });
}

fn start_connection(worker: &Rc<Worker>, stream: std::net::TcpStream, peer: SocketAddr) {
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let _open = Open(worker.clone());
        match TcpStream::from_std(stream) {
            Ok(stream) => connection::serve(&worker, stream, peer).await,
            Err(error) => tracing::warn!(%peer, %error, "connection cannot be served"),
        }
    });
}

/// A connection that the acceptor counted; it counts no more once dropped, be it by a panic.
struct Open(Rc<Worker>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(stats) = self.0.stats() {
            stats.disconnected();
        }
    }
}
