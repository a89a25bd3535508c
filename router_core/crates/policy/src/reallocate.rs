//! New slot tables that move the fewest units.

use std::cmp::Reverse;

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
/// the L1 distance between the two tables. A variant with any share holds at least one slot. How many slots
/// each variant holds depends on the shares alone, so that going back gives the former counts back, and the
/// same shares on another scale move nothing.
///
/// Runs of a variant beyond the shares belong to one that went away; all their slots move. No runs at all
/// ask for a first table.
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
    let targets = target_counts(shares)?;
    let mut counts = vec![0_u16; shares.len()];
    for &(variant, length) in runs {
        if let Some(count) = counts.get_mut(usize::from(variant)) {
            *count += length;
        }
    }
    let mut surplus: Vec<u16> =
        counts.iter().zip(&targets).map(|(have, want)| have.saturating_sub(*want)).collect();
    // From the last run to the first: what each keeps, and before that what it gives up.
    let mut pieces: Vec<(Option<u8>, u16)> = Vec::with_capacity(runs.len() * 2);
    for &(variant, length) in runs.iter().rev() {
        let released = match surplus.get_mut(usize::from(variant)) {
            Some(left) => {
                let released = length.min(*left);
                *left -= released;
                released
            }
            None => length,
        };
        pieces.push((None, released));
        pieces.push((u8::try_from(variant).ok(), length - released));
    }
    let is_first = runs.is_empty();
    if is_first {
        pieces.push((None, SLOT_COUNT));
    }

    // The surpluses and the slots of former variants add up to the deficits: every free slot finds a receiver.
    let mut deficits: Vec<(u8, u16)> = (0_u8..=u8::MAX)
        .zip(counts.iter().zip(&targets).map(|(have, want)| want.saturating_sub(*have)))
        .filter(|&(_, wanted)| wanted > 0)
        .collect();
    deficits.reverse();
    let mut moved = 0;
    let mut table = Table { runs: Vec::with_capacity(runs.len() + shares.len()) };
    for (owner, mut length) in pieces.into_iter().rev() {
        if let Some(variant) = owner {
            table.push(variant, length);
            continue;
        }
        moved += length;
        while length > 0
            && let Some((receiver, wanted)) = deficits.last_mut()
        {
            let given = length.min(*wanted);
            table.push(*receiver, given);
            *wanted -= given;
            length -= given;
            if *wanted == 0 {
                deficits.pop();
            }
        }
    }
    Ok(Reallocation { runs: table.runs, moved: if is_first { 0 } else { moved } })
}

/// Runs in the making: neighbours of the same variant become one.
struct Table {
    runs: Vec<(u8, u16)>,
}

impl Table {
    fn push(&mut self, variant: u8, length: u16) {
        match self.runs.last_mut() {
            _ if length == 0 => {}
            Some((last, total)) if *last == variant => *total += length,
            _ => self.runs.push((variant, length)),
        }
    }
}

/// Shares in whole slots by largest remainder; of equal remainders the first variant's wins.
fn target_counts(shares: &[f64]) -> Result<Vec<u16>, ReallocationError> {
    /// Remainders are compared in millionths of a slot: rounding of the shares must not break a tie.
    const PARTS: u64 = 1_000_000;
    for (index, &share) in shares.iter().enumerate() {
        if !share.is_finite() || share < 0.0 {
            return Err(ReallocationError::InvalidShare { index, share });
        }
    }
    let largest = shares.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return Err(ReallocationError::NoShare);
    }
    // Dividing by the largest first keeps huge shares from adding up to infinity.
    let sum: f64 = shares.iter().map(|share| share / largest).sum();
    let whole = u64::from(SLOT_COUNT) * PARTS;
    let exact: Vec<u64> =
        shares.iter().map(|share| (share / largest / sum * whole as f64).round() as u64).collect();
    let floor = |index: usize| exact[index] / PARTS;
    let mut targets: Vec<u16> = (0..shares.len())
        .map(|index| if shares[index] > 0.0 { floor(index).max(1) as u16 } else { 0 })
        .collect();
    // A share below one slot has its slot already, and no remainder.
    let mut order: Vec<usize> = (0..shares.len()).filter(|&index| floor(index) > 0).collect();
    order.sort_by_key(|&index| Reverse(exact[index] % PARTS));
    let given: u16 = targets.iter().sum();
    for &index in order.iter().cycle().take(usize::from(SLOT_COUNT.saturating_sub(given))) {
        targets[index] += 1;
    }
    // The slot that every tiny share gets may be one too many: the largest give them back.
    for _ in SLOT_COUNT..given {
        if let Some(richest) = targets.iter_mut().max() {
            *richest -= 1;
        }
    }
    Ok(targets)
}
