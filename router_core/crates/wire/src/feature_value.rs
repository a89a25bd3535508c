//! Feature values, as JSON-like protobuf values and as the domain has them.

use pointsman_model::{FeatureValue, ModelError};
use prost_types::{ListValue, Value, value::Kind};

/// Takes over a value; one without a kind is null.
///
/// # Errors
/// It is an object, or a list holds one.
pub fn feature_value_from_proto(value: Value) -> Result<FeatureValue, ModelError> {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Ok(FeatureValue::Null),
        Some(Kind::BoolValue(value)) => Ok(FeatureValue::Bool(value)),
        Some(Kind::NumberValue(value)) => Ok(FeatureValue::Number(value)),
        Some(Kind::StringValue(text)) => Ok(FeatureValue::Text(text.into())),
        Some(Kind::ListValue(list)) => {
            let values = list.values.into_iter().enumerate().map(|(index, value)| {
                let in_item =
                    |error: ModelError| ModelError::new("", format!("item {index} {}", error.reason));
                feature_value_from_proto(value).map_err(in_item)
            });
            Ok(FeatureValue::List(values.collect::<Result<_, _>>()?))
        }
        Some(Kind::StructValue(_)) => {
            Err(ModelError::new("", "is an object; send a number, a text, a boolean, null or a list of them"))
        }
    }
}

/// Writes a value.
#[must_use]
pub fn feature_value_to_proto(value: &FeatureValue) -> Value {
    let kind = match value {
        FeatureValue::Null => Kind::NullValue(0),
        FeatureValue::Bool(value) => Kind::BoolValue(*value),
        FeatureValue::Number(value) => Kind::NumberValue(*value),
        FeatureValue::Text(text) => Kind::StringValue(text.to_string()),
        FeatureValue::List(values) => {
            Kind::ListValue(ListValue { values: values.iter().map(feature_value_to_proto).collect() })
        }
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use prost_types::Struct;

    use super::*;

    #[test]
    fn every_kind_survives_the_way_there_and_back() {
        let scalars = [
            FeatureValue::Null,
            FeatureValue::Bool(true),
            FeatureValue::Number(-0.5),
            FeatureValue::Text("a".into()),
        ];
        let value =
            FeatureValue::List([&scalars[..], &[FeatureValue::List(scalars.clone().into())]].concat().into());
        assert_eq!(feature_value_from_proto(feature_value_to_proto(&value)), Ok(value));
    }

    #[test]
    fn a_value_without_a_kind_is_null_and_an_object_is_refused_where_it_lies() {
        assert_eq!(feature_value_from_proto(Value::default()), Ok(FeatureValue::Null));
        let object = Value { kind: Some(Kind::StructValue(Struct::default())) };
        let list =
            Value { kind: Some(Kind::ListValue(ListValue { values: vec![Value::default(), object] })) };
        let error = feature_value_from_proto(list).unwrap_err().within("features[\"x\"]");
        assert!(error.to_string().starts_with("features[\"x\"]: item 1 is an object"), "{error}");
    }
}
