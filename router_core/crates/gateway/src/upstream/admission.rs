//! How many calls a backend has at a time, and how many wait.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

use crate::messages::status::CallError;

/// Admits calls up to a limit; further ones wait in a bounded queue.
///
/// The way in and out of a backend that is not full is one atomic operation each, without a lock.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Places that are taken, never more than `limit`: each call takes and gives back its own. With `queued` it is SeqCst: who
    /// gives a place back lowers this, then looks who waits; who waits queues and registers, then looks here. One of the two
    /// sees the other, so that nobody waits beside a free place.
    in_flight: AtomicUsize,
    /// Calls that wait, never more than `queue_limit`: each counts itself, until it has a place or gives up. SeqCst: see
    /// `in_flight`.
    queued: AtomicUsize,
    /// Places that were spared, among those in flight. Who takes one counts it before the place and takes it off before the
    /// place is free: it is a limit alone, of which nobody waits to hear.
    spared: AtomicUsize,
    limit: usize,
    queue_limit: usize,
    freed: Notify,
}

/// A place at the backend; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    is_spared: bool,
}

/// So many of the places may be spared for what could be done without, and only while no more than half are taken.
const SPARED_PART: usize = 4;

impl Admission {
    pub(crate) fn new(limit: usize, queue_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            spared: AtomicUsize::new(0),
            limit,
            queue_limit,
            freed: Notify::new(),
        })
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Takes a place, waiting for one when the queue has room.
    pub(crate) async fn enter(self: &Arc<Self>) -> Result<Permit, CallError> {
        // Nobody overtakes those who wait.
        if self.queued.load(Ordering::SeqCst) == 0
            && let Some(permit) = self.try_enter()
        {
            return Ok(permit);
        }
        let (queued, mut is_next) = Queued::enter(self).ok_or_else(|| {
            CallError::exhausted(format!(
                "{} calls are in flight and {} wait (limits.max_in_flight_per_backend, \
                 limits.max_queued_per_backend); try again later",
                self.limit, self.queue_limit
            ))
        })?;
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registers before looking again, so that a place freed in between is not missed.
            freed.as_mut().enable();
            if is_next && let Some(permit) = self.try_enter() {
                drop(queued);
                // More places than one may have become free while nobody waited.
                if self.in_flight() < self.limit {
                    self.wake_next();
                }
                return Ok(permit);
            }
            freed.await;
            is_next = true;
        }
    }

    /// Takes a place for what could also be done without: at once or not at all, and none that a call may need. However
    /// long such places are held, three quarters are left to calls; a backend of one place can spare none.
    pub(crate) fn enter_spare(self: &Arc<Self>) -> Option<Permit> {
        if self.queued.load(Ordering::SeqCst) > 0 {
            return None;
        }
        let most = (self.limit / SPARED_PART).max(1);
        let next = |spared: usize| (spared < most).then_some(spared + 1);
        self.spared.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).ok()?;
        let next = |in_flight: usize| (in_flight < self.limit / 2).then_some(in_flight + 1);
        if self.in_flight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_err() {
            self.spared.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        Some(Permit { admission: self.clone(), is_spared: true })
    }

    fn wake_next(&self) {
        if self.queued.load(Ordering::SeqCst) > 0 {
            self.freed.notify_one();
        }
    }

    fn try_enter(self: &Arc<Self>) -> Option<Permit> {
        // Never counts a place that it does not get: a waiter woken meanwhile would miss a free one.
        let next = |in_flight: usize| (in_flight < self.limit).then_some(in_flight + 1);
        let taken = self.in_flight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        taken.ok().map(|_| Permit { admission: self.clone(), is_spared: false })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_spared {
            self.admission.spared.fetch_sub(1, Ordering::SeqCst);
        }
        self.admission.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.admission.wake_next();
    }
}

/// A place in the queue; left when dropped, be it by a cancelled call.
struct Queued<'a>(&'a Admission);

impl<'a> Queued<'a> {
    /// Queues, unless the queue is full; says whether nobody else is in it.
    fn enter(admission: &'a Admission) -> Option<(Self, bool)> {
        let next = |queued: usize| (queued < admission.queue_limit).then_some(queued + 1);
        let before = admission.queued.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).ok()?;
        Some((Self(admission), before == 0))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.queued.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_backend_queues_and_a_full_queue_refuses() {
        let admission = Admission::new(1, 1);
        let first = admission.enter().await.unwrap();
        let waiting = tokio::spawn({
            let admission = admission.clone();
            async move { admission.enter().await.is_ok() }
        });
        while admission.queued.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(admission.enter().await.unwrap_err().message.contains("1 calls are in flight and 1 wait"));
        drop(first);
        assert!(waiting.await.unwrap(), "the queued call takes the freed place");
        assert_eq!(admission.in_flight(), 0);
    }

    #[tokio::test]
    async fn a_call_that_comes_later_does_not_overtake_one_that_waits() {
        let admission = Admission::new(2, 2);
        let (first, second) = (admission.enter().await.unwrap(), admission.enter().await.unwrap());
        let mut waiting = Box::pin(admission.enter());
        assert!(futures_poll_once(&mut waiting).await.is_none());
        drop(first);
        let mut later = Box::pin(admission.enter());
        assert!(futures_poll_once(&mut later).await.is_none(), "the free place is spoken for");
        let taken = futures_poll_once(&mut waiting).await.unwrap().unwrap();
        assert!(futures_poll_once(&mut later).await.is_none());
        drop(second);
        assert!(futures_poll_once(&mut later).await.unwrap().is_ok());
        drop(taken);
        assert_eq!((admission.in_flight(), admission.queued.load(Ordering::SeqCst)), (0, 0));
    }

    #[tokio::test]
    async fn a_cancelled_wait_passes_its_turn_on() {
        let admission = Admission::new(1, 2);
        let first = admission.enter().await.unwrap();
        let mut leaving = Box::pin(admission.enter());
        let mut staying = Box::pin(admission.enter());
        assert!(futures_poll_once(&mut leaving).await.is_none());
        assert!(futures_poll_once(&mut staying).await.is_none());
        drop(first);
        drop(leaving);
        assert!(futures_poll_once(&mut staying).await.unwrap().is_ok());
    }

    #[test]
    fn no_turn_is_lost_between_threads() {
        let admission = Admission::new(2, 64);
        let served: usize = std::thread::scope(|scope| {
            let thread = || {
                let admission = admission.clone();
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(async {
                        for _ in 0..2_000 {
                            let permit = admission.enter().await.unwrap();
                            tokio::task::yield_now().await;
                            drop(permit);
                        }
                    });
                    2_000
                })
            };
            let threads: Vec<_> = (0..8).map(|_| thread()).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((served, admission.in_flight()), (16_000, 0));
    }

    #[tokio::test]
    async fn what_is_spared_leaves_places_to_calls_and_waits_for_none() {
        let admission = Admission::new(8, 1);
        let spared: Vec<Permit> = std::iter::from_fn(|| admission.enter_spare()).collect();
        assert_eq!(spared.len(), 2, "a quarter");
        let mut calls = Vec::new();
        for _ in 0..6 {
            calls.push(admission.enter().await.unwrap());
        }
        drop(spared);
        assert!(admission.enter_spare().is_none(), "more than half are taken");
        drop(calls.split_off(3));
        assert!(admission.enter_spare().is_some());
        drop(calls);
        assert_eq!((admission.in_flight(), admission.spared.load(Ordering::SeqCst)), (0, 0));
        assert!(Admission::new(1, 1).enter_spare().is_none(), "the only place is for calls");
    }

    #[tokio::test]
    async fn nothing_is_spared_while_a_call_waits() {
        let admission = Admission::new(2, 2);
        let (first, second) = (admission.enter().await.unwrap(), admission.enter().await.unwrap());
        let mut waiting = Box::pin(admission.enter());
        assert!(futures_poll_once(&mut waiting).await.is_none());
        drop(first);
        drop(second);
        assert!(admission.enter_spare().is_none());
        assert!(futures_poll_once(&mut waiting).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_cancelled_wait_leaves_the_queue() {
        let admission = Admission::new(1, 1);
        let _first = admission.enter().await.unwrap();
        let mut waiting = Box::pin(admission.enter());
        assert!(futures_poll_once(&mut waiting).await.is_none());
        drop(waiting);
        assert_eq!(admission.queued.load(Ordering::SeqCst), 0);
    }

    async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
