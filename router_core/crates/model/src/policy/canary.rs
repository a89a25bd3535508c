//! A percentage to the canary, the rest to the control.

use crate::{ModelError, Split, SplitDefinition, Variant, VariantRole};

/// A canary as it was published, not yet checked.
#[derive(Debug, Clone)]
pub struct CanaryDefinition {
    /// How units are split.
    pub split: SplitDefinition,
    /// The canary's part of calls, 0 to 100.
    pub percent: f64,
}

impl CanaryDefinition {
    /// Checks the definition and builds its tables.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub(super) fn build(self, variants: &[Variant]) -> Result<Split, ModelError> {
        let percent = self.percent;
        if !(0.0..=100.0).contains(&percent) {
            return Err(ModelError::new("canary.percent", format!("{percent} is not between 0 and 100")));
        }
        for role in [VariantRole::Control, VariantRole::Canary] {
            let count = variants.iter().filter(|variant| variant.role == role).count();
            if count != 1 {
                let reason = format!("{count} variants are {}; a canary router has one", role.as_str());
                return Err(ModelError::new("variants", reason));
            }
        }
        Split::build(self.split, &shares(percent, variants), variants)
    }
}

/// Each variant's part of calls; where only one of the two takes part, it gets all.
fn shares(percent: f64, variants: &[Variant]) -> Vec<f64> {
    let is_alone = |role| variants.iter().all(|variant| variant.role == role || !variant.takes_calls());
    let share = |variant: &Variant| match variant.role {
        _ if !variant.takes_calls() => 0.0,
        VariantRole::Canary if is_alone(VariantRole::Canary) => 100.0,
        VariantRole::Control if is_alone(VariantRole::Control) => 100.0,
        VariantRole::Canary => percent,
        VariantRole::Control => 100.0 - percent,
        VariantRole::Candidate | VariantRole::Shadow => 0.0,
    };
    variants.iter().map(share).collect()
}
