//! The number of a rule among those of its router.

use std::num::NonZeroU16;

/// Where a rule stands among the rules as they are written, from 0: what decisions and records name it by.
///
/// An `Option` of it is one number, so that decisions which no rule made carry nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleIndex(NonZeroU16);

impl RuleIndex {
    /// The rule with so many before it.
    #[must_use]
    pub const fn new(index: u16) -> Self {
        Self(NonZeroU16::MIN.saturating_add(index))
    }

    /// How many rules stand before it.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get() - 1
    }
}
