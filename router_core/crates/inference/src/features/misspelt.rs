//! Finds features that were meant to be others: a misspelt name must not be answered with a default in silence.

use std::collections::BTreeMap;

use pointsman_model::Signature;
use prost_types::Value;

use super::{FeatureError, feeds};

/// How many pairs of names are compared at most, so that no call can keep a thread busy with names.
const MAX_PAIRS: usize = 100_000;

/// Refuses a feature that no signature knows, looks like one with a default, and came in its place.
///
/// Other features that the signature does not know are left alone: variants may take different ones, and records keep
/// them. So is everything where no default answers: what is missing without one is an error anyway. A feature that
/// was sent as null has its default because its caller says so.
///
/// # Arguments
/// * `signature` - Of the model that answers.
/// * `others` - Of the models that could have answered instead; what they take is not misspelt.
/// * `features` - What the call sent.
///
/// # Errors
/// A feature is misspelt.
pub fn refuse_misspelt<'a>(
    signature: &Signature,
    others: impl Iterator<Item = &'a Signature> + Clone,
    features: &BTreeMap<String, Value>,
) -> Result<(), FeatureError> {
    let mut pairs = 0;
    for meant in signature.defaults.keys().filter(|name| !features.contains_key(&***name)) {
        for sent in features.keys() {
            pairs += 1;
            if pairs > MAX_PAIRS {
                return Ok(());
            }
            if is_alike(sent, meant)
                && !feeds(signature, sent)
                && !others.clone().any(|other| feeds(other, sent))
            {
                let reason = format!(
                    "the model takes no such feature; did you mean {meant:?}? It was not sent and has a default, \
                     which would answer in its place; send it, or as null to have the default"
                );
                return Err(FeatureError::Feature { feature: sent.clone(), reason });
            }
        }
    }
    Ok(())
}

/// Whether a name looks like a misspelling of another. Names with other numbers are other names.
fn is_alike(sent: &str, meant: &str) -> bool {
    let edits = match sent.len().min(meant.len()) {
        ..3 => 0,
        3..6 => 1,
        _ => 2,
    };
    sent.len().abs_diff(meant.len()) <= edits
        && digits(sent).eq(digits(meant))
        && is_within(edits, sent.as_bytes(), meant.as_bytes())
}

fn digits(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(u8::is_ascii_digit)
}

/// Whether so many edits make one name of the other: a byte more, less or another, or two in the other order.
///
/// It branches four ways at each difference, and there are two edits at most.
fn is_within(edits: usize, one: &[u8], other: &[u8]) -> bool {
    let common = one.iter().zip(other).take_while(|(one, other)| is_same(**one, **other)).count();
    let (one, other) = (one.get(common..).unwrap_or_default(), other.get(common..).unwrap_or_default());
    let ([first, rest @ ..], [other_first, other_rest @ ..]) = (one, other) else {
        return one.len().max(other.len()) <= edits;
    };
    let Some(left) = edits.checked_sub(1) else { return false };
    let is_swapped = || match (rest, other_rest) {
        ([second, rest @ ..], [other_second, other_rest @ ..]) => {
            is_same(*first, *other_second)
                && is_same(*second, *other_first)
                && is_within(left, rest, other_rest)
        }
        _ => false,
    };
    is_within(left, rest, other_rest)
        || is_within(left, rest, other)
        || is_within(left, one, other_rest)
        || is_swapped()
}

/// Whether two bytes are one to a reader: in either case, and whatever separates words.
fn is_same(one: u8, other: u8) -> bool {
    let separates = |byte: u8| b"_-. ".contains(&byte);
    one.eq_ignore_ascii_case(&other) || separates(one) && separates(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_alike() {
        for (sent, meant) in [
            ("incme", "income"),
            ("incoem", "income"),
            ("incomes", "income"),
            ("Income", "income"),
            ("monthlyIncome", "monthly_income"),
            ("monthly-income", "monthly_income"),
            ("mnothly_incme", "monthly_income"),
            ("aeg", "age"),
            ("ages", "age"),
            ("AGE", "age"),
            ("X", "x"),
        ] {
            assert!(is_alike(sent, meant), "{sent} {meant}");
        }
    }

    #[test]
    fn other_names_and_other_numbers_are_not() {
        for (sent, meant) in [
            ("x_1", "x_2"),
            ("f10", "f1"),
            ("a", "b"),
            ("country", "income"),
            ("sex", "age"),
            ("", "x"),
            ("xy", "x"),
        ] {
            assert!(!is_alike(sent, meant), "{sent} {meant}");
        }
    }
}
