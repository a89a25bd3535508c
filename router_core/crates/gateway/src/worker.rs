//! A worker: what one thread has to itself, so that no call waits for another thread.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rand::{SeedableRng, rngs::SmallRng};

use crate::{
    figures::{call_log::CallLog, stats::ThreadStats},
    messages::{budget::Reservation, status::CallError},
    routing::{backends::GrpcTarget, routes::Routes},
    shared::Shared,
    tasks::TaskPool,
    upstream::{
        Pool, PoolSettings,
        admission::{Admission, Permit},
        control::ControlChannel,
    },
};

/// A pool without calls for so long gives its connections back.
const POOL_IDLE: Duration = Duration::from_secs(300);
const POOL_LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// The routing state as one thread's calls hold it: counted within the thread, without locked instructions.
pub(crate) type LocalRoutes = Rc<Arc<Routes>>;

/// What goes to backends by a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// Calls that somebody waits for.
    Calls,
    /// Copies of them for shadows: on connections of their own, and never in a place that a call may need.
    Copies,
}

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
    lane: Lane,
    /// This thread's worker for copies, once there was one.
    copying: OnceCell<Rc<Worker>>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize) -> Rc<Self> {
        Self::on(Lane::Calls, shared, index)
    }

    fn on(lane: Lane, shared: Arc<Shared>, index: usize) -> Rc<Self> {
        let pool_settings = Rc::new(PoolSettings::from(&shared.config.limits));
        let control = ControlChannel::new(shared.config.control_socket.clone());
        let routes = Rc::new(shared.publisher.routes().load_full());
        Rc::new(Self {
            index,
            rng: RefCell::new(SmallRng::from_rng(&mut rand::rng())),
            control,
            call_log: CallLog::default(),
            routes: RefCell::new(routes),
            pools: RefCell::default(),
            pool_settings,
            lane,
            copying: OnceCell::new(),
            shared,
        })
    }

    /// This thread's worker for copies of calls.
    pub(crate) fn for_copies(&self) -> Rc<Self> {
        let begin = || {
            let copying = Self::on(Lane::Copies, self.shared.clone(), self.index);
            tokio::task::spawn_local(copying.clone().tidy());
            copying
        };
        self.copying.get_or_init(begin).clone()
    }

    /// Takes a place at a backend. A call waits for one; a copy gets only what no call needs.
    pub(crate) async fn enter(&self, admission: &Arc<Admission>) -> Result<Permit, CallError> {
        match self.lane {
            Lane::Calls => admission.enter().await,
            Lane::Copies => admission.enter_spare().ok_or_else(|| {
                CallError::exhausted("the backend has no place that it could spare for a copy")
            }),
        }
    }

    /// Holds so many bytes of an answer, or says that they do not fit.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Reservation, CallError> {
        let budget = &self.shared.budgets.whole;
        match self.lane {
            Lane::Calls => budget.reserve(bytes),
            Lane::Copies => budget.reserve_spare(bytes).ok_or_else(|| {
                CallError::exhausted(
                    "no memory can be spared for an answer to a copy (limits.body_budget_bytes)",
                )
            }),
        }
    }

    /// Whether it is for copies.
    pub(crate) fn is_for_copies(&self) -> bool {
        self.lane == Lane::Copies
    }

    /// The threads for what would hold this one up.
    pub(crate) fn tasks(&self) -> &TaskPool {
        match self.lane {
            Lane::Calls => &self.shared.tasks,
            Lane::Copies => &self.shared.copy_tasks,
        }
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
        // Pools of copies say apart whether they are connected.
        let place = match self.lane {
            Lane::Calls => self.index,
            Lane::Copies => self.shared.config.threads + self.index,
        };
        let pool = pools
            .entry(target.id)
            .or_insert_with(|| Rc::new(Pool::start(target.clone(), self.pool_settings.clone(), place)));
        pool.clone()
    }

    /// Lets go of pools that nobody uses, and of the routing state of a thread without calls.
    pub(crate) async fn tidy(self: Rc<Self>) {
        loop {
            tokio::time::sleep(POOL_LOOK_INTERVAL).await;
            self.pools.borrow_mut().retain(|_, pool| !pool.is_idle_for(POOL_IDLE));
            drop(self.routes());
            self.call_log.tell_suppressed();
        }
    }

    /// Gives all connections to backends back.
    pub(crate) fn close(&self) {
        self.pools.borrow_mut().clear();
        if let Some(copying) = self.copying.get() {
            copying.close();
        }
    }
}
