//! Counts calls by step, variant and outcome, their latencies in buckets, and the entities of each split.

use std::{collections::HashMap, ops::Range};

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::ArrowError;

use crate::counting::{
    call_columns::{CallColumns, Words},
    entity_sample::{EntitySample, Place},
    histogram::{Buckets, Latencies},
};

/// Calls that were sent to a variant by name tell nothing of a router's choice.
const PIN: &str = "pin";
/// Calls of one variant that another one answered tell nothing of either, but of what was decided.
const FALLBACK: &str = "fallback";
const OVERRIDE: &str = "override";
/// What feedback is in no figure for.
pub(crate) const UNCOUNTED: [&str; 3] = [PIN, FALLBACK, OVERRIDE];
const ENTITY: &str = "entity";
/// For each variant, where its last call was counted: most calls are like the one before.
const RECENT: usize = 64;

/// Which calls, and how they are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// The first and the last time.
    pub(crate) start_us: i64,
    pub(crate) end_us: i64,
    /// Where the first step begins, and how long one is; 0 for no steps.
    pub(crate) origin_us: i64,
    pub(crate) step_us: i64,
}

impl Window {
    /// Whether a time belongs to it.
    pub(crate) const fn has(&self, time_us: i64) -> bool {
        time_us >= self.start_us && time_us <= self.end_us
    }

    /// The step of a time.
    pub(crate) fn step(&self, time_us: i64) -> i32 {
        if self.step_us <= 0 {
            return 0;
        }
        i32::try_from((time_us - self.origin_us) / self.step_us).unwrap_or(i32::MAX)
    }
}

/// What calls are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CallKey {
    pub(crate) step: i32,
    pub(crate) variant: u32,
    pub(crate) pinned: bool,
    pub(crate) fallback: bool,
    pub(crate) overridden: bool,
    pub(crate) status_code: i32,
    pub(crate) router_generation: i64,
    pub(crate) allocation_version: i64,
    pub(crate) randomised_by: u32,
    /// The variant that another one stood in for; the empty word where none did.
    pub(crate) decided: u32,
}

/// How many calls, and how many rows besides their first.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Calls {
    pub(crate) calls: u64,
    pub(crate) further_rows: u64,
}

/// What was counted so far.
pub(crate) struct CallCounter<'q> {
    window: Window,
    buckets: &'q Buckets,
    pub(crate) words: Words,
    pin: u32,
    fallback: u32,
    overridden: u32,
    entity: u32,
    none: u32,
    slots: Vec<Slot>,
    slot_of: HashMap<CallKey, usize>,
    recent: [usize; RECENT],
    /// The times of the step of the call before, and its number: to divide for each call would take as long as to count
    /// it.
    step: (Range<i64>, i32),
    pub(crate) latencies: Vec<(i32, u32, Latencies)>,
    latencies_of: HashMap<(i32, u32), usize>,
    pub(crate) entities: EntitySample,
}

/// Calls that are alike.
struct Slot {
    key: CallKey,
    counted: Calls,
    /// The place of their latencies.
    latencies: usize,
}

impl<'q> CallCounter<'q> {
    /// Counts nothing yet; of the entities one in so many will be.
    pub(crate) fn new(window: Window, buckets: &'q Buckets, one_entity_in: u64) -> Self {
        let mut words = Words::default();
        let [pin, fallback, overridden, entity, none] =
            [PIN, FALLBACK, OVERRIDE, ENTITY, ""].map(|word| words.number(word));
        Self {
            window,
            buckets,
            words,
            pin,
            fallback,
            overridden,
            entity,
            none,
            slots: Vec::new(),
            slot_of: HashMap::new(),
            recent: [0; RECENT],
            step: (0..0, 0),
            latencies: Vec::new(),
            latencies_of: HashMap::new(),
            entities: EntitySample::new(one_entity_in),
        }
    }

    /// Counts the calls of some rows. A batch is one call, whose first row stands for it.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns = CallColumns::of(batch, &mut self.words)?;
        for at in 0..batch.num_rows() {
            self.add_row(&columns, at);
        }
        Ok(())
    }

    fn add_row(&mut self, columns: &CallColumns<'_>, at: usize) {
        let time_us = columns.time_us[at];
        if !self.window.has(time_us) {
            return;
        }
        let key = CallKey {
            step: self.step(time_us),
            variant: columns.variant[at],
            pinned: columns.reason[at] == self.pin,
            fallback: columns.reason[at] == self.fallback,
            overridden: columns.reason[at] == self.overridden,
            status_code: columns.status_code[at],
            router_generation: columns.router_generation[at],
            allocation_version: columns.allocation_version[at],
            randomised_by: columns.randomised_by[at],
            decided: columns.decided.as_ref().map_or(self.none, |decided| decided[at]),
        };
        if columns.row[at] != 0 {
            // Of what is recorded, not of what the call brought: one that failed is recorded as one row.
            self.count(key, Calls { calls: 0, further_rows: 1 });
            return;
        }
        let place = self.count(key, Calls { calls: 1, further_rows: 0 });
        if key.pinned || key.overridden {
            return;
        }
        if key.fallback {
            if key.decided != self.none {
                self.add_entity(columns, at, key, key.decided);
            }
            return;
        }
        let overhead = self.buckets.bucket_of(columns.overhead_ns[at]);
        let backend = columns.backend_ns.is_valid(at).then(|| columns.backend_ns.value(at));
        if let Some((_, _, latencies)) = self.latencies.get_mut(place) {
            latencies.overhead.add(overhead, 1);
            if let Some(backend) = backend {
                latencies.backend.add(self.buckets.bucket_of(backend), 1);
            }
        }
        self.add_entity(columns, at, key, key.variant);
    }

    fn add_entity(&mut self, columns: &CallColumns<'_>, at: usize, key: CallKey, variant: u32) {
        if key.randomised_by == self.entity && columns.entity_hash.is_valid(at) {
            let place = Place {
                router_generation: key.router_generation,
                allocation_version: key.allocation_version,
                variant,
            };
            self.entities.add(columns.entity_hash.value(at), place);
        }
    }

    fn step(&mut self, time_us: i64) -> i32 {
        if !self.step.0.contains(&time_us) {
            let number = self.window.step(time_us);
            let from_us =
                self.window.step_us.saturating_mul(i64::from(number)).saturating_add(self.window.origin_us);
            self.step =
                (from_us.max(self.window.origin_us)..from_us.saturating_add(self.window.step_us), number);
        }
        self.step.1
    }

    /// Adds calls; answers the place of their latencies.
    fn count(&mut self, key: CallKey, calls: Calls) -> usize {
        let recent = key.variant as usize % RECENT;
        let mut index = self.recent.get(recent).copied().unwrap_or(0);
        if self.slots.get(index).is_none_or(|slot| slot.key != key) {
            index = self.slot(key);
            if let Some(place) = self.recent.get_mut(recent) {
                *place = index;
            }
        }
        let Some(slot) = self.slots.get_mut(index) else { return usize::MAX };
        slot.counted.calls += calls.calls;
        slot.counted.further_rows += calls.further_rows;
        slot.latencies
    }

    fn slot(&mut self, key: CallKey) -> usize {
        if let Some(&known) = self.slot_of.get(&key) {
            return known;
        }
        let latencies = self.latencies_at(key.step, key.variant);
        self.slots.push(Slot { key, counted: Calls::default(), latencies });
        self.slot_of.insert(key, self.slots.len() - 1);
        self.slots.len() - 1
    }

    fn latencies_at(&mut self, step: i32, variant: u32) -> usize {
        *self.latencies_of.entry((step, variant)).or_insert_with(|| {
            self.latencies.push((step, variant, Latencies::default()));
            self.latencies.len() - 1
        })
    }

    /// Adds what another one counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        let own: Vec<u32> =
            (0..other.words.len()).map(|number| self.words.number(other.words.word(number))).collect();
        let own = |number: u32| own.get(number as usize).copied().unwrap_or(number);
        for slot in &other.slots {
            let key = CallKey {
                variant: own(slot.key.variant),
                randomised_by: own(slot.key.randomised_by),
                decided: own(slot.key.decided),
                ..slot.key
            };
            self.count(key, slot.counted);
        }
        for (step, variant, latencies) in &other.latencies {
            let at = self.latencies_at(*step, own(*variant));
            if let Some((_, _, mine)) = self.latencies.get_mut(at) {
                mine.merge(latencies);
            }
        }
        let theirs =
            other.entities.iter().map(|(hash, place)| (hash, Place { variant: own(place.variant), ..place }));
        self.entities.merge(other.entities.one_in(), theirs);
    }

    /// The calls of each kind.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&CallKey, &Calls)> {
        self.slots.iter().map(|slot| (&slot.key, &slot.counted))
    }
}
