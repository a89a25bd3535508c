//! A worker's connections to one target: every address it resolves to, the least busy one first.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use h2::client::SendRequest;
use http::uri::Authority;
use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::{
    connection::is_orderly,
    endpoint::{Endpoint, Unread},
    settings::PoolSettings,
};
use crate::{messages::status::CallError, routing::backends::GrpcTarget};

/// How often a name is looked up again; a failed endpoint also has it looked up.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(10);
const RESOLVE_PAUSE: Duration = Duration::from_millis(500);

/// A connection that has as many calls as the one before it took gets no more for so long: its peer would refuse
/// them. By then it has ended, and others are there, or the peer takes more this time.
const HESITATION: Duration = Duration::from_millis(20);

/// Connections to one address, which a worker has when the ones before are full.
const MOST_PER_ADDRESS: usize = 8;

/// A worker's connections to one target.
pub(crate) struct Pool {
    state: Rc<PoolState>,
    maintainer: JoinHandle<()>,
}

struct PoolState {
    target: Arc<GrpcTarget>,
    settings: Rc<PoolSettings>,
    endpoints: RefCell<Vec<Rc<Endpoint>>>,
    /// Why the name could not be resolved.
    failure: RefCell<Option<String>>,
    changed: Rc<Notify>,
    next: Cell<usize>,
    used: Cell<Instant>,
    thread: usize,
}

/// An endpoint chosen for one call; counted as in flight until dropped.
pub(crate) struct Lease {
    pub(crate) sender: SendRequest<Bytes>,
    pub(crate) endpoint: Rc<Endpoint>,
    connection: u64,
}

impl Lease {
    /// Waits until the connection takes one more call.
    async fn ready(self) -> Result<Self, h2::Error> {
        match self.sender.clone().ready().await {
            Ok(_) => Ok(self),
            Err(error) => {
                self.mark_broken();
                Err(error)
            }
        }
    }

    /// A call was sent.
    pub(super) fn mark_sent(&self) {
        self.endpoint.mark_sent(self.connection);
    }

    /// The call that was sent came back untouched.
    pub(super) fn mark_refused(&self) {
        self.endpoint.mark_refused(self.connection);
    }

    /// Whether the connection still takes calls.
    pub(super) fn is_open(&self) -> bool {
        self.endpoint.is_up() && self.endpoint.connection() == self.connection
    }

    /// Says that the answer is left in the connection's window until its client takes it.
    pub(crate) fn leave_unread(&self) -> Unread {
        self.endpoint.leave_unread()
    }

    /// The connection broke under a call.
    pub(crate) fn mark_broken(&self) {
        self.endpoint.mark_broken(self.connection);
    }

    /// A call timed out.
    pub(crate) fn suspect(&self) {
        self.endpoint.suspect();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.endpoint.in_flight.set(self.endpoint.in_flight.get().saturating_sub(1));
    }
}

impl Pool {
    /// Starts connecting to all addresses of the target.
    pub(crate) fn start(target: Arc<GrpcTarget>, settings: Rc<PoolSettings>, thread: usize) -> Self {
        let state = Rc::new(PoolState {
            target,
            settings,
            endpoints: RefCell::default(),
            failure: RefCell::default(),
            changed: Rc::new(Notify::new()),
            next: Cell::new(0),
            used: Cell::new(Instant::now()),
            thread,
        });
        let maintainer = tokio::task::spawn_local(state.clone().maintain());
        Self { state, maintainer }
    }

    /// Whether no call came for so long.
    pub(crate) fn is_idle_for(&self, span: Duration) -> bool {
        self.state.used.get().elapsed() >= span
            && self.state.endpoints.borrow().iter().all(|endpoint| endpoint.in_flight.get() == 0)
    }

    /// Picks the connected endpoint with the fewest calls and makes sure that it takes one more; when it does
    /// not, tries one other, or any number whose peers ended them in order: each such connection is replaced.
    /// Waits only while no endpoint is connected and not all of them have failed.
    pub(crate) async fn acquire(&self) -> Result<Lease, CallError> {
        self.state.used.set(Instant::now());
        let mut avoid = None;
        loop {
            let lease = self.wait_for_lease(avoid).await?;
            let address = lease.endpoint.address;
            match lease.ready().await {
                Ok(lease) => return Ok(lease),
                Err(error) if is_orderly(&error) => {}
                Err(error) if avoid.is_some() => return Err(super::broken(&error)),
                Err(_) => avoid = Some(address),
            }
        }
    }

    /// Whether an endpoint is connected.
    pub(crate) fn is_live(&self) -> bool {
        self.state.is_up()
    }

    /// Waits until an endpoint is connected; answers why when all have failed.
    pub(crate) async fn wait_for_life(&self) -> Result<(), String> {
        self.state.used.set(Instant::now());
        let mut may_retry = true;
        loop {
            let changed = self.state.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.state.is_up() {
                return Ok(());
            }
            if let Some(reason) = self.state.final_failure(&mut may_retry) {
                return Err(reason);
            }
            changed.await;
        }
    }

    async fn wait_for_lease(&self, avoid: Option<SocketAddr>) -> Result<Lease, CallError> {
        // Nothing waits in the usual case, so nothing is registered for it.
        if let Some(lease) = self.state.pick(avoid) {
            return Ok(lease);
        }
        let mut may_retry = true;
        loop {
            let changed = self.state.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(lease) = self.state.pick(avoid) {
                return Ok(lease);
            }
            if let Some(reason) = self.state.final_failure(&mut may_retry) {
                return Err(CallError::unavailable(reason));
            }
            if !self.state.is_up() {
                changed.await;
            } else if timeout(HESITATION, changed).await.is_err() {
                // The connections take more than those before them did.
                self.state.expect_nothing();
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.maintainer.abort();
        for endpoint in self.state.endpoints.borrow().iter() {
            endpoint.retire();
        }
        self.state.target.report(self.state.thread, 0, 0);
    }
}

impl PoolState {
    /// Chooses a connection; none while there is none, or while another is made because all are full.
    fn pick(self: &Rc<Self>, avoid: Option<SocketAddr>) -> Option<Lease> {
        let chosen = self.choose(avoid)?;
        if chosen.is_full() && (self.widen(&chosen) || chosen.expectation.is_reached()) {
            return None;
        }
        let sender = chosen.sender()?;
        chosen.assign();
        let connection = chosen.connection();
        Some(Lease { sender, endpoint: chosen, connection })
    }

    /// Has another connection made to an address whose connections are full; says whether one is being made.
    fn widen(self: &Rc<Self>, full: &Endpoint) -> bool {
        let mut endpoints = self.endpoints.borrow_mut();
        let mut count = 0;
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.address == full.address) {
            if endpoint.is_connecting() {
                return true;
            }
            count += 1;
        }
        if count >= MOST_PER_ADDRESS {
            return false;
        }
        let extra = Endpoint::new(full.address, full.authority.clone(), true);
        extra.expectation.expect(full.expectation.most());
        endpoints.push(extra.clone());
        tokio::task::spawn_local(extra.run(self.settings.clone(), self.changed.clone()));
        true
    }

    fn is_up(&self) -> bool {
        self.endpoints.borrow().iter().any(|endpoint| endpoint.is_up())
    }

    fn expect_nothing(&self) {
        self.endpoints.borrow().iter().for_each(|endpoint| endpoint.expectation.expect(None));
    }

    fn choose(&self, avoid: Option<SocketAddr>) -> Option<Rc<Endpoint>> {
        let endpoints = self.endpoints.borrow();
        let offset = self.next.get();
        self.next.set(offset.wrapping_add(1));
        let count = endpoints.len();
        // Starting elsewhere each time spreads calls over endpoints that are equally busy.
        let rotated = (0..count).filter_map(|step| endpoints.get((offset.wrapping_add(step)) % count));
        let chosen = rotated.filter(|endpoint| endpoint.is_up()).min_by_key(|endpoint| {
            (Some(endpoint.address) == avoid, endpoint.is_full(), endpoint.in_flight.get())
        });
        chosen.cloned()
    }

    /// Has the endpoints that refused tried again; says whether there is one.
    fn retry(&self) -> bool {
        // Counted to the end: each of them is to be tried.
        self.endpoints.borrow().iter().filter(|endpoint| endpoint.retry()).count() > 0
    }

    /// Why no endpoint can be had; none while at least one is being tried for the first time.
    fn failure(&self) -> Option<String> {
        let target = &self.target.target;
        let endpoints = self.endpoints.borrow();
        if endpoints.is_empty() {
            let failure = self.failure.borrow();
            return failure.as_ref().map(|reason| format!("backend {target} cannot be resolved: {reason}"));
        }
        let mut reasons = BTreeSet::new();
        for endpoint in endpoints.iter() {
            reasons.insert(endpoint.failure()?);
        }
        let reasons: Vec<String> = reasons.into_iter().collect();
        Some(format!("backend {target} cannot be reached: {}; check that it runs", reasons.join("; ")))
    }

    /// Why whoever waits for an endpoint need not wait longer. Addresses that refused before are tried once more first,
    /// so that a backend that came back is found at once.
    fn final_failure(&self, may_retry: &mut bool) -> Option<String> {
        self.failure().filter(|_| !(std::mem::take(may_retry) && self.retry()))
    }

    /// Looks the name up again and again, and starts and retires endpoints accordingly.
    async fn maintain(self: Rc<Self>) {
        let mut looked_up = Instant::now();
        self.resolve().await;
        loop {
            tokio::select! {
                () = sleep(RESOLVE_INTERVAL) => self.narrow(),
                () = self.changed.notified() => {}
            }
            self.report();
            let is_down = self.endpoints.borrow().iter().any(|endpoint| !endpoint.is_up());
            let pause = if is_down { RESOLVE_PAUSE } else { RESOLVE_INTERVAL };
            if self.target.needs_resolving && looked_up.elapsed() >= pause {
                looked_up = Instant::now();
                self.resolve().await;
            }
        }
    }

    async fn resolve(&self) {
        let mut found: Vec<(SocketAddr, Authority)> = Vec::new();
        let mut failure = None;
        for authority in &self.target.authorities {
            match tokio::net::lookup_host(authority.as_str()).await {
                Ok(addresses) => found.extend(addresses.map(|address| (address, authority.clone()))),
                Err(error) => failure = Some(format!("{authority}: {error}")),
            }
        }
        if found.is_empty() {
            // A name server that is away must not take working connections down.
            let reason = failure.unwrap_or_else(|| "it has no address".to_owned());
            tracing::warn!(backend = %self.target.target, reason, "backend name cannot be resolved");
            *self.failure.borrow_mut() = Some(reason);
            self.changed.notify_waiters();
            return;
        }
        self.failure.borrow_mut().take();
        let mut endpoints = self.endpoints.borrow_mut();
        endpoints.retain(|endpoint| {
            let is_kept = failure.is_some() || found.iter().any(|(address, _)| *address == endpoint.address);
            if !is_kept {
                endpoint.retire();
            }
            is_kept
        });
        for (address, authority) in found {
            if endpoints.iter().all(|endpoint| endpoint.address != address) {
                let endpoint = Endpoint::new(address, authority, false);
                endpoints.push(endpoint.clone());
                tokio::task::spawn_local(endpoint.run(self.settings.clone(), self.changed.clone()));
            }
        }
    }

    /// Gives connections back that were made because others were full, once they have no calls.
    fn narrow(&self) {
        self.endpoints.borrow_mut().retain(|endpoint| {
            let is_kept = !endpoint.is_extra || endpoint.in_flight.get() > 0 || endpoint.is_connecting();
            if !is_kept {
                endpoint.retire();
            }
            is_kept
        });
    }

    fn report(&self) {
        let endpoints = self.endpoints.borrow();
        let known = endpoints.iter().filter(|endpoint| !endpoint.is_extra);
        let up = known.clone().filter(|endpoint| endpoint.is_up()).count();
        self.target.report(self.thread, up, known.count());
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::{
        net::TcpListener,
        task::{LocalSet, spawn_local, yield_now},
        time::advance,
    };

    use super::{super::endpoint::RETRY_PAUSE, *};
    use crate::{config::Limits, routing::backends::Backends};

    /// Takes connections until aborted.
    async fn serve(listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            spawn_local(async move { while connection.accept().await.is_some() {} });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_comes_back_is_connected_by_the_next_call_before_its_next_try_is_due() {
        let test = async {
            // While something can always go on, the clock moves only where this test moves it.
            spawn_local(async {
                loop {
                    yield_now().await;
                }
            });
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let settings = Rc::new(PoolSettings::from(&Limits::default()));
            let backends = Backends::new(1, Limits::default(), PathBuf::new());
            let target = backends.lone_target(&gone.to_string().into()).unwrap();
            let pool = Pool::start(target, settings, 0);
            assert!(pool.acquire().await.is_err());
            // Each try doubles the pause before the next, which grows to its longest, half a second at least.
            for _ in 0..10 {
                let tried = pool.state.changed.notified();
                tokio::pin!(tried);
                tried.as_mut().enable();
                advance(Duration::from_secs(1)).await;
                tried.await;
            }
            let listener = TcpListener::bind(gone).await.unwrap();
            spawn_local(serve(listener));
            assert!(
                pool.acquire().await.is_err(),
                "an address that refused just now is not tried for each call"
            );
            advance(RETRY_PAUSE).await;
            let answer = pool.acquire().await.map(drop);
            assert_eq!(answer, Ok(()), "the first call that may has it tried, and waits for it");
        };
        LocalSet::new().run_until(test).await;
    }
}
