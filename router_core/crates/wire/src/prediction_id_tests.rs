//! What prediction ids withstand.

use pointsman_model::SigningKey;
use proptest::prelude::*;

use super::*;
use crate::uuid_v7;

fn keys() -> SigningKeys {
    let key = |key_id, byte| SigningKey { key_id, secret: [byte; 32] };
    SigningKeys { keys: vec![key(3, 7), key(4, 9)], current_key_id: 4 }
}

fn signed(content: &PredictionIdContent<'_>) -> String {
    let mut text = String::new();
    Signer::new(&keys()).unwrap().sign(content, &mut text);
    text
}

fn example() -> String {
    example_of(0x1_0203_0405)
}

fn example_of(incarnation: u64) -> String {
    let (router_id, variant) = (Id::parse("cancer").unwrap(), Id::parse("lr").unwrap());
    signed(&PredictionIdContent {
        uuid: uuid_v7(1_795_000_000_123_456, 42),
        router_id: &router_id,
        variant: &variant,
        incarnation,
        epoch: 300,
        propensity: 0.7,
        pinned: false,
        row_limit: 0,
    })
}

proptest! {
    #[test]
    fn what_was_signed_is_read_back(
        micros in 0..(1_u64 << 45), random: u64, router in "[A-Za-z0-9][A-Za-z0-9._-]{0,127}",
        variant in "[A-Za-z0-9][A-Za-z0-9._-]{0,127}", incarnation in prop_oneof![Just(0), any::<u64>()], epoch: u64,
        propensity in 0.0..=1.0, pinned: bool, row_limit: u32,
    ) {
        let (router_id, variant) = (Id::parse(&router).unwrap(), Id::parse(&variant).unwrap());
        let uuid = uuid_v7(micros, random);
        let (router_id, variant) = (&router_id, &variant);
        let content = PredictionIdContent {
            uuid, router_id, variant, incarnation, epoch, propensity, pinned, row_limit,
        };
        let text = signed(&content);
        let version = if incarnation == 0 { 1 } else { 2 };
        prop_assert_eq!(URL_SAFE_NO_PAD.decode(&text).unwrap()[0], version);
        let read = Verifier::new(&keys()).decode(&text).unwrap();
        prop_assert_eq!(read.time_us(), micros);
        let PredictionId { router_id, variant, .. } = read.clone();
        let key_id = keys().current_key_id;
        prop_assert_eq!(read, PredictionId {
            uuid, router_id, variant, incarnation, epoch, propensity, pinned, row_limit, key_id,
        });
        prop_assert_eq!(&content.router_id.as_str(), &router.as_str());
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,500}") {
        let _ = Verifier::new(&keys()).decode(&text);
    }

    #[test]
    fn any_signed_bytes_are_read_or_refused_but_never_as_something_else(
        version in 0_u8..5, content in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = vec![version, 4];
        bytes.extend(&content);
        let tag = Sha256Mac::new_from_slice(&[9; 32]).unwrap().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(&tag[..8]);
        let decoded = Verifier::new(&keys()).decode(&URL_SAFE_NO_PAD.encode(&bytes));
        match decoded {
            Err(error) if !(1..=2).contains(&version) => {
                prop_assert_eq!(error, PredictionIdError::UnknownVersion { version });
            }
            Err(_) => {}
            Ok(id) => {
                prop_assert!((1..=2).contains(&version));
                prop_assert!(version == 2 || id.incarnation == 0);
            }
        }
    }
}

#[test]
fn the_same_content_gives_the_same_text_in_every_release() {
    let expected = |version, middle: &[u8]| {
        let mut bytes = vec![version, 4];
        bytes.extend(uuid_v7(1_795_000_000_123_456, 42));
        bytes.extend(b"\x06cancer\x02lr");
        bytes.extend(middle);
        bytes.extend(0.7_f64.to_le_bytes());
        bytes.push(0);
        let tag = Sha256Mac::new_from_slice(&[9; 32]).unwrap().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(&tag[..8]);
        bytes
    };
    let bytes = |incarnation| URL_SAFE_NO_PAD.decode(example_of(incarnation)).unwrap();
    assert_eq!(bytes(0x1_0203_0405), expected(2, b"\x85\x88\x8c\x90\x10\xac\x02"));
    assert_eq!(bytes(0), expected(1, b"\xac\x02"));
}

#[test]
fn an_id_of_the_first_version_says_no_incarnation() {
    let read = |incarnation| Verifier::new(&keys()).decode(&example_of(incarnation)).unwrap();
    let (former, present) = (read(0), read(7));
    assert_eq!((former.incarnation, present.incarnation), (0, 7));
    assert_eq!(PredictionId { incarnation: 7, ..former }, present);
}

#[test]
fn an_id_of_a_later_version_is_refused_by_its_number() {
    let mut bytes = URL_SAFE_NO_PAD.decode(example()).unwrap();
    bytes[0] = 3;
    let refused = Verifier::new(&keys()).decode(&URL_SAFE_NO_PAD.encode(bytes)).unwrap_err();
    assert_eq!(refused, PredictionIdError::UnknownVersion { version: 3 });
    assert!(refused.to_string().contains("versions 1 to 2"), "{refused}");
}

#[test]
fn the_longest_id_fits() {
    let longest = Id::parse(&"a".repeat(MAX_ID_BYTES)).unwrap();
    let text = signed(&PredictionIdContent {
        uuid: uuid_v7(u64::MAX >> 20, u64::MAX),
        router_id: &longest,
        variant: &longest,
        incarnation: u64::MAX,
        epoch: u64::MAX,
        propensity: 1.0,
        pinned: true,
        row_limit: u32::MAX,
    });
    assert_eq!(text.len(), 424);
    assert_eq!(Verifier::new(&keys()).decode(&text).unwrap().incarnation, u64::MAX);
}

#[test]
fn any_changed_character_is_refused() {
    let text = example();
    let verifier = Verifier::new(&keys());
    for index in 0..text.len() {
        for other in ['A', 'b', '_', '=', ' '] {
            let mut altered: Vec<char> = text.chars().collect();
            if altered[index] == other {
                continue;
            }
            altered[index] = other;
            let altered: String = altered.into_iter().collect();
            assert!(verifier.decode(&altered).is_err(), "{altered}");
        }
    }
}

#[test]
fn any_cut_or_longer_text_is_refused() {
    let text = example();
    let verifier = Verifier::new(&keys());
    for length in 0..text.len() {
        assert!(verifier.decode(&text[..length]).is_err(), "{length}");
    }
    assert!(verifier.decode(&format!("{text}A")).is_err());
    assert!(verifier.decode(&"A".repeat(100_000)).is_err());
}

#[test]
fn each_refusal_says_why() {
    let verifier = Verifier::new(&SigningKeys { keys: keys().keys[..1].to_vec(), current_key_id: 3 });
    assert_eq!(verifier.decode(&example()), Err(PredictionIdError::UnknownKey { key_id: 4 }));
    let other_secret = SigningKey { key_id: 4, secret: [1; 32] };
    let verifier = Verifier::new(&SigningKeys { keys: vec![other_secret], current_key_id: 4 });
    assert_eq!(verifier.decode(&example()), Err(PredictionIdError::Forged));
    let zeros = "A".repeat(80);
    assert_eq!(verifier.decode(&zeros), Err(PredictionIdError::UnknownVersion { version: 0 }));
    assert_eq!(verifier.decode("no id"), Err(PredictionIdError::Malformed { reason: "is not base64url" }));
}

#[test]
fn a_current_key_that_is_not_there_is_refused() {
    let keys = SigningKeys { keys: Vec::new(), current_key_id: 9 };
    assert_eq!(Signer::new(&keys).err(), Some(PredictionIdError::NoCurrentKey { key_id: 9 }));
}
