//! What an output says of a class, and whether a text names the same.

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
    fn yes_and_no_are_spelled_as_words_or_digits() {
        for text in ["true", "True", "TRUE", "1"] {
            assert!(ClassValue::Bool(true).is_spelled(text) && !ClassValue::Bool(false).is_spelled(text));
        }
        assert!(ClassValue::Bool(false).is_spelled("False"));
        assert!(!ClassValue::Bool(false).is_spelled("no"));
    }
}
