//! What is kept of a router's predictions.

use std::sync::Arc;

use crate::ModelError;

/// How an entity id is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EntityRecording {
    /// As it is.
    #[default]
    Plain,
    /// As a hash under the installation's key.
    Hmac,
    /// Not at all.
    None,
}

/// What an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing.
    #[default]
    Buffered,
    /// Its record being on disk.
    Durable,
}

/// What is kept of a router's predictions. For how long is the control plane's affair.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The share of calls whose features and answers are kept, 0 to 1.
    pub features_share: f64,
    /// Features that the lake does not keep.
    pub exclude_features: Box<[Arc<str>]>,
    /// Requests and answers above so many bytes are recorded without their content.
    pub max_body_bytes: usize,
    /// How the entity id is recorded.
    pub entity: EntityRecording,
    /// What an answer waits for.
    pub durability: Durability,
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            features_share: 1.0,
            exclude_features: Box::default(),
            max_body_bytes: Self::DEFAULT_BODY_BYTES,
            entity: EntityRecording::default(),
            durability: Durability::default(),
        }
    }
}

impl Recording {
    /// What requests and answers may have when nothing is stated.
    pub const DEFAULT_BODY_BYTES: usize = 65_536;
    /// The most that they can be allowed.
    pub const MAX_BODY_BYTES: usize = 4 << 20;
    /// The most features that can be left out.
    pub const MAX_EXCLUDED_FEATURES: usize = 1_000;

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), ModelError> {
        let Self { features_share, exclude_features, max_body_bytes, .. } = self;
        if !(0.0..=1.0).contains(features_share) {
            let reason = format!("{features_share} is not between 0 and 1; it is a share of the calls");
            return Err(ModelError::new("features_share", reason));
        }
        if exclude_features.len() > Self::MAX_EXCLUDED_FEATURES {
            let (count, most) = (exclude_features.len(), Self::MAX_EXCLUDED_FEATURES);
            let reason =
                format!("{count} features; at most {most} can be left out, or set features_share to 0");
            return Err(ModelError::new("exclude_features", reason));
        }
        if let Some(index) = exclude_features.iter().position(|feature| feature.is_empty()) {
            let field = format!("exclude_features[{index}]");
            return Err(ModelError::new(field, "is empty; name a feature or leave the entry out"));
        }
        if !(1..=Self::MAX_BODY_BYTES).contains(max_body_bytes) {
            let most = Self::MAX_BODY_BYTES;
            let reason = format!("{max_body_bytes} is not between 1 and {most} bytes");
            return Err(ModelError::new("max_body_bytes", reason));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_keeps_everything_up_to_64_kib() {
        let recording = Recording::default();
        recording.check().unwrap();
        assert_eq!((recording.features_share, recording.max_body_bytes), (1.0, 65_536));
        assert_eq!((recording.entity, recording.durability), (EntityRecording::Plain, Durability::Buffered));
    }

    #[test]
    fn limits_are_taken_and_what_is_beyond_is_named() {
        let texts = |count: usize| vec![Arc::from("f"); count].into_boxed_slice();
        let good = [
            Recording { features_share: 0.0, ..Recording::default() },
            Recording { max_body_bytes: 4 << 20, ..Recording::default() },
            Recording { exclude_features: texts(1_000), ..Recording::default() },
        ];
        assert!(good.iter().all(|recording| recording.check().is_ok()));
        let bad = [
            ("features_share: 1.5 is", Recording { features_share: 1.5, ..Recording::default() }),
            ("features_share: NaN is", Recording { features_share: f64::NAN, ..Recording::default() }),
            ("max_body_bytes: 0 is", Recording { max_body_bytes: 0, ..Recording::default() }),
            ("max_body_bytes: 4194305 is", Recording { max_body_bytes: 4_194_305, ..Recording::default() }),
            ("exclude_features: 1001", Recording { exclude_features: texts(1_001), ..Recording::default() }),
            (
                "exclude_features[0]: is empty",
                Recording { exclude_features: Box::new(["".into()]), ..Recording::default() },
            ),
        ];
        for (expected, recording) in bad {
            let error = recording.check().unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
