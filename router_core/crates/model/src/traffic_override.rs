//! The operator's brake: everything to one variant, for a while.

use crate::{ModelError, Variant};

/// Sends all calls that do not name a variant to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrafficOverride {
    /// The index of the variant.
    pub variant: u8,
    /// When it ends, in UTC microseconds; it is in force until then.
    pub expire_time_us: u64,
}

impl TrafficOverride {
    /// The variant that calls go to at a time, in UTC microseconds; none when it has ended.
    #[must_use]
    pub const fn variant_at(&self, time_us: u64) -> Option<u8> {
        if time_us < self.expire_time_us { Some(self.variant) } else { None }
    }

    /// Checks it against the router's variants.
    ///
    /// # Errors
    /// There is no such variant, it is not enabled, or it is a shadow.
    pub(crate) fn check(&self, variants: &[Variant]) -> Result<(), ModelError> {
        match variants.get(usize::from(self.variant)) {
            Some(variant) if variant.is_shadow() => Err(ModelError::new(
                "variant",
                format!("variant {:?} is a shadow, which takes no calls; name another one", variant.name),
            )),
            Some(variant) if variant.enabled => Ok(()),
            Some(variant) => {
                Err(ModelError::new("variant", format!("variant {:?} is not enabled", variant.name)))
            }
            None => Err(ModelError::new("variant", "is none of the router's variants")),
        }
    }
}
