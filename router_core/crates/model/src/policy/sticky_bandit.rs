//! A bandit whose entities keep their variants: by a slot table that somebody else moves, slowly.

use super::bandit::BanditSettings;
use crate::{ModelError, Split, SplitDefinition, Variant};

/// The shortest and the longest time between two slot tables that follow from rewards, in seconds.
const UPDATE_SECONDS: (f64, f64) = (10.0, 2_592_000.0);

/// The slots of entities as they were published, not yet checked.
#[derive(Debug, Clone)]
pub struct StickyDefinition(pub SplitDefinition);

impl StickyDefinition {
    /// Checks the slots, for a bandit whose arms have the shares that are not 0.
    ///
    /// # Errors
    /// The bandit marks calls, or slots belong to a variant that is no arm.
    pub(super) fn build(
        self,
        settings: &BanditSettings,
        shares: &[f64],
        variants: &[Variant],
    ) -> Result<Split, ModelError> {
        let slice = settings.uniform_slice();
        if slice > 0.0 {
            let reason = format!(
                "{slice} would be drawn for each call, and a sticky router's entities keep their variants; use \
                 exploration_floor, or set sticky to false"
            );
            return Err(ModelError::new("bandit.uniform_slice", reason));
        }
        Split::build(self.0, shares, variants)
    }
}

/// Refuses a pace by which slots would never stay, or never move.
pub(super) fn check_update_seconds(seconds: f64) -> Result<(), ModelError> {
    let (least, most) = UPDATE_SECONDS;
    if (least..=most).contains(&seconds) {
        return Ok(());
    }
    let reason = format!("{seconds} s is no time from {least} s to {most} s (30 days); unset means an hour");
    Err(ModelError::new("sticky_update_interval", reason))
}
