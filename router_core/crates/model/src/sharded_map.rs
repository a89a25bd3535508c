//! A map that shares what did not change with its former self.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

const SHARD_COUNT: usize = 256;

/// A persistent hash map: cloning shares all shards, a change copies one of 256.
///
/// With ten thousand routers a publish that touches one of them copies some forty entries.
#[derive(Debug, Clone)]
pub struct ShardedMap<K, V> {
    shards: Arc<[Arc<HashMap<K, V>>]>,
    hasher: RandomState,
    len: usize,
}

impl<K, V> Default for ShardedMap<K, V> {
    fn default() -> Self {
        let empty = Arc::new(HashMap::new());
        Self { shards: std::iter::repeat_n(empty, SHARD_COUNT).collect(), hasher: RandomState::new(), len: 0 }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> ShardedMap<K, V> {
    /// The value of a key.
    #[inline]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.shards.get(self.shard_of(key)).and_then(|shard| shard.get(key))
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: K, value: V) {
        let index = self.shard_of(&key);
        let shards = Arc::make_mut(&mut self.shards);
        if let Some(shard) = shards.get_mut(index)
            && Arc::make_mut(shard).insert(key, value).is_none()
        {
            self.len += 1;
        }
    }

    /// Takes a key out.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let index = self.shard_of(key);
        let shards = Arc::make_mut(&mut self.shards);
        let removed = shards.get_mut(index).and_then(|shard| Arc::make_mut(shard).remove(key));
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    fn shard_of<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        // The map inside a shard uses other bits of another hasher, so these may be any.
        (self.hasher.hash_one(key) as usize) % SHARD_COUNT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_clone_leaves_the_original_as_it_was() {
        let mut first: ShardedMap<String, u32> = ShardedMap::default();
        for number in 0..1_000 {
            first.insert(number.to_string(), number);
        }
        let mut second = first.clone();
        second.insert("7".into(), 700);
        second.remove("8");
        assert_eq!((first.get("7"), first.get("8"), first.len()), (Some(&7), Some(&8), 1_000));
        assert_eq!((second.get("7"), second.get("8"), second.len()), (Some(&700), None, 999));
        assert_eq!(second.iter().count(), 999);
    }
}
