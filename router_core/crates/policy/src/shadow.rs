//! Which calls are copied to shadows.

use rand::{Rng, RngExt};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Whether a call is among a share that is copied.
///
/// An entity keeps it, whatever its variant: the hash is keyed by the router's id and not by the salt of its slots, so
/// that the copies are of all variants alike, and a new salt leaves them as they are. An entity whose calls are copied
/// at one share is copied at every greater one. Calls without an entity are drawn.
#[inline]
#[must_use]
pub fn is_copied(router_id: &str, share: f64, entity_id: Option<&str>, rng: &mut impl Rng) -> bool {
    if share >= 1.0 {
        return true;
    }
    match entity_id {
        Some(entity) => {
            let hash = xxh3_64_with_seed(entity.as_bytes(), xxh3_64(router_id.as_bytes()));
            ((hash >> 11) as f64 / (1_u64 << 53) as f64) < share
        }
        None => rng.random::<f64>() < share,
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::SmallRng};

    use super::*;
    use crate::slot_of_unit;

    fn copied(share: f64, entity: &str) -> bool {
        // What is random must not matter to an entity.
        let mut rng = SmallRng::seed_from_u64(rand::random());
        is_copied("r", share, Some(entity), &mut rng)
    }

    #[test]
    fn a_share_is_of_entities_which_keep_it_as_it_grows() {
        let entities: Vec<String> = (0..20_000).map(|number| format!("e{number}")).collect();
        let chosen: Vec<&String> = entities.iter().filter(|entity| copied(0.1, entity)).collect();
        // 2,000 within five standard deviations.
        assert!((1_788..=2_212).contains(&chosen.len()), "{}", chosen.len());
        assert!(chosen.iter().all(|entity| copied(0.1, entity) && copied(0.2, entity)));
        assert!(entities.iter().all(|entity| copied(1.0, entity) && !copied(0.0, entity)));
    }

    #[test]
    fn who_is_copied_says_nothing_of_the_slot() {
        let salt = [5; 16];
        let entities = (0..20_000).map(|number| format!("e{number}"));
        let low =
            entities.filter(|entity| copied(0.1, entity) && slot_of_unit(&salt, entity) < 5_000).count();
        // Half of 2,000 within five standard deviations.
        assert!((846..=1_154).contains(&low), "{low}");
    }

    #[test]
    fn calls_without_an_entity_are_drawn() {
        let mut rng = SmallRng::seed_from_u64(1);
        let drawn = (0..20_000).filter(|_| is_copied("r", 0.1, None, &mut rng)).count();
        assert!((1_788..=2_212).contains(&drawn), "{drawn}");
    }
}
