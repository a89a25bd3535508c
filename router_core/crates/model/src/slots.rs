//! The slot table of a split: which of 10,000 slots belongs to which variant.

use crate::ModelError;

/// The number of slots of every split.
pub const SLOT_COUNT: u16 = 10_000;

/// Up to this many runs are searched; beyond, a dense table is faster.
const MAX_SEARCHED_RUNS: usize = 32;

/// Maps each slot to a variant's index.
///
/// Tables that hold few runs stay small, so that thousands of routers fit the processor's caches.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotTable {
    lookup: Lookup,
    counts: Box<[u16]>,
}

#[derive(Debug, Clone, PartialEq)]
enum Lookup {
    /// The end (exclusive) of each run and its variant.
    Runs(Box<[(u16, u8)]>),
    /// The variant of each slot.
    Dense(Box<[u8]>),
}

impl SlotTable {
    /// Builds the table from runs of variant index and length.
    ///
    /// # Errors
    /// The runs do not add up to [`SLOT_COUNT`], one is empty, or names a variant beyond `variant_count`.
    pub fn from_runs(runs: &[(u8, u16)], variant_count: usize) -> Result<Self, ModelError> {
        let mut counts = vec![0_u16; variant_count].into_boxed_slice();
        let mut ends = Vec::with_capacity(runs.len());
        let mut end = 0_u16;
        for (index, &(variant, length)) in runs.iter().enumerate() {
            let field = || format!("slot_runs[{index}]");
            let count = counts.get_mut(usize::from(variant)).ok_or_else(|| {
                ModelError::new(
                    field(),
                    format!("variant {variant} is not one of the {variant_count} variants"),
                )
            })?;
            if length == 0 {
                return Err(ModelError::new(field(), "a run holds at least one slot"));
            }
            end = end
                .checked_add(length)
                .filter(|&end| end <= SLOT_COUNT)
                .ok_or_else(|| ModelError::new(field(), format!("the runs go beyond {SLOT_COUNT} slots")))?;
            *count += length;
            ends.push((end, variant));
        }
        if end != SLOT_COUNT {
            return Err(ModelError::new(
                "slot_runs",
                format!("the runs hold {end} slots; they must hold {SLOT_COUNT}"),
            ));
        }
        let lookup = if ends.len() <= MAX_SEARCHED_RUNS {
            Lookup::Runs(ends.into_boxed_slice())
        } else {
            let mut dense = Vec::with_capacity(usize::from(SLOT_COUNT));
            for &(variant, length) in runs {
                dense.resize(dense.len() + usize::from(length), variant);
            }
            Lookup::Dense(dense.into_boxed_slice())
        };
        Ok(Self { lookup, counts })
    }

    /// The variant that holds a slot below [`SLOT_COUNT`].
    #[inline]
    #[must_use]
    pub fn variant(&self, slot: u16) -> u8 {
        match &self.lookup {
            Lookup::Runs(ends) => {
                let run = ends.partition_point(|&(end, _)| end <= slot);
                ends.get(run).map_or(0, |&(_, variant)| variant)
            }
            Lookup::Dense(dense) => dense.get(usize::from(slot)).copied().unwrap_or(0),
        }
    }

    /// The share of slots that a variant holds, 0 to 1: its propensity over the salt.
    #[inline]
    #[must_use]
    pub fn share(&self, variant: u8) -> f64 {
        self.counts.get(usize::from(variant)).map_or(0.0, |&count| f64::from(count) / f64::from(SLOT_COUNT))
    }

    /// How many slots each variant holds.
    #[must_use]
    pub fn counts(&self) -> &[u16] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_found_in_its_run_whether_searched_or_dense() {
        let few = [(0_u8, 7_000_u16), (1, 3_000)];
        let many: Vec<(u8, u16)> = (0..100).map(|run| ((run % 2) as u8, 100)).collect();
        for runs in [&few[..], &many[..]] {
            let table = SlotTable::from_runs(runs, 2).unwrap();
            let expected =
                runs.iter().flat_map(|&(variant, length)| std::iter::repeat_n(variant, length.into()));
            for (slot, variant) in expected.enumerate() {
                assert_eq!(table.variant(slot as u16), variant, "slot {slot}");
            }
        }
    }

    #[test]
    fn runs_that_do_not_make_a_whole_table_are_refused() {
        let refused = |runs: &[(u8, u16)]| SlotTable::from_runs(runs, 2).unwrap_err().to_string();
        assert!(refused(&[(0, 9_999)]).contains("hold 9999 slots"));
        assert!(refused(&[(0, 10_000), (1, 1)]).contains("beyond 10000"));
        assert!(refused(&[(2, 10_000)]).contains("slot_runs[0]: variant 2"));
        assert!(refused(&[(0, 0), (1, 10_000)]).contains("at least one slot"));
    }
}
