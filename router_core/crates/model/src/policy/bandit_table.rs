//! A bandit's shares in force: what the hot path draws from.

use crate::{AliasTable, ModelError};

/// Parts that the marks of a draw are counted in.
const MARK_PARTS: u32 = 1 << 24;

/// A numbered table of shares, drawn from in constant time.
///
/// One draw of 64 bits gives the variant and whether the call belongs to the uniform slice: the alias table reads at
/// most 7 upper and the 32 lower bits, the mark the 24 above those. So both follow from the draw that is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct BanditTable {
    alias: AliasTable,
    /// For each variant, how many of [`MARK_PARTS`] of its calls belong to the uniform slice.
    marks: Box<[u32]>,
    version: u64,
}

impl BanditTable {
    /// Builds a table of shares by variant; those of variants that are no arms are 0, and they are never drawn.
    ///
    /// `uniform_slice` is the part of all calls that is split evenly over the variants with a share and marked;
    /// the shares hold it already.
    ///
    /// # Errors
    /// The shares make no distribution.
    pub fn build(shares: &[f64], uniform_slice: f64, version: u64) -> Result<Self, ModelError> {
        let alias = AliasTable::from_weights(shares).map_err(|error| error.within("shares"))?;
        Ok(Self::of_alias(alias, shares.len(), uniform_slice, version))
    }

    /// Builds a table again from its exact probabilities by variant, as [`BanditTable::probability`] answers them, and
    /// from the slice that it was built with: the same bits draw the same variants and marks. It has no number.
    ///
    /// # Errors
    /// They are no probabilities of a table.
    pub fn from_probabilities(probabilities: &[f64], uniform_slice: f64) -> Result<Self, ModelError> {
        let alias = AliasTable::from_probabilities(probabilities)?;
        Ok(Self::of_alias(alias, probabilities.len(), uniform_slice, 0))
    }

    fn of_alias(alias: AliasTable, variant_count: usize, uniform_slice: f64, version: u64) -> Self {
        let variants = || (0_u8..).take(variant_count);
        // A share above 0 keeps a probability above 0.
        let arm_count = variants().filter(|variant| alias.probability(*variant) > 0.0).count();
        let uniform_share = uniform_slice / arm_count as f64;
        let marks = variants()
            .map(|variant| {
                let probability = alias.probability(variant);
                let part = if probability > 0.0 { (uniform_share / probability).min(1.0) } else { 0.0 };
                (part * f64::from(MARK_PARTS)).round() as u32
            })
            .collect();
        Self { alias, marks, version }
    }

    /// The same shares under another number.
    #[must_use]
    pub fn numbered(self, version: u64) -> Self {
        Self { version, ..self }
    }

    /// Whether the same bits draw the same variants and marks, whatever the tables' numbers.
    #[must_use]
    pub fn draws_like(&self, other: &Self) -> bool {
        self.alias == other.alias && self.marks == other.marks
    }

    /// The variant that 64 random bits draw.
    #[inline]
    #[must_use]
    pub fn draw(&self, random: u64) -> u8 {
        self.alias.draw(random)
    }

    /// Whether the call that these bits drew this variant for belongs to the uniform slice.
    #[inline]
    #[must_use]
    pub fn is_uniform(&self, variant: u8, random: u64) -> bool {
        let coin = (random >> 32) as u32 & (MARK_PARTS - 1);
        self.marks.get(usize::from(variant)).is_some_and(|mark| coin < *mark)
    }

    /// The exact probability of a variant, exploration included.
    #[inline]
    #[must_use]
    pub fn probability(&self, variant: u8) -> f64 {
        self.alias.probability(variant)
    }

    /// The table's number in its epoch.
    #[inline]
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }
}
