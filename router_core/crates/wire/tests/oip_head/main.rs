//! The head scan, the splice and the walker against a protobuf reader.

mod check;

use std::{fs, path::Path};

use bytes::Bytes;
use pointsman_wire::generated::inference::{
    InferParameter, ModelInferRequest, infer_parameter::ParameterChoice, model_infer_request::*,
};
use proptest::{collection::vec, prelude::*};
use prost::Message;

const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../fuzz/seeds/oip_head");

fn parameter() -> impl Strategy<Value = (String, InferParameter)> {
    let key = prop_oneof![Just("entity_id".to_owned()), ".{0,12}"];
    let choice = prop_oneof![
        4 => ".{0,20}".prop_map(ParameterChoice::StringParam),
        1 => any::<bool>().prop_map(ParameterChoice::BoolParam),
        1 => any::<i64>().prop_map(ParameterChoice::Int64Param),
        1 => any::<f64>().prop_map(ParameterChoice::DoubleParam),
        1 => any::<u64>().prop_map(ParameterChoice::Uint64Param),
    ];
    (key, proptest::option::of(choice))
        .prop_map(|(key, parameter_choice)| (key, InferParameter { parameter_choice }))
}

prop_compose! {
    /// A part of a request: several of them written one after the other make a request again.
    fn part()(
        model_name in ".{0,20}", model_version in prop_oneof![Just(String::new()), ".{0,5}"], id in ".{0,10}",
        parameters in vec(parameter(), 0..3), names in vec(".{0,8}", 0..3), raw in vec(vec(any::<u8>(), 0..40), 0..3),
    ) -> ModelInferRequest {
        let tensor = |name: &String| InferInputTensor {
            name: name.clone(), datatype: "FP32".to_owned(), shape: vec![-1, 4], ..Default::default()
        };
        ModelInferRequest {
            model_name, model_version, id, parameters: parameters.into_iter().collect(),
            inputs: names.iter().map(tensor).collect(), outputs: Vec::new(),
            raw_input_contents: raw.into_iter().map(Bytes::from).collect(),
        }
    }
}

/// A field that no schema knows, of any wire type, groups and what does not exist included.
fn unknown_field() -> impl Strategy<Value = Vec<u8>> {
    (8_u32..5000, 0_u32..8, vec(any::<u8>(), 0..12)).prop_map(|(field, wire_type, payload)| {
        let mut out = Vec::new();
        prost::encoding::encode_varint(u64::from(field << 3 | wire_type), &mut out);
        match wire_type {
            0 => prost::encoding::encode_varint(payload.len() as u64 * 977, &mut out),
            1 => out.extend([7; 8]),
            5 => out.extend([7; 4]),
            2 => {
                prost::encoding::encode_varint(payload.len() as u64, &mut out);
                out.extend(payload);
            }
            _ => {}
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_request_in_its_usual_order_is_read_like_its_twin(part in part()) {
        check::check(&part.encode_to_vec());
    }

    #[test]
    fn fields_in_any_order_repeated_or_unknown_are_read_like_their_twin(
        parts in vec(prop_oneof![3 => part().prop_map(|part| part.encode_to_vec()), 1 => unknown_field()], 0..4),
    ) {
        check::check(&parts.concat());
    }

    #[test]
    fn a_request_with_altered_bytes_is_read_like_its_twin_or_refused(
        part in part(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = part.encode_to_vec();
        for (index, byte) in changes {
            if !bytes.is_empty() {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
        }
        check::check(&bytes);
        check::check(&bytes[..cut.index(bytes.len() + 1)]);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        check::check(&bytes);
    }

    #[test]
    fn short_random_fields_never_panic(bytes in vec(0_u8..0x40, 0..60)) {
        check::check(&bytes);
    }
}

#[test]
fn every_seed_of_the_fuzz_target_passes() {
    let seeds = fs::read_dir(Path::new(SEEDS)).unwrap().map(|entry| entry.unwrap().path());
    let count = seeds.inspect(|path| check::check(&fs::read(path).unwrap())).count();
    assert!(count >= 10, "{count} seeds in {SEEDS}");
}
