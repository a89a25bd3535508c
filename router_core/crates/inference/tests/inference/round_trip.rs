//! What goes in as a feature comes out as the same value, through tensors and messages.

use std::collections::BTreeMap;

use crate::support::*;
use half::{bf16, f16};
use pointsman_inference::{
    fill_inputs,
    oip::{decode_request, decode_response, encode_request, encode_response},
    read_outputs,
};
use pointsman_model::{Datatype, Signature};
use proptest::prelude::*;
use prost_types::Value;

/// A datatype with values that it holds exactly, so that they come out as they went in.
fn exact_column() -> impl Strategy<Value = (Datatype, Vec<Value>)> {
    fn column<T: std::fmt::Debug>(
        datatype: Datatype,
        element: impl Strategy<Value = T>,
        to_value: impl Fn(T) -> Value,
    ) -> impl Strategy<Value = (Datatype, Vec<Value>)> {
        prop::collection::vec(element.prop_map(to_value), 1..20).prop_map(move |values| (datatype, values))
    }
    // NaN and infinity have rules of their own, tested by name.
    let f16s =
        any::<u16>().prop_map(|bits| f16::from_bits(bits).to_f64()).prop_filter("finite", |n| n.is_finite());
    let bf16s =
        any::<u16>().prop_map(|bits| bf16::from_bits(bits).to_f64()).prop_filter("finite", |n| n.is_finite());
    let whole = -(1_i64 << 53) + 1..1_i64 << 53;
    prop_oneof![
        column(Datatype::Bool, any::<bool>(), flag),
        column(Datatype::Int8, any::<i8>(), |n| number(n.into())),
        column(Datatype::Int16, any::<i16>(), |n| number(n.into())),
        column(Datatype::Int32, any::<i32>(), |n| number(n.into())),
        column(Datatype::Int64, whole, |n| number(n as f64)),
        column(Datatype::Uint8, any::<u8>(), |n| number(n.into())),
        column(Datatype::Uint16, any::<u16>(), |n| number(n.into())),
        column(Datatype::Uint32, any::<u32>(), |n| number(n.into())),
        column(Datatype::Uint64, 0_u64..1 << 53, |n| number(n as f64)),
        column(Datatype::Fp16, f16s, number),
        column(Datatype::Bf16, bf16s, number),
        column(Datatype::Fp32, prop::num::f32::NORMAL, |n| number(n.into())),
        column(Datatype::Fp64, prop::num::f64::NORMAL, number),
        column(Datatype::Bytes, any::<String>(), |t| text(&t)),
    ]
}

proptest! {
    #[test]
    fn features_come_back_as_they_were_sent((datatype, values) in exact_column(), named in any::<bool>()) {
        let names: Vec<String> = (0..values.len()).map(|index| format!("feature {index}")).collect();
        let listed: Vec<&str> = names.iter().map(String::as_str).filter(|_| named).collect();
        let signature = signature([spec("X", datatype, &[-1, values.len() as i64], &listed)]);
        let features: BTreeMap<String, Value> = if named {
            names.iter().cloned().zip(values.iter().cloned()).collect()
        } else {
            BTreeMap::from([("X".to_owned(), list(values.clone()))])
        };
        let inputs = fill_inputs(&signature, &features).unwrap();
        let request = decode_request(encode_request("m", "", "", &inputs, &[] as &[&str])).unwrap();
        prop_assert_eq!(&request.inputs, &inputs);
        for is_raw in [true, false] {
            let response = encode_response("m", "", "", &request.inputs, is_raw).unwrap();
            let outputs = decode_response(response).unwrap();
            prop_assert_eq!(&outputs, &inputs);
            let answer = read_outputs(&Signature::default(), &outputs).unwrap();
            let expected = if values.len() == 1 { values[0].clone() } else { list(values.clone()) };
            prop_assert_eq!(&answer.outputs["X"], &expected);
            prop_assert_eq!(answer.prediction, expected);
        }
    }

    #[test]
    fn no_features_and_no_shape_make_it_panic(
        shape in prop::collection::vec(prop_oneof![-2_i64..5, any::<i64>()], 0..4),
        (datatype, values) in exact_column(),
        numbered in any::<bool>(),
    ) {
        let signature = signature([spec("X", datatype, &shape, &[])]);
        let mut features: BTreeMap<String, Value> =
            values.iter().enumerate().map(|(index, value)| (format!("f{index}"), value.clone())).collect();
        if !numbered {
            features.insert("X".to_owned(), list(values));
        }
        if let Ok(tensors) = fill_inputs(&signature, &features) {
            prop_assert!(tensors[0].checked_count().is_ok());
        }
    }
}
