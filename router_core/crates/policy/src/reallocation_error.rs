//! Why a slot table cannot be made.

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
    /// A table is not one.
    #[error("slot_runs: they hold {slots} slots; a table holds 10000")]
    WrongLength {
        /// How many it holds.
        slots: u64,
    },
}
