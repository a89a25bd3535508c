//! What several test files need: values, specs, signatures.

pub(crate) mod files;

use std::collections::BTreeMap;

use bytes::Bytes;
use pointsman_inference::Tensor;
use pointsman_model::{Datatype, Signature, TensorSpec};
use prost_types::{ListValue, Value, value::Kind};

pub(crate) fn null() -> Value {
    Value { kind: Some(Kind::NullValue(0)) }
}

pub(crate) fn number(number: f64) -> Value {
    Value { kind: Some(Kind::NumberValue(number)) }
}

pub(crate) fn text(text: &str) -> Value {
    Value { kind: Some(Kind::StringValue(text.into())) }
}

pub(crate) fn flag(yes: bool) -> Value {
    Value { kind: Some(Kind::BoolValue(yes)) }
}

pub(crate) fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value { kind: Some(Kind::ListValue(ListValue { values: values.into_iter().collect() })) }
}

pub(crate) fn numbers(values: &[f64]) -> Value {
    list(values.iter().copied().map(number))
}

pub(crate) fn features(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> BTreeMap<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn spec(name: &str, datatype: Datatype, shape: &[i64], features: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.into(),
        datatype,
        shape: shape.into(),
        features: features.iter().map(|&feature| feature.into()).collect(),
    }
}

pub(crate) fn signature(inputs: impl IntoIterator<Item = TensorSpec>) -> Signature {
    Signature { inputs: inputs.into_iter().collect(), ..Signature::default() }
}

pub(crate) fn floats(name: &str, shape: &[i64], values: &[f32]) -> Tensor {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor { name: name.into(), datatype: Datatype::Fp32, shape: shape.to_vec(), raw: raw.into() }
}

pub(crate) fn longs(name: &str, shape: &[i64], values: &[i64]) -> Tensor {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor { name: name.into(), datatype: Datatype::Int64, shape: shape.to_vec(), raw: raw.into() }
}

pub(crate) fn texts(name: &str, shape: &[i64], values: &[&str]) -> Tensor {
    let mut raw = Vec::new();
    for value in values {
        raw.extend_from_slice(&(value.len() as u32).to_le_bytes());
        raw.extend_from_slice(value.as_bytes());
    }
    Tensor { name: name.into(), datatype: Datatype::Bytes, shape: shape.to_vec(), raw: Bytes::from(raw) }
}
