//! One budget for the bytes of message bodies held in memory.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::status::CallError;

/// Counts bytes held, up to a limit.
#[derive(Debug)]
pub(crate) struct ByteBudget {
    held: AtomicUsize,
    limit: usize,
}

/// Bytes held; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<ByteBudget>,
    bytes: usize,
}

impl ByteBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), limit })
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes bytes, or says that too many are held.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Result<Reservation, CallError> {
        self.reserve_below(bytes, self.limit).ok_or_else(|| {
            CallError::exhausted(format!(
                "{bytes} bytes do not fit into the memory for messages, {} bytes (limits.body_budget_bytes); \
                 try again later",
                self.limit
            ))
        })
    }

    /// So much may be held for what could also be done without: messages that come in need the rest.
    pub(crate) const fn spare_limit(&self) -> usize {
        self.limit / 2
    }

    /// Takes bytes for what could also be done without.
    pub(crate) fn reserve_spare(self: &Arc<Self>, bytes: usize) -> Option<Reservation> {
        self.reserve_below(bytes, self.spare_limit())
    }

    /// Whether little is left of that.
    pub(crate) fn is_spare_scarce(&self) -> bool {
        self.held() >= self.spare_limit() / 4 * 3
    }

    fn reserve_below(self: &Arc<Self>, bytes: usize, limit: usize) -> Option<Reservation> {
        let within = |held: usize| held.checked_add(bytes).filter(|&sum| sum <= limit);
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within);
        taken.ok().map(|_| Reservation { budget: self.clone(), bytes })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_can_be_reserved_again() {
        let budget = ByteBudget::new(100);
        let first = budget.reserve(60).unwrap();
        assert!(budget.reserve(60).is_err());
        drop(first);
        assert!(budget.reserve(100).is_ok());
        assert_eq!(budget.held(), 0);
        assert!(budget.reserve(usize::MAX).is_err());
    }

    #[test]
    fn what_could_be_done_without_leaves_half_to_what_is_needed() {
        let budget = ByteBudget::new(100);
        let spare = budget.reserve_spare(50).unwrap();
        assert!(budget.reserve_spare(1).is_none());
        assert!(budget.is_spare_scarce());
        assert!(budget.reserve(50).is_ok());
        drop(spare);
        let _needed = budget.reserve(60).unwrap();
        assert!(budget.reserve_spare(1).is_none(), "what is needed comes first");
    }
}
