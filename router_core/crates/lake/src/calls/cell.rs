//! One value of a row, from a tensor or from a JSON-like message, and its JSON text.

use std::{borrow::Cow, io::Write as _};

use pointsman_inference::text_number::{
    FIRST_AMBIGUOUS, exact_float, float_named, unambiguous_whole, whole_number,
};

use crate::columns::registry::Kind;

/// One value. NaN is null, as it is on the way in; infinities stay numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Bool(bool),
    Number(f64),
    /// A whole number from which on floats lose digits.
    Whole(i128),
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// A float.
    #[inline]
    pub(crate) fn float(number: f64) -> Self {
        if number.is_nan() { Self::Null } else { Self::Number(number) }
    }

    /// A whole number.
    #[inline]
    pub(crate) fn whole(whole: i128) -> Self {
        if (whole as f64).abs() < FIRST_AMBIGUOUS { Self::Number(whole as f64) } else { Self::Whole(whole) }
    }

    /// The whole number that it certainly is, in a type that has it.
    #[inline]
    pub(crate) fn to_whole<I: TryFrom<i128>>(&self) -> Option<I> {
        let whole = match self {
            Self::Number(number) => unambiguous_whole(*number)?,
            Self::Whole(whole) => *whole,
            Self::Null | Self::Bool(_) | Self::Text(_) => return None,
        };
        I::try_from(whole).ok()
    }

    /// What a text means where numbers are asked for: the number that a model gets of it, if one can be made.
    pub(crate) fn number_in_text(&self, kind: Kind) -> Option<Self> {
        let Self::Text(text) = self else { return None };
        match kind {
            Kind::Whole | Kind::Unsigned => whole_number(text).map(Self::whole),
            Kind::Double => float_named(text).or_else(|| exact_float(whole_number(text)?)).map(Self::float),
            Kind::Bool | Kind::Text => None,
        }
    }

    /// Whether it is a text of the form in which whole numbers come that no JSON number is exact for.
    pub(crate) fn is_text_of_large_number(&self) -> bool {
        let Self::Text(text) = self else { return false };
        whole_number(text).is_some_and(|whole| (whole as f64).abs() >= FIRST_AMBIGUOUS)
    }

    /// Writes it as JSON, which has no infinities and whose numbers are doubles to most readers: what those would
    /// change is text.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(number) => write_number(*number, out),
            Self::Whole(whole) => {
                let _ = write!(out, "\"{whole}\"");
            }
            Self::Text(text) => write_text(text, out),
        }
    }

    /// Its JSON text.
    pub(crate) fn json(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        into_text(out)
    }
}

/// Writes a number as JSON.
pub(crate) fn write_number(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        // A vector takes every byte.
        let _ = serde_json::to_writer(out, &number);
    } else if number.is_nan() {
        out.extend_from_slice(b"null");
    } else {
        out.extend_from_slice(if number > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    }
}

/// Writes a text as JSON.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, text);
}

/// A text of what the JSON writers wrote.
pub(crate) fn into_text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_default()
}
