//! Predictions that were erased: no feedback is taken for them any more.

use std::{collections::HashSet, sync::Arc};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::server::Server;

/// The digests of erased predictions' ids, which themselves are kept nowhere.
#[derive(Debug, Default)]
pub(crate) struct ErasedPredictions {
    digests: ArcSwap<HashSet<u64>>,
}

impl ErasedPredictions {
    fn add(&self, added: &[u64]) {
        self.digests.rcu(|known| {
            let mut all = HashSet::clone(known);
            all.extend(added);
            all
        });
    }

    /// The digests as they are now.
    pub(crate) fn load(&self) -> Arc<HashSet<u64>> {
        self.digests.load_full()
    }
}

/// The digest of a prediction's id: the first eight bytes of its SHA-256.
pub(crate) fn digest_of(prediction_id: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(prediction_id).into();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Server {
    /// Refuses feedback for further predictions from now on, by the digests of their ids.
    pub fn add_erased_predictions(&self, digests: &[u64]) {
        self.shared().erased.add(digests);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_add_up_and_are_those_of_the_control_plane() {
        let erased = ErasedPredictions::default();
        erased.add(&[digest_of("abc")]);
        erased.add(&[7]);
        assert_eq!(*erased.load(), HashSet::from([0xba78_16bf_8f01_cfea, 7]));
    }
}
