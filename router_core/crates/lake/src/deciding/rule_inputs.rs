//! What rules read of a call, as records keep it: written when they decide, read to decide again.
//!
//! A JSON object of names and values. Text and truth values are themselves and null is what was missing; a number is
//! an object of its type and its digits, for JSON's own numbers are doubles to most readers and have no type. A number
//! that the record's own row holds among its features is a list of its type alone: digits of thirty columns, once more,
//! would be as much as all the rest of a record.

use std::{cell::Cell, io::Write as _};

use pointsman_inference::features::{round_to_bf16, round_to_f16, round_to_f32};
use pointsman_model::rules::Number;
use pointsman_policy::{Attributes, Value};
use serde_json::{Map, Value as Json};

use super::row_features::RowFeatures;
use crate::calls::cell::{into_text, write_text};

/// The longest text of them all that is kept.
pub const MAX_INPUT_BYTES: usize = 4 << 10;

const WHOLE: &str = "whole";
const DOUBLE: &str = "fp64";
const SINGLE: &str = "fp32";
const HALF: &str = "fp16";
const BRAIN: &str = "bf16";
const OTHER: &str = "other";

/// Doubles hold every whole number below, and so do columns of any kind of number.
const FIRST_INEXACT: u128 = 1 << 53;

/// Takes down what rules read, each source once.
#[derive(Debug, Default)]
pub struct RuleInputs {
    text: Vec<u8>,
    /// The sources that were taken down, a bit each.
    seen: u128,
    is_short: bool,
    refers_to_row: bool,
}

/// What rules read, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputsText {
    /// The JSON object.
    pub text: String,
    /// Whether it says only together with the features of its row what was read.
    pub refers_to_row: bool,
}

impl RuleInputs {
    /// Takes down a value; none where it is missing.
    ///
    /// # Arguments
    /// * `source` - Which of the rules' sources it is.
    pub fn add(&mut self, source: u16, name: &str, value: Option<Value<'_>>) {
        self.take_down(source, name, value, None);
    }

    /// Takes down a value that the record's row holds as the feature of that name, if the row is recorded.
    ///
    /// # Arguments
    /// * `source` - Which of the rules' sources it is.
    pub fn add_of_row(&mut self, source: u16, name: &str, value: Option<Value<'_>>) {
        self.take_down(source, name, value, value.and_then(type_in_row));
    }

    fn take_down(&mut self, source: u16, name: &str, value: Option<Value<'_>>, in_row: Option<&str>) {
        let Some(bit) = 1_u128.checked_shl(source.into()) else {
            self.is_short = true;
            return;
        };
        if self.is_short || self.seen & bit != 0 {
            return;
        }
        // Long text is not even copied.
        if matches!(value, Some(Value::Text(text)) if text.len() > MAX_INPUT_BYTES) {
            self.is_short = true;
            return;
        }
        self.seen |= bit;
        self.text.push(if self.text.is_empty() { b'{' } else { b',' });
        write_text(name, &mut self.text);
        self.text.push(b':');
        if let Some(kind) = in_row {
            self.refers_to_row = true;
            self.text.extend_from_slice(b"[\"");
            self.text.extend_from_slice(kind.as_bytes());
            self.text.extend_from_slice(b"\"]");
        } else {
            write_value(value, &mut self.text);
        }
        if self.text.len() > MAX_INPUT_BYTES {
            self.is_short = true;
        }
    }

    /// All that was read; none when that is too long to be kept.
    #[must_use]
    pub fn finish(mut self) -> Option<InputsText> {
        if self.is_short {
            return None;
        }
        self.text.extend_from_slice(if self.text.is_empty() { b"{}" } else { b"}" });
        Some(InputsText { text: into_text(self.text), refers_to_row: self.refers_to_row })
    }
}

/// The type of a number that features of a row hold exactly, whatever kind of number their column is; none for others.
fn type_in_row(value: Value<'_>) -> Option<&'static str> {
    match value {
        Value::Number(Number::Float(_)) => Some(DOUBLE),
        Value::Rounded(_, round) => Some(type_of(round)),
        Value::Number(Number::Whole(whole)) if whole.unsigned_abs() < FIRST_INEXACT => Some(WHOLE),
        Value::Number(Number::Whole(_)) | Value::Bool(_) | Value::Text(_) | Value::Other(_) => None,
    }
}

fn write_value(value: Option<Value<'_>>, out: &mut Vec<u8>) {
    // A vector takes every byte.
    let mut typed = |kind: &str, number: f64| {
        let _ = write!(out, "{{\"{kind}\":\"{number:?}\"}}");
    };
    match value {
        None => out.extend_from_slice(b"null"),
        Some(Value::Bool(yes)) => out.extend_from_slice(if yes { b"true" } else { b"false" }),
        Some(Value::Number(Number::Float(number))) => typed(DOUBLE, number),
        Some(Value::Rounded(number, round)) => typed(type_of(round), number),
        Some(Value::Number(Number::Whole(whole))) => {
            let _ = write!(out, "{{\"{WHOLE}\":\"{whole}\"}}");
        }
        Some(Value::Text(text)) => write_text(text, out),
        Some(Value::Other(kind)) => {
            let _ = write!(out, "{{\"{OTHER}\":");
            write_text(kind, out);
            out.push(b'}');
        }
    }
}

/// Which type rounds like this. Functions have no names here, and three types have as many roundings of a tenth.
fn type_of(round: fn(f64) -> f64) -> &'static str {
    let rounded = round(0.1).to_bits();
    if rounded == round_to_f32(0.1).to_bits() {
        SINGLE
    } else if rounded == round_to_f16(0.1).to_bits() {
        HALF
    } else {
        BRAIN
    }
}

/// What a record says that rules read.
pub(super) struct ReadInputs<'r> {
    values: Map<String, Json>,
    row: RowFeatures<'r>,
    is_short: Cell<bool>,
}

impl<'r> ReadInputs<'r> {
    /// Reads what is recorded; none where it is nothing that [`RuleInputs`] writes.
    ///
    /// # Arguments
    /// * `row` - The features of the record's row.
    pub(super) fn of(recorded: &str, row: RowFeatures<'r>) -> Option<Self> {
        let Ok(Json::Object(values)) = serde_json::from_str(recorded) else { return None };
        Some(Self { values, row, is_short: Cell::new(false) })
    }

    /// Whether something was asked for that is not there: then nothing follows from what came out.
    pub(super) fn is_short(&self) -> bool {
        self.is_short.get()
    }
}

impl Attributes for ReadInputs<'_> {
    fn feature(&self, _source: u16, name: &str) -> Option<Value<'_>> {
        let read = match self.values.get(name) {
            Some(Json::Array(kinds)) => value_in_row(kinds, self.row.number(name)).map(Some),
            Some(json) => value_of(json),
            None => None,
        };
        if read.is_none() {
            self.is_short.set(true);
        }
        read?
    }

    fn metadata(&self, _key: &str) -> Option<Value<'_>> {
        self.is_short.set(true);
        None
    }
}

/// A number that the row holds; none where it does not, or in a type that is not known.
fn value_in_row(kinds: &[Json], number: Option<f64>) -> Option<Value<'static>> {
    let ([Json::String(kind)], Some(number)) = (kinds, number) else { return None };
    match kind.as_str() {
        // Only such were referred to that doubles hold.
        WHOLE if number.fract() == 0.0 && number.abs() < FIRST_INEXACT as f64 => {
            Some(Value::Number(Number::Whole(number as i128)))
        }
        _ => float_of(kind, number),
    }
}

fn float_of(kind: &str, number: f64) -> Option<Value<'static>> {
    match kind {
        DOUBLE => Some(Value::Number(Number::Float(number))),
        SINGLE => Some(Value::Rounded(number, round_to_f32)),
        HALF => Some(Value::Rounded(number, round_to_f16)),
        BRAIN => Some(Value::Rounded(number, round_to_bf16)),
        _ => None,
    }
}

/// A value as it was; none where it cannot be read.
fn value_of(json: &Json) -> Option<Option<Value<'_>>> {
    Some(Some(match json {
        Json::Null => return Some(None),
        Json::Bool(yes) => Value::Bool(*yes),
        Json::String(text) => Value::Text(text),
        Json::Object(typed) => {
            let (kind, digits) = typed.iter().next()?;
            let digits = digits.as_str()?;
            match kind.as_str() {
                WHOLE => Value::Number(Number::Whole(digits.parse().ok()?)),
                OTHER => Value::Other("another kind"),
                kind => float_of(kind, digits.parse().ok()?)?,
            }
        }
        Json::Number(_) | Json::Array(_) => return None,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn again(value: Option<Value<'_>>) -> String {
        let mut inputs = RuleInputs::default();
        inputs.add(3, "a \"name\"", value);
        inputs.add(3, "a \"name\"", None);
        let text = inputs.finish().unwrap().text;
        let read = ReadInputs::of(&text, RowFeatures::NONE).unwrap();
        let found = format!("{:?}", read.feature(0, "a \"name\""));
        assert!(!read.is_short());
        found
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_were(number in any::<f64>(), whole in any::<i128>(), text in ".{0,20}") {
            for value in [
                None,
                Some(Value::Bool(true)),
                Some(Value::Number(Number::Float(number))),
                Some(Value::Number(Number::Whole(whole))),
                Some(Value::Text(&text)),
            ] {
                prop_assert_eq!(again(value), format!("{value:?}"));
            }
        }
    }

    #[test]
    fn numbers_keep_the_type_that_they_are_compared_in() {
        for (round, kind) in [
            (round_to_f32 as fn(f64) -> f64, "fp32"),
            (round_to_f16 as fn(f64) -> f64, "fp16"),
            (round_to_bf16 as fn(f64) -> f64, "bf16"),
        ] {
            let mut inputs = RuleInputs::default();
            inputs.add(0, "x", Some(Value::Rounded(round(0.1), round)));
            let text = inputs.finish().unwrap().text;
            assert!(text.starts_with(&format!("{{\"x\":{{\"{kind}\":\"0.")), "{text}");
            let read = ReadInputs::of(&text, RowFeatures::NONE).unwrap();
            let Some(Value::Rounded(number, rounds)) = read.feature(0, "x") else { panic!("{text}") };
            assert_eq!(
                (number.to_bits(), rounds(0.3).to_bits()),
                (round(0.1).to_bits(), round(0.3).to_bits())
            );
        }
    }

    #[test]
    fn what_is_not_there_is_told_and_what_is_too_long_is_not_kept() {
        let recorded = "{\"x\":null,\"y\":1,\"z\":{\"fp8\":\"1\"},\"v\":[\"fp64\"]}";
        let read = || ReadInputs::of(recorded, RowFeatures::NONE).unwrap();
        let one = read();
        assert!(one.feature(0, "x").is_none() && !one.is_short());
        for name in ["y", "z", "v", "else"] {
            let read = read();
            assert!(read.feature(0, name).is_none() && read.is_short(), "{name}");
        }
        assert!(ReadInputs::of("", RowFeatures::NONE).is_none());
        assert!(ReadInputs::of("[]", RowFeatures::NONE).is_none());
        let mut inputs = RuleInputs::default();
        inputs.add(0, "x", Some(Value::Text(&"a".repeat(MAX_INPUT_BYTES))));
        assert_eq!(inputs.finish(), None);
        assert_eq!(RuleInputs::default().finish().unwrap().text, "{}");
    }

    #[test]
    fn of_the_row_are_numbers_that_its_features_hold() {
        let all = [
            (Some(Value::Number(Number::Float(0.1))), "[\"fp64\"]", true),
            (Some(Value::Rounded(round_to_f32(0.1), round_to_f32)), "[\"fp32\"]", true),
            (Some(Value::Number(Number::Whole(-7))), "[\"whole\"]", true),
            (Some(Value::Number(Number::Whole(1 << 53))), "{\"whole\":\"9007199254740992\"}", false),
            (Some(Value::Text("fp64")), "\"fp64\"", false),
            (Some(Value::Bool(true)), "true", false),
            (None, "null", false),
        ];
        for (value, expected, refers_to_row) in all {
            let mut inputs = RuleInputs::default();
            inputs.add_of_row(0, "x", value);
            let text = format!("{{\"x\":{expected}}}");
            assert_eq!(inputs.finish(), Some(InputsText { text, refers_to_row }));
        }
    }
}
