//! What a condition looks at: a feature, or an entry of the call's metadata.

use std::sync::Arc;

/// What names an entry of the metadata.
const METADATA: &str = "metadata.";

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Metadata whose values are nobody's business but the server's.
const WITHHELD: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A feature, by its name.
    Feature(Arc<str>),
    /// An entry of the metadata, by its key.
    Metadata(Arc<str>),
}

impl Source {
    /// Reads what a condition names: a feature, or `metadata.<key>`.
    ///
    /// # Errors
    /// It can be neither.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Err("is empty; name a feature, or metadata.<key>".to_owned());
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(format!("has {} bytes; at most {MAX_NAME_BYTES} are allowed", name.len()));
        }
        let Some(key) = name.strip_prefix(METADATA) else { return Ok(Self::Feature(name.into())) };
        let is_written =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if key.is_empty() || !key.bytes().all(is_written) {
            return Err(format!(
                "{name:?} names no metadata; keys are lower-case letters, digits, '-', '_' and '.'"
            ));
        }
        if key.ends_with("-bin") {
            return Err(format!("{name:?} is binary metadata; rules read text"));
        }
        if WITHHELD.contains(&key) || key.starts_with("x-pointsman-") {
            return Err(format!("{name:?} is not for rules; use metadata of your own"));
        }
        Ok(Self::Metadata(key.into()))
    }

    /// The feature's name or the key.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Feature(name) | Self::Metadata(name) => name,
        }
    }
}
