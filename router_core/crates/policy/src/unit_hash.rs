//! The hash of a unit, and the slot that it names.

use pointsman_model::SLOT_COUNT;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// The slot of a unit in the split with this salt.
#[must_use]
pub fn slot_of_unit(salt: &[u8; 16], unit: &str) -> u16 {
    slot_of_hash(hash_unit(salt, unit))
}

#[inline]
pub(crate) fn slot_of_hash(hash: u64) -> u16 {
    (hash % u64::from(SLOT_COUNT)) as u16
}

/// XXH3-64 of salt ‖ unit. Short units are joined on the stack; long ones go through the streaming form.
#[inline]
pub(crate) fn hash_unit(salt: &[u8; 16], unit: &str) -> u64 {
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
