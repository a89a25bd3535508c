//! Ids and names: one alphabet for routers, variants, models and versions.

use std::{borrow::Borrow, fmt, sync::Arc};

use crate::ModelError;

/// The most bytes an id can have.
pub const MAX_ID_BYTES: usize = 128;

/// An id that matches `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Arc<str>);

impl Id {
    /// Whether a text can be an id.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        let mut bytes = text.bytes();
        let starts_well = bytes.next().is_some_and(|first| first.is_ascii_alphanumeric());
        let goes_on_well = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        starts_well && goes_on_well && text.len() <= MAX_ID_BYTES
    }

    /// Checks and keeps an id.
    ///
    /// # Errors
    /// The field is left empty; the caller knows it (see [`ModelError::within`]).
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        if Self::is_valid(text) {
            Ok(Self(text.into()))
        } else {
            let shown: String = text.chars().take(64).collect();
            Err(ModelError::new(
                "",
                format!(
                    "{shown:?} is not an id; use 1 to {MAX_ID_BYTES} letters, digits, '.', '_' or '-', \
                     starting with a letter or digit"
                ),
            ))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_documented_alphabet_and_length() {
        for good in ["a", "cancer-gb.v2_1", "0", &"x".repeat(128)] {
            assert_eq!(Id::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn refuses_everything_else_with_the_value_in_the_text() {
        for bad in ["", ".a", "a b", "é", "a/b", &"x".repeat(129)] {
            let error = Id::parse(bad).unwrap_err();
            assert!(error.reason.contains("is not an id"), "{error}");
        }
    }
}
