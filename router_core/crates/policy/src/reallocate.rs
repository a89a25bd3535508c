//! New slot tables that move the fewest units.

use pointsman_model::SLOT_COUNT;
use thiserror::Error;

/// Why a table cannot be made.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ReallocationError {
    /// A share is no number or below zero.
    #[error("shares[{index}]: {share} is not a share; use 0 or more")]
    InvalidShare {
        /// Which.
        index: usize,
        /// Its value.
        share: f64,
    },
    /// There is nothing to share.
    #[error("shares: all are zero; at least one variant must have a share")]
    NoShare,
    /// There are more variants than a table can name.
    #[error("shares: {count} variants are more than 255")]
    TooManyVariants {
        /// How many.
        count: usize,
    },
    /// The old table is not one.
    #[error("slot_runs: they hold {slots} slots; a table holds 10000")]
    WrongLength {
        /// How many it holds.
        slots: u64,
    },
}

/// A new table and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reallocation {
    /// Variant index and length of each run.
    pub runs: Vec<(u8, u16)>,
    /// Slots that belong to another variant now; none for a first table.
    pub moved: u16,
}

/// Moves the fewest slots so that each variant holds its share of them.
///
/// Only variants that hold too many slots give some up, and only as many as they must: what moves is half
/// the L1 distance between the two tables. A variant with any share holds at least one slot.
///
/// # Errors
/// The shares make no distribution, or the old runs no table.
pub fn reallocate_slots(runs: &[(u16, u16)], shares: &[f64]) -> Result<Reallocation, ReallocationError> {
    if shares.len() > usize::from(u8::MAX) {
        return Err(ReallocationError::TooManyVariants { count: shares.len() });
    }
    let held: u64 = runs.iter().map(|&(_, length)| u64::from(length)).sum();
    if !runs.is_empty() && held != u64::from(SLOT_COUNT) {
        return Err(ReallocationError::WrongLength { slots: held });
    }
    // The slots that each variant holds now; those of variants that went away are free.
    let mut owners: Vec<Option<u8>> = Vec::with_capacity(usize::from(SLOT_COUNT));
    for &(variant, length) in runs {
        let owner = (usize::from(variant) < shares.len()).then_some(variant as u8);
        owners.resize(owners.len() + usize::from(length), owner);
    }
    let is_first = owners.is_empty();
    owners.resize(usize::from(SLOT_COUNT), None);
    let mut counts = vec![0_u16; shares.len()];
    for owner in owners.iter().flatten() {
        counts[usize::from(*owner)] += 1;
    }

    let targets = target_counts(shares, &counts)?;
    let mut surplus: Vec<u16> =
        counts.iter().zip(&targets).map(|(have, want)| have.saturating_sub(*want)).collect();
    for owner in owners.iter_mut().rev() {
        if let Some(variant) = *owner
            && surplus[usize::from(variant)] > 0
        {
            surplus[usize::from(variant)] -= 1;
            *owner = None;
        }
    }
    let moved = owners.iter().filter(|owner| owner.is_none()).count() as u16;
    let deficits = counts.iter().zip(&targets).enumerate();
    let mut receivers = deficits.flat_map(|(variant, (have, want))| {
        std::iter::repeat_n(variant as u8, usize::from(want.saturating_sub(*have)))
    });
    let mut runs: Vec<(u8, u16)> = Vec::new();
    for owner in owners {
        let Some(variant) = owner.or_else(|| receivers.next()) else { continue };
        match runs.last_mut() {
            Some((last, length)) if *last == variant => *length += 1,
            _ => runs.push((variant, 1)),
        }
    }
    Ok(Reallocation { runs, moved: if is_first { 0 } else { moved } })
}

/// Shares in whole slots by largest remainder; of equal remainders the variant that loses most otherwise wins.
fn target_counts(shares: &[f64], counts: &[u16]) -> Result<Vec<u16>, ReallocationError> {
    for (index, &share) in shares.iter().enumerate() {
        if !share.is_finite() || share < 0.0 {
            return Err(ReallocationError::InvalidShare { index, share });
        }
    }
    let largest = shares.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return Err(ReallocationError::NoShare);
    }
    let sum: f64 = shares.iter().map(|share| share / largest).sum();
    let exact: Vec<f64> = shares.iter().map(|share| share / largest / sum * f64::from(SLOT_COUNT)).collect();
    let mut targets: Vec<u16> =
        exact.iter().map(|&slots| if slots > 0.0 { (slots as u16).max(1) } else { 0 }).collect();
    let mut order: Vec<usize> = (0..shares.len()).filter(|&index| shares[index] > 0.0).collect();
    order.sort_by(|&a, &b| {
        let rest = |index: usize| exact[index] - f64::from(targets[index]);
        let kept = |index: usize| i32::from(counts[index]) - i32::from(targets[index]);
        rest(b).total_cmp(&rest(a)).then_with(|| kept(b).cmp(&kept(a)))
    });
    let mut given: i32 = targets.iter().map(|&target| i32::from(target)).sum();
    let whole = i32::from(SLOT_COUNT);
    for &index in order.iter().cycle().take(order.len() * 2) {
        if given < whole {
            targets[index] += 1;
            given += 1;
        }
    }
    // The floor of one slot for tiny shares may have given too many: the largest give them back.
    while given > whole {
        let Some(richest) = targets.iter_mut().max() else { break };
        *richest -= 1;
        given -= 1;
    }
    Ok(targets)
}
