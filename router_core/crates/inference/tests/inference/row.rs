//! A row as a model is asked about it: given, default, or made up.

use std::{collections::BTreeMap, sync::Arc};

use crate::support::*;
use pointsman_inference::{
    features::{FeatureOrigin, row_features, sample_row},
    fill_inputs,
};
use pointsman_model::{Datatype, FeatureValue, Signature};
use prost_types::Value;

fn told(
    signature: &Signature,
    values: &BTreeMap<String, Value>,
    is_sampled: bool,
) -> Vec<(String, FeatureOrigin)> {
    let row = row_features(signature, values, is_sampled).unwrap_or_else(|error| unreachable!("{error}"));
    row.into_iter().map(|feature| (feature.name, feature.origin)).collect()
}

fn with_default(mut signature: Signature, name: &str, default: FeatureValue) -> Signature {
    signature.defaults.insert(Arc::from(name), default);
    signature
}

#[test]
fn a_row_that_is_made_up_fills_every_input() {
    for (datatype, shape, names) in [
        (Datatype::Fp32, &[-1, 2][..], &["a", "b"][..]),
        (Datatype::Int64, &[-1, 3], &[]),
        (Datatype::Bytes, &[-1, 1], &[]),
        (Datatype::Bool, &[-1], &[]),
        (Datatype::Fp32, &[-1, 2, 3], &["image"]),
        (Datatype::Fp64, &[-1, -1], &[]),
        (Datatype::Fp32, &[-1, -1, 3, -1], &[]),
        (Datatype::Uint8, &[2, 2], &[]),
    ] {
        let signature = signature([spec("x", datatype, shape, names)]);
        let samples = sample_row(&signature).unwrap();
        let tensors =
            fill_inputs(&signature, &samples).unwrap_or_else(|error| unreachable!("{shape:?}: {error}"));
        assert!(tensors[0].checked_count().is_ok_and(|count| count > 0), "{shape:?}");
        assert!(tensors[0].raw.iter().all(|byte| *byte == 0), "{shape:?}");
        let origins = told(&signature, &samples, true);
        assert!(!origins.is_empty() && origins.iter().all(|(_, origin)| *origin == FeatureOrigin::Sample));
    }
}

#[test]
fn defaults_come_before_what_is_made_up() {
    let named = signature([spec("x", Datatype::Fp32, &[-1, 3], &["c", "a", "b"])]);
    let named = with_default(named, "a", FeatureValue::Number(7.0));
    let samples = sample_row(&named).unwrap();
    assert!(!samples.contains_key("a"));
    assert_eq!(fill_inputs(&named, &samples).unwrap(), [floats("x", &[1, 3], &[0.0, 7.0, 0.0])]);
    let row = row_features(&named, &samples, true).unwrap();
    assert_eq!(row[1].value, number(7.0));
    let origins: Vec<_> = row.iter().map(|feature| (&*feature.name, feature.origin)).collect();
    assert_eq!(
        origins,
        [("c", FeatureOrigin::Sample), ("a", FeatureOrigin::Default), ("b", FeatureOrigin::Sample)]
    );
}

#[test]
fn numbered_defaults_decide_how_an_input_is_filled() {
    let numbered = signature([spec("x", Datatype::Fp32, &[-1, 2], &[])]);
    let numbered = with_default(numbered, "x_1", FeatureValue::Number(5.0));
    let samples = sample_row(&numbered).unwrap();
    assert_eq!(fill_inputs(&numbered, &samples).unwrap(), [floats("x", &[1, 2], &[0.0, 5.0])]);
    assert_eq!(
        told(&numbered, &samples, true),
        [("x_0".into(), FeatureOrigin::Sample), ("x_1".into(), FeatureOrigin::Default)]
    );
}

#[test]
fn what_reaches_no_tensor_is_told_last() {
    let two = signature([spec("x", Datatype::Fp32, &[-1, 1], &[]), spec("y", Datatype::Fp32, &[-1, 1], &[])]);
    let two = with_default(two, "y", FeatureValue::Number(1.0));
    let values = features([("zeta", text("z")), ("y", null()), ("x", null()), ("alpha", text("a"))]);
    assert_eq!(
        told(&two, &values, false),
        [
            ("x".into(), FeatureOrigin::Given),
            ("y".into(), FeatureOrigin::Default),
            ("alpha".into(), FeatureOrigin::Unused),
            ("zeta".into(), FeatureOrigin::Unused),
        ]
    );
}

#[test]
fn an_input_of_very_many_values_asks_for_the_row() {
    let huge = signature([spec("x", Datatype::Fp32, &[-1, 1 << 10, 1 << 10], &[])]);
    let error = sample_row(&huge).unwrap_err().to_string();
    assert!(error.starts_with("features.x: ") && error.ends_with("give the row"), "{error}");
}
