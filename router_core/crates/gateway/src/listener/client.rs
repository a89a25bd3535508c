//! A client: what the calls on one connection share.

use std::{cell::Cell, net::SocketAddr, sync::Arc};

use http::HeaderMap;
use pointsman_model::{Principal, Snapshot};
use tokio::sync::Semaphore;

use crate::{listener::auth::KeyCache, messages::status::CallError, worker::Worker};

/// The part of the control plane's places that the calls of one connection may hold.
const CONTROL_SHARE: usize = 16;

/// What calls on one connection share.
pub(crate) struct Client {
    pub(crate) peer: SocketAddr,
    keys: KeyCache,
    /// Places at the control plane; further calls of this connection wait for one.
    pub(crate) control_share: Arc<Semaphore>,
    /// Calls that it has, without streams that never end.
    pub(crate) calls: Cell<usize>,
    /// Bytes of answers that wait in memory for this client to take them.
    pub(crate) held_bytes: Cell<usize>,
    /// Bytes of answers that it took after they had to wait.
    pub(crate) taken_bytes: Cell<usize>,
}

impl Client {
    /// A connection's calls; the control plane has `control_places` for all connections.
    pub(crate) fn new(peer: SocketAddr, control_places: usize) -> Self {
        let control_share = Arc::new(Semaphore::new(control_places.div_ceil(CONTROL_SHARE)));
        Self {
            peer,
            keys: KeyCache::default(),
            control_share,
            calls: Cell::new(0),
            held_bytes: Cell::new(0),
            taken_bytes: Cell::new(0),
        }
    }

    /// Says who makes a call.
    ///
    /// # Errors
    /// UNAUTHENTICATED: there is no key where one is needed, or a wrong one. UNAVAILABLE: nothing was published
    /// yet, so that nobody can be known.
    pub(crate) fn identify(
        &self,
        worker: &Worker,
        snapshot: &Snapshot,
        headers: &HeaderMap,
    ) -> Result<Arc<Principal>, CallError> {
        let access = &snapshot.access;
        if snapshot.generation == 0 && access.keys.is_empty() && !access.open {
            return Err(CallError::unavailable(
                "the server does not know yet who may call: its control plane has not reached its database; \
                 see /readyz on the HTTP port, and try again",
            ));
        }
        self.keys.principal(headers, access, &worker.shared.local_principal)
    }
}
