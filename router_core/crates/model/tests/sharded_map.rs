//! The sharded map behaves as a hash map, and its clones as copies.

use std::collections::HashMap;

use pointsman_model::ShardedMap;
use proptest::{collection::vec, prelude::*};

#[derive(Debug, Clone)]
enum Step {
    Insert(u16, u32),
    Remove(u16),
    /// Keeps a clone as it is now.
    Keep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few keys, so that they are set twice and removed; more of them than shards, so that shards hold several.
    let key = 0..600_u16;
    let step = prop_oneof![
        6 => (key.clone(), any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
        3 => key.prop_map(Step::Remove),
        1 => Just(Step::Keep),
    ];
    vec(step, 0..1_500)
}

fn entries(map: &ShardedMap<String, u32>) -> HashMap<String, u32> {
    map.iter().map(|(key, value)| (key.clone(), *value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_answers_as_a_hash_map_does_and_so_do_its_clones(steps in steps()) {
        let mut map: ShardedMap<String, u32> = ShardedMap::default();
        let mut twin: HashMap<String, u32> = HashMap::new();
        let mut kept = Vec::new();
        for step in steps {
            match step {
                Step::Insert(key, value) => {
                    map.insert(key.to_string(), value);
                    twin.insert(key.to_string(), value);
                }
                Step::Remove(key) => {
                    let key = key.to_string();
                    prop_assert_eq!(map.remove(key.as_str()), twin.remove(key.as_str()));
                }
                Step::Keep => kept.push((map.clone(), twin.clone())),
            }
            prop_assert_eq!(map.len(), twin.len());
            prop_assert_eq!(map.is_empty(), twin.is_empty());
        }
        kept.push((map, twin));
        for (map, twin) in &kept {
            prop_assert_eq!(&entries(map), twin);
            for key in 0..600_u16 {
                let key = key.to_string();
                prop_assert_eq!(map.get(key.as_str()), twin.get(key.as_str()));
            }
        }
    }
}
