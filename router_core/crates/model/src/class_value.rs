//! What an output says of a class, and whether a text names the same.

use std::sync::Arc;

/// One value of a label output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassValue<'a> {
    /// A whole number.
    Whole(i128),
    /// Yes or no.
    Bool(bool),
    /// A text.
    Text(&'a str),
}

impl ClassValue<'_> {
    /// Whether a label or class of a signature spells this value.
    ///
    /// Texts are compared as they are, so that "10" and "010" differ. A number is spelled as it is printed, also with
    /// ".0" behind it, as a class of floats is; yes and no are spelled as words or as 1 and 0.
    #[must_use]
    pub fn is_spelled(self, text: &str) -> bool {
        match self {
            Self::Text(said) => said == text,
            Self::Whole(number) => whole_of(text) == Some(number),
            Self::Bool(yes) => bool_of(text) == Some(yes),
        }
    }

    /// The place of the first of some labels or classes that spells this value.
    #[must_use]
    pub fn place_in(self, names: &[Arc<str>]) -> Option<usize> {
        let Self::Whole(number) = self else { return names.iter().position(|name| self.is_spelled(name)) };
        // Printed once, it is compared with many names faster than each of them is read.
        let printed = number.to_string();
        names.iter().position(|name| **name == *printed || name.strip_suffix(".0") == Some(&printed))
    }

    /// The place that a number means, counted from 0.
    #[must_use]
    pub fn place(self) -> Option<usize> {
        match self {
            Self::Whole(number) => usize::try_from(number).ok(),
            Self::Bool(yes) => Some(usize::from(yes)),
            Self::Text(_) => None,
        }
    }
}

/// The whole number that a text spells, in the one way that numbers are printed.
pub(crate) fn whole_of(text: &str) -> Option<i128> {
    let text = text.strip_suffix(".0").unwrap_or(text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (!digits.starts_with('0') || text == "0");
    if is_plain { text.parse().ok() } else { None }
}

/// The yes or no that a text spells.
pub(crate) fn bool_of(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text {
        _ if is("true") || text == "1" => Some(true),
        _ if is("false") || text == "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_spelled_in_one_way() {
        for (number, text) in
            [(1, "1"), (-1, "-1"), (0, "0"), (10, "10.0"), (i128::from(u64::MAX), "18446744073709551615")]
        {
            assert!(ClassValue::Whole(number).is_spelled(text), "{text}");
        }
        for text in ["01", "+1", "-0", "1.5", "1e0", "", "-", ".0", "one", " 1", "1.00"] {
            assert_eq!(whole_of(text), None, "{text:?}");
        }
        assert!(!ClassValue::Text("1").is_spelled("1.0"));
    }

    #[test]
    fn a_value_is_found_where_it_is_spelled() {
        let names: Vec<Arc<str>> = ["01", "-0", "1.0", "-2", "true", "+3", "0"].map(Arc::from).to_vec();
        let values = [-2, -1, 0, 1, 3].map(ClassValue::Whole);
        let values = values.into_iter().chain([ClassValue::Bool(true), ClassValue::Text("-0")]);
        for value in values {
            let expected = names.iter().position(|name| value.is_spelled(name));
            assert_eq!(value.place_in(&names), expected, "{value:?}");
        }
        assert_eq!(ClassValue::Whole(1).place_in(&names), Some(2));
    }

    #[test]
    fn yes_and_no_are_spelled_as_words_or_digits() {
        for text in ["true", "True", "TRUE", "1"] {
            assert!(ClassValue::Bool(true).is_spelled(text) && !ClassValue::Bool(false).is_spelled(text));
        }
        assert!(ClassValue::Bool(false).is_spelled("False"));
        assert!(!ClassValue::Bool(false).is_spelled("no"));
    }
}
