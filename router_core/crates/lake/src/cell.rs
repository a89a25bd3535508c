//! One value of a row, from a tensor or from a JSON-like message, and its JSON text.

use std::{borrow::Cow, io::Write as _};

/// One value. NaN is null, as it is on the way in; infinities stay numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Bool(bool),
    Number(f64),
    /// A whole number of which a float would lose digits.
    Whole(i128),
    Text(Cow<'a, str>),
}

/// The largest whole number up to which every whole number is an `f64`.
const MAX_EXACT: u128 = 1 << 53;

impl Cell<'_> {
    /// A float.
    #[inline]
    pub(crate) fn float(number: f64) -> Self {
        if number.is_nan() { Self::Null } else { Self::Number(number) }
    }

    /// A whole number.
    #[inline]
    pub(crate) fn whole(whole: i128) -> Self {
        if whole.unsigned_abs() <= MAX_EXACT { Self::Number(whole as f64) } else { Self::Whole(whole) }
    }

    /// Writes it as JSON, which has no infinities: they are text.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(number) => write_number(*number, out),
            Self::Whole(whole) => {
                let _ = write!(out, "{whole}");
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
