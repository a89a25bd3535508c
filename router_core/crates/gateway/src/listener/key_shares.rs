//! How many of the control plane's places the calls of one key may hold, over all its connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;

use crate::messages::status::CallError;

/// Keys that are remembered before those without calls are forgotten.
const REMEMBERED_KEYS: usize = 256;

/// The shares of keys. Only administrative calls come here, so that a lock does no harm.
#[derive(Debug)]
pub(crate) struct KeyShares {
    places: usize,
    by_key: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
}

impl KeyShares {
    /// Each key may hold so many places.
    pub(crate) fn new(places: usize) -> Self {
        Self { places, by_key: Mutex::default() }
    }

    /// Waits for a place of a key's; the local user of a server without keys needs none.
    pub(crate) async fn enter(&self, key_id: &Arc<str>) -> Result<Option<OwnedSemaphorePermit>, CallError> {
        if key_id.is_empty() {
            return Ok(None);
        }
        let entered = self.share(key_id).acquire_owned().await;
        entered.map(Some).map_err(|error| CallError::new(Code::Internal, error.to_string()))
    }

    fn share(&self, key_id: &Arc<str>) -> Arc<Semaphore> {
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if by_key.len() >= REMEMBERED_KEYS && !by_key.contains_key(key_id) {
            // A share that a call holds or waits for is counted more than once.
            by_key.retain(|_, share| Arc::strong_count(share) > 1);
        }
        let new = || Arc::new(Semaphore::new(self.places));
        by_key.entry(key_id.clone()).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_that_holds_its_share_waits_and_others_do_not() {
        let shares = KeyShares::new(2);
        let [ann, bob]: [Arc<str>; 2] = ["ann".into(), "bob".into()];
        let first = shares.enter(&ann).await.unwrap();
        let _second = shares.enter(&ann).await.unwrap();
        let mut third = std::pin::pin!(shares.enter(&ann));
        assert!(futures_pending(third.as_mut()).await);
        assert!(shares.enter(&bob).await.unwrap().is_some());
        drop(first);
        assert!(third.await.unwrap().is_some());
        assert!(shares.enter(&"".into()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn keys_without_calls_are_forgotten_and_held_shares_are_not() {
        let shares = KeyShares::new(1);
        let held = shares.enter(&"held".into()).await.unwrap();
        for number in 0..REMEMBERED_KEYS * 3 {
            shares.enter(&format!("key-{number}").into()).await.unwrap();
        }
        assert!(shares.by_key.lock().unwrap().len() <= REMEMBERED_KEYS);
        let held_key: Arc<str> = "held".into();
        let mut again = std::pin::pin!(shares.enter(&held_key));
        assert!(futures_pending(again.as_mut()).await, "its one place is taken");
        drop(held);
        assert!(again.await.unwrap().is_some());
    }

    /// Whether a future has to wait.
    async fn futures_pending(mut future: std::pin::Pin<&mut impl Future>) -> bool {
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending()))
            .await
    }
}
