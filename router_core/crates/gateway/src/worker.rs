//! A worker: what one thread has to itself, so that no call waits for another thread.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rand::{SeedableRng, rngs::SmallRng};

use crate::{
    figures::{call_log::CallLog, stats::ThreadStats},
    routing::{backends::GrpcTarget, routes::Routes},
    shared::Shared,
    upstream::{Pool, PoolSettings, control::ControlChannel},
};

/// A pool without calls for so long gives its connections back.
const POOL_IDLE: Duration = Duration::from_secs(300);
const POOL_LOOK_INTERVAL: Duration = Duration::from_secs(30);

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
    pub(crate) fn new(shared: Arc<Shared>, index: usize) -> Rc<Self> {
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
    }
}
