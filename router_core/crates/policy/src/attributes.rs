//! What rules ask of a call: read only when a rule asks for it.

use std::fmt;

use pointsman_model::rules::Number;

/// What a call brings that rules may look at. Whoever decides otherwise asks for nothing.
pub trait Attributes {
    /// The value of a feature; none where it is missing, or a number that is NaN.
    ///
    /// # Arguments
    /// * `source` - Which of the rules' sources it is.
    /// * `name` - Its name.
    fn feature(&self, source: u16, name: &str) -> Option<Value<'_>>;

    /// The first value of an entry of the metadata.
    fn metadata(&self, key: &str) -> Option<Value<'_>>;

    /// A condition does not take the kind of value that was there.
    fn note_mismatch(&self) {}
}

/// A value, borrowed from where it lies.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A number of a type with fewer digits than a double, and how that type rounds: 0.1 is then what the type has
    /// for it.
    Rounded(f64, fn(f64) -> f64),
    /// Text.
    Text(&'a str),
    /// Something else, of this kind: only `exists` takes it.
    Other(&'static str),
}

/// A call that brings nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAttributes;

impl Attributes for NoAttributes {
    fn feature(&self, _source: u16, _name: &str) -> Option<Value<'_>> {
        None
    }

    fn metadata(&self, _key: &str) -> Option<Value<'_>> {
        None
    }
}

impl fmt::Display for Value<'_> {
    /// Writes the value for people, cut to a length that they bear.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(yes) => write!(formatter, "{yes}"),
            Self::Number(Number::Whole(whole)) => write!(formatter, "{whole}"),
            Self::Number(Number::Float(float)) | Self::Rounded(float, _) => write!(formatter, "{float}"),
            Self::Text(text) => write!(formatter, "{:?}", text.chars().take(80).collect::<String>()),
            Self::Other(kind) => formatter.write_str(kind),
        }
    }
}
