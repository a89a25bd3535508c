//! One look at feature values, whether a call sent them or the signature holds them as defaults.

use std::fmt;

use pointsman_model::FeatureValue;
use prost_types::{Value, value::Kind};

/// A borrowed feature value.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    List(Items<'a>),
    Object,
}

/// The items of a list.
#[derive(Clone, Copy)]
pub(super) enum Items<'a> {
    Sent(&'a [Value]),
    Default(&'a [FeatureValue]),
}

impl<'a> Items<'a> {
    /// Every item in order.
    pub(super) fn iter(self) -> impl Iterator<Item = Given<'a>> {
        let (sent, default): (&[Value], &[FeatureValue]) = match self {
            Self::Sent(values) => (values, &[]),
            Self::Default(values) => (&[], values),
        };
        sent.iter().map(Given::from).chain(default.iter().map(Given::from))
    }

    /// How many items there are.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sent(values) => values.len(),
            Self::Default(values) => values.len(),
        }
    }
}

impl<'a> From<&'a Value> for Given<'a> {
    fn from(value: &'a Value) -> Self {
        match &value.kind {
            None | Some(Kind::NullValue(_)) => Self::Null,
            Some(Kind::BoolValue(yes)) => Self::Bool(*yes),
            Some(Kind::NumberValue(number)) => Self::Number(*number),
            Some(Kind::StringValue(text)) => Self::Text(text),
            Some(Kind::ListValue(list)) => Self::List(Items::Sent(&list.values)),
            Some(Kind::StructValue(_)) => Self::Object,
        }
    }
}

impl<'a> From<&'a FeatureValue> for Given<'a> {
    fn from(value: &'a FeatureValue) -> Self {
        match value {
            FeatureValue::Null => Self::Null,
            FeatureValue::Bool(yes) => Self::Bool(*yes),
            FeatureValue::Number(number) => Self::Number(*number),
            FeatureValue::Text(text) => Self::Text(text),
            FeatureValue::List(items) => Self::List(Items::Default(items)),
        }
    }
}

/// Says what was sent, short enough for an error text.
impl fmt::Display for Given<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("the value is null"),
            Self::Bool(yes) => write!(formatter, "{yes} is a boolean"),
            Self::Number(number) => write!(formatter, "{number} is a number"),
            Self::Text(text) => {
                let shown: String = text.chars().take(40).collect();
                write!(formatter, "{shown:?} is text")
            }
            Self::List(items) => write!(formatter, "the value is a list of {}", items.len()),
            Self::Object => formatter.write_str("the value is an object"),
        }
    }
}
