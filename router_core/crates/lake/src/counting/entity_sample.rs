//! Where entities came first: all of them, or so many that they tell as much.

use std::collections::HashMap;

/// So many entities are kept; then every second one is forgotten, again and again.
const MAX_ENTITIES: usize = 1 << 20;

/// Where an entity's first call was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) router_generation: i64,
    pub(crate) allocation_version: i64,
    pub(crate) variant: u32,
}

/// Entities by their hashes. One keeps its slot when shares change, so that later splits say little new of it: it counts
/// once, where it came first. Its hash has nothing to do with its slot, so those that are chosen by it tell as much of
/// a split as all.
pub(crate) struct EntitySample {
    /// One in so many is chosen; a power of two.
    one_in: u64,
    first: HashMap<i64, Place, ahash::RandomState>,
}

impl EntitySample {
    pub(crate) fn new(one_in: u64) -> Self {
        Self { one_in: one_in.next_power_of_two(), first: HashMap::default() }
    }

    pub(crate) fn one_in(&self) -> u64 {
        self.one_in
    }

    /// Adds a call of an entity.
    pub(crate) fn add(&mut self, hash: i64, place: Place) {
        if !is_chosen(hash, self.one_in) {
            return;
        }
        let first = self.first.entry(hash).or_insert(place);
        *first = place.min(*first);
        if self.first.len() > MAX_ENTITIES {
            self.choose(self.one_in * 2);
        }
    }

    /// Adds those of another sample, which chose one in so many.
    pub(crate) fn merge(&mut self, one_in: u64, entities: impl Iterator<Item = (i64, Place)>) {
        if one_in > self.one_in {
            self.choose(one_in);
        }
        entities.for_each(|(hash, place)| self.add(hash, place));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, Place)> {
        self.first.iter().map(|(&hash, &place)| (hash, place))
    }

    /// How many came first to each place.
    pub(crate) fn counts(&self) -> HashMap<Place, u64> {
        let mut counts = HashMap::new();
        for &place in self.first.values() {
            *counts.entry(place).or_insert(0) += 1;
        }
        counts
    }

    fn choose(&mut self, one_in: u64) {
        self.one_in = one_in;
        self.first.retain(|&hash, _| is_chosen(hash, one_in));
    }
}

/// By the bits of a hash: a division for each call would take as long as all else that is done with its entity.
const fn is_chosen(hash: i64, one_in: u64) -> bool {
    hash.cast_unsigned() & (one_in - 1) == 0
}
