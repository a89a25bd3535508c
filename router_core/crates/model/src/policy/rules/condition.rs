//! One condition of a rule, compiled.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};

use super::number::Number;

/// The longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1024;

/// What a compiled pattern may take, in bytes.
pub const MAX_PATTERN_SIZE: usize = 256 << 10;

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// The value is the one given.
    Equals,
    /// It is another.
    NotEquals,
    /// It is one of those given.
    In,
    /// It is none of them.
    NotIn,
    /// It is a number above the one given.
    GreaterThan,
    /// It is a number below the one given.
    LessThan,
    /// It is a text that holds one of those given.
    Contains,
    /// It is a text in which the pattern is found.
    Regex,
    /// There is one.
    Exists,
}

impl Operator {
    /// The word that users see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "not_equals",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::GreaterThan => "greater_than",
            Self::LessThan => "less_than",
            Self::Contains => "contains",
            Self::Regex => "regex",
            Self::Exists => "exists",
        }
    }
}

/// A condition: what is looked at, and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Which of the rules' sources is looked at.
    pub source: u16,
    /// How it compares, as it was written.
    pub operator: Operator,
    /// What the value must be.
    pub test: Test,
    /// Whether text that is written as a number counts as the number.
    pub numeric_text: bool,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// One of some values, or none of them.
    Among {
        /// The values.
        values: Values,
        /// Whether it must be none of them.
        negated: bool,
    },
    /// A number above this one.
    Above(Number),
    /// A number below this one.
    Below(Number),
    /// A text that holds one of these.
    Contains(Box<[Box<str>]>),
    /// A text in which this is found.
    Matches(Pattern),
    /// Anything.
    Exists,
}

/// Values to look for, by their kinds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    numbers: Box<[Number]>,
    texts: Box<[Box<str>]>,
    /// Whether false is one, and true.
    bools: [bool; 2],
}

impl Values {
    /// Takes values by their kinds; no number is NaN.
    pub(super) fn new(mut numbers: Vec<Number>, mut texts: Vec<Box<str>>, bools: [bool; 2]) -> Self {
        numbers.sort_by(|one, other| one.compare(*other).unwrap_or(Ordering::Equal));
        texts.sort_unstable();
        Self { numbers: numbers.into(), texts: texts.into(), bools }
    }

    /// Whether a number is among them; none where they hold no number.
    #[inline]
    #[must_use]
    pub fn has_number(&self, number: Number) -> Option<bool> {
        if self.numbers.is_empty() {
            return None;
        }
        let found =
            self.numbers.binary_search_by(|known| known.compare(number).unwrap_or(Ordering::Equal)).is_ok();
        Some(found)
    }

    /// Whether a number of a type with fewer digits is among them, once they are rounded to that type.
    #[inline]
    #[must_use]
    pub fn has_rounded(&self, number: f64, round: fn(f64) -> f64) -> Option<bool> {
        if self.numbers.is_empty() {
            return None;
        }
        Some(
            self.numbers
                .iter()
                .any(|known| known.rounded(round).compare(Number::Float(number)) == Some(Ordering::Equal)),
        )
    }

    /// Whether a text is among them; none where they hold no text.
    #[inline]
    #[must_use]
    pub fn has_text(&self, text: &str) -> Option<bool> {
        if self.texts.is_empty() {
            return None;
        }
        Some(self.texts.binary_search_by(|known| (**known).cmp(text)).is_ok())
    }

    /// Whether a yes or no is among them; none where they hold neither.
    #[inline]
    #[must_use]
    pub const fn has_bool(&self, yes: bool) -> Option<bool> {
        let [no, yes_too] = self.bools;
        if !no && !yes_too {
            return None;
        }
        Some(if yes { yes_too } else { no })
    }
}

impl Number {
    /// The number as a type with fewer digits has it; whole numbers that a double holds exactly, too.
    #[inline]
    #[must_use]
    pub fn rounded(self, round: fn(f64) -> f64) -> Self {
        match self {
            Self::Float(float) => Self::Float(round(float)),
            Self::Whole(whole) => Self::Float(round(whole as f64)),
        }
    }
}

/// A regular expression of bounded size; equal ones have the same text.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// It is too long, no regular expression, or takes too much memory.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(format!("has {} bytes; at most {MAX_PATTERN_BYTES} are allowed", pattern.len()));
        }
        let built =
            RegexBuilder::new(pattern).size_limit(MAX_PATTERN_SIZE).dfa_size_limit(MAX_PATTERN_SIZE).build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => format!(
                "{pattern:?} takes more than {} KiB once it is compiled; use smaller repetitions",
                MAX_PATTERN_SIZE >> 10
            ),
            // The crate draws the place in several lines; the last says what is wrong.
            other => {
                let text = other.to_string();
                let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                format!("{pattern:?} is no regular expression of the crate regex: {reason}")
            }
        })
    }

    /// Whether it is found in a text, in time linear to the text.
    #[inline]
    #[must_use]
    pub fn is_found_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
