//! The fuzz target's check on what a test can try: seeds, and random bytes.

#![expect(clippy::panic, reason = "a header that cannot be read fails the test")]

mod check;

use proptest::prelude::*;

#[test]
fn seeds_hold() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../fuzz/seeds/segment");
    let mut count = 0;
    for seed in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        check::check(&std::fs::read(seed.path()).unwrap_or_default());
        count += 1;
    }
    assert!(count >= 3, "{count} seeds");
}

proptest! {
    #[test]
    fn any_bytes_hold(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check::check(&bytes);
    }
}
