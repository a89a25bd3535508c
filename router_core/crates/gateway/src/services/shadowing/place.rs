//! Room for a copy: so many at a time, and so many bytes.

use std::{rc::Rc, sync::Arc, time::Duration};

use crate::{
    figures::{
        shadow_stats::{Dropped, ShadowShard},
        stats::VariantStats,
    },
    messages::budget::Reservation,
    shared::Phase,
    worker::Worker,
};

/// Copies of one thread that are under way to a shadow.
const MOST_PER_SHADOW: u64 = 128;
/// Copies of one thread that are under way to any shadow.
const MOST_PER_WORKER: u64 = 512;

/// A copy's room; given back when dropped. A copy that is dropped unfinished ends with its server.
pub(super) struct Place {
    worker: Rc<Worker>,
    stats: Arc<VariantStats>,
    /// The memory of the request.
    _held: Reservation,
    is_counted: bool,
}

impl Place {
    /// Takes room for a request of so many bytes, or says why there is none. No bytes: it is not here whole.
    pub(super) fn take(
        worker: &Rc<Worker>,
        stats: &Arc<VariantStats>,
        bytes: Option<usize>,
    ) -> Result<Self, Dropped> {
        if *worker.shared.phase.borrow() != Phase::Serving {
            return Err(Dropped::Ending);
        }
        let bytes = bytes.ok_or(Dropped::Streaming)?;
        let under_way = stats.shadow(worker.index).map_or(u64::MAX, ShadowShard::under_way);
        let of_all = worker.stats().map_or(u64::MAX, |stats| stats.copies());
        if under_way >= MOST_PER_SHADOW || of_all >= MOST_PER_WORKER {
            return Err(Dropped::Busy);
        }
        let held = worker.shared.budgets.whole.reserve_spare(bytes).ok_or(Dropped::Memory)?;
        if let Some(stats) = stats.shadow(worker.index) {
            stats.enter();
        }
        if let Some(stats) = worker.stats() {
            stats.enter_copy();
        }
        Ok(Self { worker: worker.clone(), stats: stats.clone(), _held: held, is_counted: false })
    }

    /// The copy ended with a status.
    pub(super) fn end(mut self, code: usize, backend: Option<Duration>) {
        self.is_counted = true;
        if let Some(stats) = self.stats.shadow(self.worker.index) {
            stats.record_end(code, backend);
        }
    }

    /// The copy was not sent.
    pub(super) fn drop_copy(mut self, why: Dropped) {
        self.count_drop(why);
    }

    fn count_drop(&mut self, why: Dropped) {
        self.is_counted = true;
        if let Some(stats) = self.stats.shadow(self.worker.index) {
            stats.record_drop(why);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_counted {
            self.count_drop(Dropped::Ending);
        }
        if let Some(stats) = self.stats.shadow(self.worker.index) {
            stats.leave();
        }
        if let Some(stats) = self.worker.stats() {
            stats.leave_copy();
        }
    }
}
