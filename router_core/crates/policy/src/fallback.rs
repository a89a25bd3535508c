//! Which variant stands in for one that no live backend serves.

use pointsman_model::{Fallback, Router, Variant, VariantRole};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Variants by their indices; a router has at most 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VariantSet(u128);

impl VariantSet {
    /// Adds one.
    pub const fn insert(&mut self, variant: u8) {
        self.0 |= 1_u128.unbounded_shl(variant as u32);
    }

    /// Whether it is there.
    #[must_use]
    pub const fn contains(self, variant: u8) -> bool {
        self.0 & 1_u128.unbounded_shl(variant as u32) != 0
    }
}

/// The next variant to try for a call; none when there is no further one.
///
/// Of the live ones each is picked in proportion to its share, and the same draw always picks the same: each variant
/// gets a number from the draw and its name, and the one with the least number for its share is tried first. So a
/// unit keeps its stand-in while that one lives, whatever becomes of the others. Variants without a share get no calls.
///
/// # Arguments
/// * `draw` - The bits that were drawn for the call.
/// * `tried` - The variants that no live backend serves.
/// * `share` - The share of calls that a variant gets at this moment.
#[must_use]
pub fn stand_in(router: &Router, draw: u64, tried: VariantSet, share: impl Fn(u8) -> f64) -> Option<u8> {
    let untried = router
        .variants
        .iter()
        .zip(0_u8..)
        .filter(|(variant, index)| variant.takes_calls() && !tried.contains(*index));
    match router.settings.fallback {
        Fallback::None => None,
        Fallback::Control => {
            untried.filter(|(variant, _)| variant.role == VariantRole::Control).map(|(_, index)| index).next()
        }
        Fallback::AnyHealthy => untried
            .map(|(variant, index)| (variant, index, share(index)))
            .filter(|(.., share)| *share > 0.0)
            .map(|(variant, index, share)| (index, arrival(variant, share, draw)))
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
            .map(|(index, _)| index),
    }
}

/// A number that is exponentially distributed over draws, with the variant's share as its rate.
fn arrival(variant: &Variant, share: f64, draw: u64) -> f64 {
    let bits = xxh3_64_with_seed(variant.name.as_str().as_bytes(), draw) >> 11;
    let uniform = (bits as f64 + 0.5) / (1_u64 << 53) as f64;
    -uniform.ln() / share
}
