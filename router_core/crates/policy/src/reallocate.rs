//! New slot tables that move the fewest units.

use pointsman_model::SLOT_COUNT;
use thiserror::Error;

use crate::{homeward::Homeward, slot_counts::target_counts};

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
    /// A table is not one.
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
/// Which slots move is decided by the table that they shall come near: the first of `former` in which each
/// variant holds what it shall hold now, and otherwise the first table of the new shares, in which the
/// variants follow each other. In it each slot has a home. A variant gives up only slots whose home is
/// another's, and of all ways to move the fewest one is taken that brings the most of them home. So going back
/// to shares that were in force, with their table in `former`, gives back as much of that table as the fewest
/// moves allow; all of it after one change there and back, for each variant then gave up slots or took some,
/// never both. None of this depends on the order in which variants are listed.
///
/// Runs of a variant beyond the shares belong to one that went away; all their slots move, and a former table
/// that names it is no home. No runs at all ask for a first table.
///
/// # Errors
/// The shares make no distribution, or runs no table.
pub fn reallocate_slots(
    runs: &[(u16, u16)],
    shares: &[f64],
    former: &[Vec<(u16, u16)>],
) -> Result<Reallocation, ReallocationError> {
    if shares.len() > usize::from(u8::MAX) {
        return Err(ReallocationError::TooManyVariants { count: shares.len() });
    }
    let targets = target_counts(shares)?;
    if runs.is_empty() {
        let mut table = Table::default();
        for (variant, &length) in (0_u8..=u8::MAX).zip(&targets) {
            table.push(variant, length);
        }
        return Ok(Reallocation { runs: table.runs, moved: 0 });
    }
    let Held { counts, gone } = Held::by(runs, shares.len())?;
    let mut homes = None;
    for table in former {
        let held = Held::by(table, shares.len())?;
        if homes.is_none() && held.gone == 0 && held.counts == targets {
            homes = Some(table.as_slice());
        }
    }
    let first: Vec<(u16, u16)>;
    let homes = if let Some(homes) = homes {
        homes
    } else {
        first = (0_u16..).zip(targets.iter().copied()).collect();
        &first
    };
    let pieces = pieces_by_home(runs, homes);

    let mut surplus: Vec<u16> =
        counts.iter().zip(&targets).map(|(have, want)| have.saturating_sub(*want)).collect();
    surplus.push(gone);
    let deficits: Vec<u16> =
        counts.iter().zip(&targets).map(|(have, want)| want.saturating_sub(*have)).collect();
    let mut homeward = Homeward::new(surplus, deficits);
    for piece in &pieces {
        homeward.add_slots(piece.giver(shares.len()), piece.home.into(), piece.length);
    }
    homeward.send_the_most();
    let (mut surplus, deficits) = homeward.left();

    // The surpluses and the slots of former variants add up to the deficits: every free slot finds a receiver.
    let mut wanting = (0_u8..=u8::MAX).zip(deficits).filter(|&(_, wanted)| wanted > 0).peekable();
    let mut table = Table { runs: Vec::with_capacity(runs.len() + shares.len()) };
    let mut moved = 0;
    for piece in pieces {
        let giver = piece.giver(shares.len());
        let sent_home = homeward.take(giver, piece.home.into(), piece.length);
        // A surplus is never more than what its variant holds away from home, so what is at home stays.
        let mut free = 0;
        if piece.owner != piece.home
            && let Some(left) = surplus.get_mut(giver)
        {
            free = (piece.length - sent_home).min(*left);
            *left -= free;
        }
        let kept = piece.length - sent_home - free;
        moved += sent_home + free;
        if let Ok(home) = u8::try_from(piece.home) {
            table.push(home, sent_home);
        }
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

/// How many slots each variant holds.
struct Held {
    counts: Vec<u16>,
    /// Slots of variants that went away.
    gone: u16,
}

impl Held {
    fn by(runs: &[(u16, u16)], variants: usize) -> Result<Self, ReallocationError> {
        let slots: u64 = runs.iter().map(|&(_, length)| u64::from(length)).sum();
        if slots != u64::from(SLOT_COUNT) {
            return Err(ReallocationError::WrongLength { slots });
        }
        let mut held = Self { counts: vec![0; variants], gone: 0 };
        for &(variant, length) in runs {
            *held.counts.get_mut(usize::from(variant)).unwrap_or(&mut held.gone) += length;
        }
        Ok(held)
    }
}

/// Neighbouring slots of one variant that have the same home.
struct Piece {
    owner: u16,
    home: u16,
    length: u16,
}

impl Piece {
    /// The owner's place among those who give; who went away gives from the last.
    fn giver(&self, variants: usize) -> usize {
        usize::from(self.owner).min(variants)
    }
}

/// Cuts the runs where the homes change.
fn pieces_by_home(runs: &[(u16, u16)], homes: &[(u16, u16)]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(runs.len() + homes.len());
    let mut homes = homes.iter().copied().filter(|&(_, length)| length > 0).peekable();
    for &(owner, mut left) in runs {
        while left > 0
            && let Some((home, room)) = homes.peek_mut()
        {
            let length = left.min(*room);
            pieces.push(Piece { owner, home: *home, length });
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
#[derive(Default)]
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
