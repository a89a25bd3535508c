//! Numbers as text: what JSON, whose numbers are doubles, cannot say otherwise.
//!
//! Answers and records give whole numbers from 2⁵³ on as digits and infinities by name; features take the same.

/// The whole number from which on not every whole number is an `f64`: only below it, an `f64` stands for one of them.
pub const FIRST_AMBIGUOUS: f64 = 9_007_199_254_740_992.0;

/// The whole number that a text is, written as numbers are: no sign but a minus, no zeros before it, no spaces.
/// Writing it gives the same text.
#[must_use]
pub fn whole_number(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if is_canonical { text.parse().ok() } else { None }
}

/// The float that JSON has no number for but a name.
#[must_use]
pub fn float_named(text: &str) -> Option<f64> {
    match text {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ => None,
    }
}

/// The float that is a whole number, if one is.
#[must_use]
pub fn exact_float(whole: i128) -> Option<f64> {
    let float = whole as f64;
    // 2¹²⁷ is a float and no `i128`: converted back, it would be another number.
    (float.abs() < 2_f64.powi(127) && float as i128 == whole).then_some(float)
}

/// The whole number of which a float is the only double, if it is one.
#[must_use]
pub fn unambiguous_whole(float: f64) -> Option<i128> {
    let is_whole = float.abs() < FIRST_AMBIGUOUS && float.fract() == 0.0;
    // Minus zero would lose its sign.
    (is_whole && !(float == 0.0 && float.is_sign_negative())).then_some(float as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_digits_are_a_whole_number() {
        for number in [0, 1, -1, 9_007_199_254_740_993, i128::from(u64::MAX), i128::MIN] {
            assert_eq!(whole_number(&number.to_string()), Some(number));
        }
        let digits = "9".repeat(40);
        for text in
            ["", "-", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "\u{661}", &digits]
        {
            assert_eq!(whole_number(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_float_is_a_whole_number_only_where_no_digit_is_lost() {
        let first = FIRST_AMBIGUOUS as i128;
        assert_eq!(exact_float(first), Some(FIRST_AMBIGUOUS));
        assert_eq!(exact_float(first + 1), None);
        assert_eq!(exact_float(i128::MAX), None);
        assert_eq!(exact_float(i128::from(i64::MIN)), Some(-(2_f64.powi(63))));
    }

    #[test]
    fn a_float_below_the_first_ambiguous_one_stands_for_one_whole_number() {
        assert_eq!(unambiguous_whole(FIRST_AMBIGUOUS - 1.0), Some(9_007_199_254_740_991));
        for float in [FIRST_AMBIGUOUS, -FIRST_AMBIGUOUS, 0.5, -0.0, f64::INFINITY, f64::NAN] {
            assert_eq!(unambiguous_whole(float), None, "{float}");
        }
    }
}
