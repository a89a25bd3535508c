//! Numbers as rules compare them: exactly, whether they are whole or not.

use std::cmp::Ordering;

/// The longest text that is looked at as a number.
const MAX_NUMBER_BYTES: usize = 64;

/// So many digits every double keeps.
const KEPT_DIGITS: usize = 15;

/// From this whole number on, a double may stand for several.
const FIRST_AMBIGUOUS: f64 = 9_007_199_254_740_992.0;

/// A number that lost no digit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// One of a type of whole numbers, or digits.
    Whole(i128),
    /// A double.
    Float(f64),
}

impl Number {
    /// Compares two numbers without rounding either; none where one is NaN.
    #[inline]
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Float(one), Self::Float(other)) => one.partial_cmp(&other),
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(&other)),
            (Self::Whole(whole), Self::Float(float)) => compare_exactly(whole, float),
            (Self::Float(float), Self::Whole(whole)) => compare_exactly(whole, float).map(Ordering::reverse),
        }
    }

    /// The number that a text is written as: digits with or without sign, fraction and exponent. A text of which a
    /// double would lose digits before the point is none, nor is a name such as `NaN`.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let is_written = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        if text.len() > MAX_NUMBER_BYTES || !text.bytes().all(is_written) {
            return None;
        }
        let (before, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.bytes().all(|byte| byte == b'0')
            && let Ok(whole) = before.parse()
        {
            return Some(Self::Whole(whole));
        }
        let float: f64 = text.parse().ok()?;
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
        let is_kept = float.abs() < FIRST_AMBIGUOUS || digits <= KEPT_DIGITS;
        (is_kept && float.is_finite()).then_some(Self::Float(float))
    }

    /// Whether a double may have been rounded from another whole number of 64 bits on its way here.
    #[must_use]
    pub fn is_ambiguous(float: f64) -> bool {
        (FIRST_AMBIGUOUS..=18_446_744_073_709_551_616.0).contains(&float.abs())
    }
}

fn compare_exactly(whole: i128, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    let truncated = float.trunc();
    // Exact: a float of this range without fraction is an `i128`.
    match whole.cmp(&(truncated as i128)) {
        Ordering::Equal => 0.0_f64.partial_cmp(&(float - truncated)),
        unequal => Some(unequal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_floats_compare_without_rounding() {
        let first = 9_007_199_254_740_992_i128;
        let cases = [
            (first + 1, FIRST_AMBIGUOUS, Ordering::Greater),
            (first, FIRST_AMBIGUOUS, Ordering::Equal),
            (1, 1.5, Ordering::Less),
            (-1, -1.5, Ordering::Greater),
            (2, 1.5, Ordering::Greater),
            (0, -0.0, Ordering::Equal),
            (i128::MAX, f64::INFINITY, Ordering::Less),
            (i128::MIN, f64::NEG_INFINITY, Ordering::Greater),
            (i128::MAX, f64::MAX, Ordering::Less),
        ];
        for (whole, float, expected) in cases {
            assert_eq!(Number::Whole(whole).compare(Number::Float(float)), Some(expected), "{whole} {float}");
            let reversed = Number::Float(float).compare(Number::Whole(whole));
            assert_eq!(reversed, Some(expected.reverse()), "{float} {whole}");
        }
        assert_eq!(Number::Whole(1).compare(Number::Float(f64::NAN)), None);
    }

    #[test]
    fn a_text_is_a_number_only_where_no_digit_is_lost() {
        let whole = |number| Some(Number::Whole(number));
        assert_eq!(Number::of_text("9007199254740993"), whole(9_007_199_254_740_993));
        assert_eq!(Number::of_text("-7"), whole(-7));
        assert_eq!(Number::of_text("+7.000"), whole(7));
        assert_eq!(Number::of_text("18446744073709551615.0"), whole(u64::MAX.into()));
        assert_eq!(Number::of_text("0.1"), Some(Number::Float(0.1)));
        assert_eq!(Number::of_text("1e18"), Some(Number::Float(1e18)));
        let long = "1".repeat(65);
        for text in
            ["", ".", "-", "1,5", "NaN", "inf", "0x1", " 1", "9007199254740993.5", "1e999", "e5", &long]
        {
            assert_eq!(Number::of_text(text), None, "{text:?}");
        }
    }
}
