//! Why a piece of the routing state is refused.

use thiserror::Error;

/// A value that the routing state cannot hold. The text names the field and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {reason}")]
pub struct ModelError {
    /// The field, as a path such as `variants[1].weight`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub reason: String,
}

impl ModelError {
    /// Names a field and what is wrong with it.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// Puts the path of the enclosing message before the field.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.field =
            if self.field.is_empty() { parent.to_owned() } else { format!("{parent}.{}", self.field) };
        self
    }
}
