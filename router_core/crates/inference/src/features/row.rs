//! One row of features as a model is asked about it: what was given, what is a default, what is made up.

use std::collections::{BTreeMap, HashSet};

use pointsman_model::{Datatype, Signature, TensorSpec};
use pointsman_wire::feature_value_to_proto;
use prost_types::{ListValue, Value, value::Kind};

use super::{
    FeatureError,
    columns::RowShape,
    fill::fed_by,
    value::{text, value},
};

/// The most values that are made up for one input; more would make a row that nobody reads.
const MAX_SAMPLE_VALUES: usize = 1 << 18;

/// Where the value of a feature comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureOrigin {
    /// The caller sent it.
    Given,
    /// It is the signature's default.
    Default,
    /// Nobody said it; it was made up by its type.
    Sample,
    /// The caller sent it, and the model takes no such feature: it reaches no tensor.
    Unused,
}

/// One feature of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFeature {
    /// Its name.
    pub name: String,
    /// Its value, as a call would send it.
    pub value: Value,
    /// Where it comes from.
    pub origin: FeatureOrigin,
}

/// Makes up values for the features of a row that have no default: 0, false, or empty text, in the least number that
/// fills each input.
///
/// # Errors
/// An input cannot be filled, or takes too many values to make them up.
pub fn sample_row(signature: &Signature) -> Result<BTreeMap<String, Value>, FeatureError> {
    let nothing = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for spec in &signature.inputs {
        let shape = RowShape::of(spec)?;
        let (names, is_list) = fed_by(signature, spec, &shape, &nothing)?;
        for name in names.into_iter().filter(|name| !signature.defaults.contains_key(&**name)) {
            let sample =
                if is_list { sample_list(spec, &shape, &name)? } else { sample_value(spec.datatype) };
            samples.entry(name).or_insert(sample);
        }
    }
    Ok(samples)
}

/// The features of a row in the order of the columns that they fill, then those that fill none by their names.
///
/// # Arguments
/// * `features` - What the model is asked with, made up or given.
/// * `is_sampled` - Whether they are made up.
///
/// # Errors
/// An input cannot be filled.
pub fn row_features(
    signature: &Signature,
    features: &BTreeMap<String, Value>,
    is_sampled: bool,
) -> Result<Vec<RowFeature>, FeatureError> {
    let mut row = Vec::new();
    let mut seen = HashSet::new();
    for spec in &signature.inputs {
        let (names, _) = fed_by(signature, spec, &RowShape::of(spec)?, features)?;
        for name in names {
            if seen.insert(name.clone()) {
                row.extend(row_feature(signature, features, name, is_sampled));
            }
        }
    }
    let mut unused: Vec<_> = features.iter().filter(|(name, _)| !seen.contains(*name)).collect();
    unused.sort_unstable_by_key(|(name, _)| *name);
    row.extend(unused.into_iter().map(|(name, value)| RowFeature {
        name: name.clone(),
        value: value.clone(),
        origin: FeatureOrigin::Unused,
    }));
    Ok(row)
}

/// A feature that fills a column; none when it is missing, which filling the row has refused.
fn row_feature(
    signature: &Signature,
    features: &BTreeMap<String, Value>,
    name: String,
    is_sampled: bool,
) -> Option<RowFeature> {
    let sent = features.get(&name);
    let is_null = sent.is_none_or(|sent| matches!(sent.kind, None | Some(Kind::NullValue(_))));
    let (value, origin) = match signature.defaults.get(&*name).filter(|_| is_null) {
        Some(default) => (feature_value_to_proto(default), FeatureOrigin::Default),
        None if is_sampled => (sent?.clone(), FeatureOrigin::Sample),
        None => (sent?.clone(), FeatureOrigin::Given),
    };
    Some(RowFeature { name, value, origin })
}

fn sample_value(datatype: Datatype) -> Value {
    match datatype {
        Datatype::Bool => value(Kind::BoolValue(false)),
        Datatype::Bytes => text(""),
        _ => value(Kind::NumberValue(0.0)),
    }
}

/// One list for all columns; nested where several dimensions are open, for then a flat one says no shape.
fn sample_list(spec: &TensorSpec, shape: &RowShape<'_>, name: &str) -> Result<Value, FeatureError> {
    if shape.known_columns > MAX_SAMPLE_VALUES {
        let reason = format!(
            "input {:?} takes {} values, more than are made up; give the row",
            spec.name, shape.known_columns
        );
        return Err(FeatureError::Feature { feature: name.to_owned(), reason });
    }
    let sample = sample_value(spec.datatype);
    if shape.open_dimensions <= 1 {
        return Ok(list(vec![sample; shape.known_columns]));
    }
    let lengths = shape.dimensions.iter().map(|dimension| usize::try_from(*dimension).unwrap_or(1));
    Ok(lengths.rev().fold(sample, |inner, length| list(vec![inner; length])))
}

fn list(values: Vec<Value>) -> Value {
    value(Kind::ListValue(ListValue { values }))
}
