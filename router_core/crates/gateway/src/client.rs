//! A client: what the calls on one connection share.

use std::{cell::Cell, net::SocketAddr, sync::Arc};

use http::HeaderMap;
use pointsman_model::{Principal, Snapshot};

use crate::{auth::KeyCache, status::CallError, worker::Worker};

/// What calls on one connection share.
pub(crate) struct Client {
    pub(crate) peer: SocketAddr,
    keys: KeyCache,
    /// Calls that it has, without streams that never end.
    pub(crate) calls: Cell<usize>,
}

impl Client {
    pub(crate) fn new(peer: SocketAddr) -> Self {
        Self { peer, keys: KeyCache::default(), calls: Cell::new(0) }
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
