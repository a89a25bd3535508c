//! One budget for the bytes of message bodies held in memory, and the parts of it that kinds of calls may fill.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::messages::status::CallError;

/// Counts bytes held, up to a limit.
#[derive(Debug)]
pub(crate) struct ByteBudget {
    /// The sum of all reservations, never above `limit`: any thread adds when it makes one and subtracts when it drops it, each
    /// in one step. Relaxed suffices: the number leads to no other memory.
    held: AtomicUsize,
    limit: usize,
    /// What this is a part of: bytes count there too.
    whole: Option<Arc<ByteBudget>>,
}

/// Bytes held; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<ByteBudget>,
    bytes: usize,
    /// Whether it could also be done without: then it grows only as far as such may.
    is_spare: bool,
}

impl ByteBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), limit, whole: None })
    }

    /// The part of this budget that some calls may fill, so that they leave the rest to others.
    pub(crate) fn part(self: &Arc<Self>, divisor: usize) -> Arc<Self> {
        let limit = self.limit.div_ceil(divisor);
        Arc::new(Self { held: AtomicUsize::new(0), limit, whole: Some(self.clone()) })
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes bytes, or says that too many are held.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Result<Reservation, CallError> {
        self.take(bytes)?;
        Ok(Reservation { budget: self.clone(), bytes, is_spare: false })
    }

    /// So much may be held for what could also be done without: messages that come in need the rest.
    pub(crate) const fn spare_limit(&self) -> usize {
        self.limit / 2
    }

    /// Takes bytes for what could also be done without.
    pub(crate) fn reserve_spare(self: &Arc<Self>, bytes: usize) -> Option<Reservation> {
        debug_assert!(self.whole.is_none(), "a part's bytes would count nowhere else");
        let made = || Reservation { budget: self.clone(), bytes, is_spare: true };
        self.take_below(bytes, self.spare_limit()).then(made)
    }

    /// Whether little is left of that.
    pub(crate) fn is_spare_scarce(&self) -> bool {
        self.held() >= self.spare_limit() / 4 * 3
    }

    fn take(&self, bytes: usize) -> Result<(), CallError> {
        if !self.take_below(bytes, self.limit) {
            return Err(CallError::exhausted(format!(
                "{bytes} bytes do not fit into the memory for messages of this kind, {} bytes \
                 (limits.body_budget_bytes); try again later",
                self.limit
            )));
        }
        if let Some(whole) = &self.whole
            && let Err(error) = whole.take(bytes)
        {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            return Err(error);
        }
        Ok(())
    }

    /// Takes bytes here unless more than a limit would be held; those above this are not asked.
    fn take_below(&self, bytes: usize, limit: usize) -> bool {
        let within = |held: usize| held.checked_add(bytes).filter(|&sum| sum <= limit);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(whole) = &self.whole {
            whole.give_back(bytes);
        }
    }
}

impl Reservation {
    /// Holds at least so many bytes from now on, or says that they do not fit and holds what it held.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), CallError> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        if !self.is_spare {
            self.budget.take(more)?;
        } else if !self.budget.take_below(more, self.budget.spare_limit()) {
            return Err(CallError::exhausted(format!(
                "{bytes} bytes cannot be spared of the memory for messages (limits.body_budget_bytes)"
            )));
        }
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
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
    fn what_grows_is_counted_and_what_does_not_fit_changes_nothing() {
        let budget = ByteBudget::new(100);
        let mut growing = budget.reserve(10).unwrap();
        growing.grow_to(70).unwrap();
        growing.grow_to(20).unwrap();
        assert!(growing.grow_to(101).is_err());
        assert_eq!(budget.held(), 70);
        drop(growing);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_part_that_is_full_leaves_the_rest_to_others() {
        let budget = ByteBudget::new(160);
        let part = budget.part(16);
        let held = part.reserve(10).unwrap();
        assert!(part.reserve(1).is_err());
        assert_eq!(budget.held(), 10);
        let rest = budget.reserve(150).unwrap();
        drop(held);
        assert_eq!((part.held(), budget.held()), (0, 150));
        drop(rest);
        let whole = budget.reserve(155).unwrap();
        assert!(part.reserve(6).is_err(), "a part of a full budget is full");
        assert_eq!((part.held(), budget.held()), (0, 155));
        drop(whole);
    }

    #[test]
    fn what_could_be_done_without_leaves_half_to_what_is_needed() {
        let budget = ByteBudget::new(100);
        let spare = budget.reserve_spare(50).unwrap();
        assert!(budget.reserve_spare(1).is_none());
        assert!(budget.is_spare_scarce());
        assert!(budget.reserve(50).is_ok());
        drop(spare);
        let mut growing = budget.reserve_spare(10).unwrap();
        growing.grow_to(50).unwrap();
        assert!(growing.grow_to(51).is_err(), "nor does it grow into that half");
        assert_eq!(budget.held(), 50);
        drop(growing);
        let _needed = budget.reserve(60).unwrap();
        assert!(budget.reserve_spare(1).is_none(), "what is needed comes first");
    }
}
