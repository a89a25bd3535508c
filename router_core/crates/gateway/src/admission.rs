//! How many calls a backend has at a time, and how many wait.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

use crate::status::CallError;

/// Admits calls up to a limit; further ones wait in a bounded queue.
///
/// The way in and out of a backend that is not full is one atomic operation each, without a lock.
#[derive(Debug)]
pub(crate) struct Admission {
    in_flight: AtomicUsize,
    queued: AtomicUsize,
    limit: usize,
    queue_limit: usize,
    freed: Notify,
}

/// A place at the backend; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Admission>);

impl Admission {
    pub(crate) fn new(limit: usize, queue_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            in_flight: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            limit,
            queue_limit,
            freed: Notify::new(),
        })
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Takes a place, waiting for one when the queue has room.
    pub(crate) async fn enter(self: &Arc<Self>) -> Result<Permit, CallError> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        let queued = Queued::enter(self).ok_or_else(|| {
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
            if let Some(permit) = self.try_enter() {
                drop(queued);
                return Ok(permit);
            }
            freed.await;
        }
    }

    fn try_enter(self: &Arc<Self>) -> Option<Permit> {
        // Never counts a place that it does not get: a waiter woken meanwhile would miss a free one.
        let next = |in_flight: usize| (in_flight < self.limit).then_some(in_flight + 1);
        let taken = self.in_flight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        taken.ok().map(|_| Permit(self.clone()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        if self.0.queued.load(Ordering::SeqCst) > 0 {
            self.0.freed.notify_one();
        }
    }
}

/// A place in the queue; left when dropped, be it by a cancelled call.
struct Queued<'a>(&'a Admission);

impl<'a> Queued<'a> {
    fn enter(admission: &'a Admission) -> Option<Self> {
        let before = admission.queued.fetch_add(1, Ordering::SeqCst);
        let queued = Self(admission);
        (before < admission.queue_limit).then_some(queued)
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
