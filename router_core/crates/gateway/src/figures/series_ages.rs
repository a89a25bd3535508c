//! Which series of metrics moved lately.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::figures::stats::VariantStats;

/// A series without calls for so long is left out until calls come again.
const IDLE: Duration = Duration::from_secs(3_600);

/// Remembers which series moved when.
#[derive(Debug, Default)]
pub(crate) struct SeriesAges(Mutex<HashMap<SeriesKey, (u64, Instant)>>);

/// Router and variant.
type SeriesKey = (Arc<str>, Arc<str>);

impl SeriesAges {
    /// Whether a series had calls lately, as far as earlier looks can tell.
    pub(crate) fn is_fresh(&self, stats: &VariantStats, calls: u64) -> bool {
        let mut ages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let key = (stats.router.clone(), stats.variant.clone());
        let (seen, moved) = ages.entry(key).or_insert((calls, now));
        if *seen != calls {
            (*seen, *moved) = (calls, now);
        }
        moved.elapsed() < IDLE
    }

    /// Forgets series whose routers are gone.
    pub(crate) fn retain(&self, is_known: impl Fn(&str, &str) -> bool) {
        let mut ages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ages.retain(|(router, variant), _| is_known(router, variant));
    }
}
