//! One decision for one request.

use pointsman_model::{Router, SLOT_COUNT};
use rand::Rng;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// What a decision is made on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The entity that the call is for.
    pub entity_id: Option<&'a str>,
}

/// Why a variant was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The unit's slot belongs to it.
    Slot,
    /// A random draw by weight.
    Weight,
    /// The caller named it.
    Pin,
    /// It is the production version of the model that was called.
    Production,
}

impl Reason {
    /// The word in receipts and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slot => "slot",
            Self::Weight => "weight",
            Self::Pin => "pin",
            Self::Production => "production",
        }
    }
}

/// What was drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RandomisedBy {
    /// Nothing.
    Nothing,
    /// The salt: a unit always draws the same.
    Entity,
    /// Each request anew.
    Request,
}

/// The outcome for one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// The index of the variant picked.
    pub variant: u8,
    /// The probability with which it was picked, by the tables in force.
    pub propensity: f64,
    /// Why.
    pub reason: Reason,
    /// What was drawn.
    pub randomised_by: RandomisedBy,
    /// The 64 bits drawn: the unit's hash or random bits.
    pub draw: u64,
    /// The unit's slot.
    pub slot: Option<u16>,
}

impl Decision {
    /// The decision for a variant that was given, not drawn.
    #[must_use]
    pub const fn given(variant: u8, reason: Reason) -> Self {
        Self { variant, propensity: 1.0, reason, randomised_by: RandomisedBy::Nothing, draw: 0, slot: None }
    }
}

/// Decides by slot when the router is sticky and the request has a unit, else by a random draw.
#[inline]
pub fn decide(router: &Router, request: &Request<'_>, rng: &mut impl Rng) -> Decision {
    match request.entity_id {
        Some(unit) if router.sticky => {
            let hash = hash_unit(&router.split.salt, unit);
            let slot = slot_of_hash(hash);
            let variant = router.split.slots.variant(slot);
            Decision {
                variant,
                propensity: router.split.slots.share(variant),
                reason: Reason::Slot,
                randomised_by: RandomisedBy::Entity,
                draw: hash,
                slot: Some(slot),
            }
        }
        _ => {
            let draw = rng.next_u64();
            let variant = router.split.alias.draw(draw);
            Decision {
                variant,
                propensity: router.split.alias.probability(variant),
                reason: Reason::Weight,
                randomised_by: RandomisedBy::Request,
                draw,
                slot: None,
            }
        }
    }
}

/// The slot of a unit in the split with this salt.
#[must_use]
pub fn slot_of_unit(salt: &[u8; 16], unit: &str) -> u16 {
    slot_of_hash(hash_unit(salt, unit))
}

#[inline]
fn slot_of_hash(hash: u64) -> u16 {
    (hash % u64::from(SLOT_COUNT)) as u16
}

/// XXH3-64 of salt ‖ unit. Short units are joined on the stack; long ones go through the streaming form.
#[inline]
fn hash_unit(salt: &[u8; 16], unit: &str) -> u64 {
    let unit = unit.as_bytes();
    // The stack space is zeroed before use: most units are short, and must not pay for the longest.
    match unit.len() {
        0..=48 => hash_joined::<64>(salt, unit),
        49..=224 => hash_joined::<240>(salt, unit),
        _ => hash_streamed(salt, unit),
    }
}

/// Hashes salt ‖ unit, which fit into `BYTES`.
#[inline]
fn hash_joined<const BYTES: usize>(salt: &[u8; 16], unit: &[u8]) -> u64 {
    let length = salt.len() + unit.len();
    let mut joined = [0_u8; BYTES];
    joined[..16].copy_from_slice(salt);
    joined[16..length].copy_from_slice(unit);
    xxh3_64(&joined[..length])
}

/// Hashes salt ‖ unit of any length. Apart, for the large state would weigh on the stack of every decision.
#[cold]
#[inline(never)]
fn hash_streamed(salt: &[u8; 16], unit: &[u8]) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(salt);
    hasher.update(unit);
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_xxh3_of_salt_and_unit_at_every_length() {
        // The published value pins the variant of XXH3 and its seed.
        assert_eq!(xxh3_64(b"hello"), 10_760_762_337_991_515_389);
        let salt = *b"0123456789abcdef";
        for length in [0, 1, 18, 47, 48, 49, 223, 224, 225, 1_000] {
            let unit = "u".repeat(length);
            let joined = [&salt[..], unit.as_bytes()].concat();
            assert_eq!(hash_unit(&salt, &unit), xxh3_64(&joined), "length {length}");
        }
    }
}
