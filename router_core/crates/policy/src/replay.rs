//! Decisions made again from what was drawn for them.

use std::convert::Infallible;

use pointsman_model::{BanditTable, Router, Split};
use rand::TryRng;

use crate::{Decision, Request, decide, decide_bandit, split};

/// Decides once more with the 64 bits that were drawn then: the same arguments always give the same answer.
///
/// It goes the way of [`decide`], so that there is one code for what is served and what is checked.
#[must_use]
pub fn replay(router: &Router, request: &Request<'_>, draw: u64) -> Decision {
    decide(router, request, &mut Drawn(draw))
}

/// Decides once more by the shares that were in force then, as [`decide_bandit`] did.
#[must_use]
pub fn replay_bandit(table: &BanditTable, draw: u64) -> Decision {
    decide_bandit(table, &mut Drawn(draw))
}

/// Splits a call once more, as [`decide`] did where a split was what decided: of a rule, or of the calls that no rule takes.
#[must_use]
pub fn replay_split(split: &Split, request: &Request<'_>, draw: u64) -> Decision {
    split::decide(split, request, &mut Drawn(draw))
}

/// Gives out what was drawn. A decision draws once; were it to draw again, it would get the same.
struct Drawn(u64);

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0 as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for (byte, drawn) in bytes.iter_mut().zip(self.0.to_le_bytes().into_iter().cycle()) {
            *byte = drawn;
        }
        Ok(())
    }
}
