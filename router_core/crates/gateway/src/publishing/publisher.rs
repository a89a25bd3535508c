//! From a published change to the state in effect: everything that can fail first, then one store.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use pointsman_model::RefusedItem;
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message;

use crate::{
    error::GatewayError,
    learning::{KeptTotals, bandits_of},
    publishing::state_file::StateFile,
    routing::{
        backends::Backends,
        routes::{Routes, RoutesError},
    },
};

/// What a publish did.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    /// The generation in effect.
    pub generation: u64,
    /// The items of the change that cannot be used; for them the state before stays in effect.
    pub refused: Vec<RefusedItem>,
}

/// Holds the state in effect and puts the next one in its place.
pub(crate) struct Publisher {
    routes: ArcSwap<Routes>,
    pub(crate) backends: Backends,
    /// What was last learnt of bandits' arms.
    pub(crate) learnt: KeptTotals,
    threads: usize,
    /// Whether other machines reach the port.
    is_public: bool,
    /// Publishes go one after the other; calls never wait for it.
    state_file: Mutex<Option<StateFile>>,
}

impl Publisher {
    /// Waits until everything published is on disk; later publishes are not kept.
    pub(crate) fn close(&self) {
        drop(self.state_file.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Starts with what was kept on disk.
    pub(crate) fn new(
        backends: Backends,
        threads: usize,
        is_public: bool,
        state_file: StateFile,
        restored: Option<proto::SnapshotUpdate>,
        learnt: KeptTotals,
    ) -> Self {
        let routes = restored.map_or_else(Routes::default, |mut update| {
            close_to_strangers(&mut update, is_public);
            restore(update, &backends, threads)
        });
        learnt.lock().restore(&routes);
        let routes = ArcSwap::from_pointee(routes);
        Self { routes, backends, learnt, threads, is_public, state_file: Mutex::new(Some(state_file)) }
    }

    pub(crate) fn routes(&self) -> &ArcSwap<Routes> {
        &self.routes
    }

    pub(crate) fn generation(&self) -> u64 {
        self.routes.load().snapshot.generation
    }

    /// Applies what can be used of an encoded `SnapshotUpdate`; when it returns, every call that starts sees the new
    /// state. What cannot be used is answered, and kept on disk with the rest: another version may understand it.
    pub(crate) fn publish(&self, bytes: &[u8]) -> Result<Published, GatewayError> {
        let mut update = proto::SnapshotUpdate::decode(bytes)
            .map_err(|error| GatewayError::InvalidSnapshot(format!("update: {error}")))?;
        close_to_strangers(&mut update, self.is_public);
        let (update, mut refused) = pointsman_wire::usable_update(update)
            .map_err(|error| GatewayError::InvalidSnapshot(error.to_string()))?;
        let state_file = self.state_file.lock().unwrap_or_else(PoisonError::into_inner);
        let complete = update.complete;
        let bandits = bandits_of(update.changed_routers.iter());
        let (next, unusable) =
            self.routes.load().apply(update, &self.backends, self.threads).map_err(of_routes)?;
        refused.extend(unusable);
        let generation = next.snapshot.generation;
        let mut learnt = self.learnt.lock();
        learnt.begin(&next, bandits.iter());
        if complete {
            learnt.retain(&next);
        }
        self.routes.store(Arc::new(next));
        drop(learnt);
        if let Some(state_file) = &*state_file {
            state_file.append(bytes.to_vec());
        }
        tracing::debug!(generation, complete, refused = refused.len(), "published");
        Ok(Published { generation, refused })
    }
}

/// Calls without a key are the local admin's only where none but this machine can call. The state on disk may come
/// from a time when the port was on loopback.
fn close_to_strangers(update: &mut proto::SnapshotUpdate, is_public: bool) {
    if let Some(access) = &mut update.access {
        access.open &= !is_public;
    }
}

/// The state that was kept on disk, as far as this version understands it.
fn restore(update: proto::SnapshotUpdate, backends: &Backends, threads: usize) -> Routes {
    let restored = pointsman_wire::usable_update(update).map_err(|error| error.to_string()).and_then(
        |(update, mut refused)| {
            let applied = Routes::default().apply(update, backends, threads);
            let (routes, unusable) = applied.map_err(|error| error.to_string())?;
            refused.extend(unusable);
            Ok((routes, refused))
        },
    );
    match restored {
        Ok((routes, refused)) => {
            for RefusedItem { kind, id, reason } in refused {
                let kind = kind.as_str();
                tracing::error!(
                    kind,
                    id,
                    reason,
                    "a part of the kept routing state cannot be used; it stays on disk"
                );
            }
            routes
        }
        Err(reason) => {
            tracing::error!(
                reason,
                "the kept routing state cannot be restored; waiting for the control plane"
            );
            Routes::default()
        }
    }
}

fn of_routes(error: RoutesError) -> GatewayError {
    use pointsman_model::SnapshotError::{NotNewer, Stale};
    match error {
        RoutesError::Snapshot(Stale { .. } | NotNewer { .. }) => {
            GatewayError::StaleSnapshot(error.to_string())
        }
        _ => GatewayError::InvalidSnapshot(error.to_string()),
    }
}
