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
/// Which slots move is decided by the first table of the new shares, in which each slot has a home: a variant
/// gives up only slots whose home is another's, those first whose home wants slots, and these go home. A first
/// table thus comes back slot for slot after one change there and back: each variant gave up slots or took
/// some, never both, so what it took is just what is not at home. Two variants that begin with a first table
/// only ever have first tables, so that going back is exact however long the way was. Three or more leave
/// them: after a longer way, going back leads towards the first table of those shares as far as the fewest
/// moves allow piece by piece, and not always to the table that was in force. Homes follow the order of the
/// variants: it must stay the same on the way.
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
    let mut table = Table { runs: Vec::with_capacity(runs.len() + shares.len()) };
    if runs.is_empty() {
        for (variant, &length) in (0_u8..=u8::MAX).zip(&targets) {
            table.push(variant, length);
        }
        return Ok(Reallocation { runs: table.runs, moved: 0 });
    }
    let mut counts = vec![0_u16; shares.len()];
    for &(variant, length) in runs {
        if let Some(count) = counts.get_mut(usize::from(variant)) {
            *count += length;
        }
    }
    let mut surplus: Vec<u16> =
        counts.iter().zip(&targets).map(|(have, want)| have.saturating_sub(*want)).collect();
    let mut deficits: Vec<u16> =
        counts.iter().zip(&targets).map(|(have, want)| want.saturating_sub(*have)).collect();

    let mut pieces = pieces_by_home(runs, &targets);
    for piece in &mut pieces {
        let Some(wanted) = deficits.get_mut(usize::from(piece.home)) else { continue };
        piece.sent_home = piece.release(piece.length.min(*wanted), &mut surplus);
        *wanted -= piece.sent_home;
    }
    // The surpluses and the slots of former variants add up to the deficits: every free slot finds a receiver.
    let mut wanting = (0_u8..=u8::MAX).zip(deficits).filter(|&(_, wanted)| wanted > 0).peekable();
    let mut moved = 0;
    for piece in pieces {
        let mut free = piece.release(piece.length - piece.sent_home, &mut surplus);
        let kept = piece.length - piece.sent_home - free;
        moved += piece.sent_home + free;
        table.push(piece.home, piece.sent_home);
        while free > 0
            && let Some((receiver, wanted)) = wanting.peek_mut()
        {
            let given = free.min(*wanted);
            table.push(*receiver, given);
            *wanted -= given;
            free -= given;
            if *wanted == 0 {
                wanting.next();
            }
        }
        if let Ok(owner) = u8::try_from(piece.owner) {
            table.push(owner, kept);
        }
    }
    Ok(Reallocation { runs: table.runs, moved })
}

/// Neighbouring slots of one variant that have the same home.
struct Piece {
    owner: u16,
    /// Whose they are in the first table of the new shares.
    home: u8,
    length: u16,
    sent_home: u16,
}

impl Piece {
    /// Takes up to `most` slots out of the owner's surplus; who went away gives them all.
    ///
    /// A surplus is never more than what its variant holds away from home, so what is at home stays.
    fn release(&self, most: u16, surplus: &mut [u16]) -> u16 {
        if self.owner == u16::from(self.home) {
            return 0;
        }
        let Some(left) = surplus.get_mut(usize::from(self.owner)) else { return most };
        let released = most.min(*left);
        *left -= released;
        released
    }
}

/// Cuts the runs where the first table of the same length changes its variant.
fn pieces_by_home(runs: &[(u16, u16)], targets: &[u16]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(runs.len() + targets.len());
    let mut homes =
        (0_u8..=u8::MAX).zip(targets.iter().copied()).filter(|&(_, length)| length > 0).peekable();
    for &(owner, mut left) in runs {
        while left > 0
            && let Some((home, room)) = homes.peek_mut()
        {
            let length = left.min(*room);
            pieces.push(Piece { owner, home: *home, length, sent_home: 0 });
            left -= length;
            *room -= length;
            if *room == 0 {
                homes.next();
            }
        }
    }
    pieces
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
