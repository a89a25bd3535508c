//! What all threads of a server share.

use std::sync::Arc;

use pointsman_model::Principal;
use tokio::sync::watch;

use crate::{
    config::ServerConfig,
    figures::{series_ages::SeriesAges, stats::ThreadStats},
    listener::key_shares::KeyShares,
    messages::allowance::Budgets,
    publishing::publisher::Publisher,
    recording::{erased::ErasedPredictions, feedback_waiters::FeedbackWaiters, journal::Journal},
    tasks::TaskPool,
    tonic_services::TonicServices,
    upstream::admission::Admission,
};

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
    pub(crate) journal: Journal,
    pub(crate) feedback_waiters: FeedbackWaiters,
    pub(crate) erased: ErasedPredictions,
    pub(crate) budgets: Budgets,
    /// The control plane has places like a backend.
    pub(crate) control_admission: Arc<Admission>,
    pub(crate) control_key_shares: KeyShares,
    pub(crate) tasks: TaskPool,
    /// The same for copies of calls, which must not stand before calls there.
    pub(crate) copy_tasks: TaskPool,
    pub(crate) thread_stats: Box<[ThreadStats]>,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) tonic_services: TonicServices,
    pub(crate) local_principal: Arc<Principal>,
    pub(crate) started_us: i64,
    pub(crate) is_restored: bool,
    pub(crate) series_ages: SeriesAges,
}
