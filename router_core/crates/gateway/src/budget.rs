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
        let taken = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                held.checked_add(bytes).filter(|&sum| sum <= self.limit)
            })
            .is_ok();
        if taken {
            Ok(Reservation { budget: self.clone(), bytes })
        } else {
            Err(CallError::exhausted(format!(
                "{bytes} bytes do not fit into the memory for messages, {} bytes (limits.body_budget_bytes); \
                 try again later",
                self.limit
            )))
        }
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
}
