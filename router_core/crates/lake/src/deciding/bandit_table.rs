//! The table that a bandit drew from, built again from a record: such tables are kept nowhere else.
//!
//! A record lists the exact probabilities of all that could have been picked, and the revision says how much was
//! explored. Both together are the table that was drawn from, to the last bit.

use arrow_array::{Array as _, ListArray, cast::AsArray as _, types::Float64Type};
use pointsman_model::{BanditPolicy, BanditTable, Router};
use pointsman_wire::generated::pointsman_v1 as proto;

use super::judge::Recorded;

/// The variants that a record says could have been picked, with their probabilities.
#[derive(Debug, Clone, Copy)]
pub(super) enum Eligible<'a> {
    /// In a message.
    Listed(&'a [proto::EligibleVariant]),
    /// In a row of the lake's columns.
    Row { variants: &'a ListArray, propensities: &'a ListArray, at: usize },
    /// It was not read.
    Unread,
}

impl Eligible<'_> {
    /// Hands out each with its probability; none where the lists cannot be read.
    fn each(&self, mut take: impl FnMut(&str, f64) -> Option<()>) -> Option<()> {
        match self {
            Self::Listed(listed) => listed.iter().try_for_each(|one| take(&one.variant, one.propensity)),
            Self::Row { variants, propensities, at } => {
                let (names, shares) = (variants.value(*at), propensities.value(*at));
                let names = names.as_string_opt::<i32>()?;
                let shares = shares.as_primitive_opt::<Float64Type>()?;
                if names.len() != shares.len() {
                    return None;
                }
                (0..names.len()).try_for_each(|index| take(names.value(index), shares.value(index)))
            }
            Self::Unread => None,
        }
    }
}

/// The table that a record was drawn from; none where the record does not say it, or what it says is no table of the
/// router's arms.
pub(super) fn table_of(
    router: &Router,
    bandit: &BanditPolicy,
    recorded: &Recorded<'_>,
) -> Option<BanditTable> {
    let mut shares = vec![0.0; router.variants.len()];
    recorded.eligible.each(|name, propensity| {
        let index = router.variants.iter().position(|variant| variant.name.as_str() == name)?;
        let is_arm = u8::try_from(index).is_ok_and(|index| bandit.arms.contains(&index));
        let share = shares.get_mut(index).filter(|share| **share == 0.0 && (is_arm || propensity == 0.0))?;
        *share = propensity;
        Some(())
    })?;
    BanditTable::from_probabilities(&shares, bandit.settings.uniform_slice()).ok()
}
