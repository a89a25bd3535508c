//! Joins the pieces of a message as they arrive, and counts the memory that they take.

use std::sync::Arc;

use bytes::Bytes;

use crate::messages::{
    budget::{ByteBudget, Reservation},
    message::second_message,
    status::CallError,
};

/// The room that is made at first: most messages that come in pieces fit.
const FIRST_ROOM: usize = 4 << 10;

/// A message of which a part is here.
///
/// Its memory grows with what arrived, at most twofold, and never beyond what its prefix announces: who
/// announces much and sends little holds little. The budget is asked when the memory grows, not at each piece.
pub(crate) struct Gathering {
    bytes: Vec<u8>,
    length: usize,
    reservation: Reservation,
}

impl Gathering {
    /// A message of so many bytes, of which these are here; what is held for them already is taken over.
    pub(crate) fn begin(
        first: &[u8],
        length: usize,
        held: Option<Reservation>,
        budget: &Arc<ByteBudget>,
    ) -> Result<Self, CallError> {
        let reservation = held.map_or_else(|| budget.reserve(0), Ok)?;
        let mut begun = Self { bytes: Vec::new(), length, reservation };
        begun.push(first)?;
        Ok(begun)
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED: the budget has no room. INVALID_ARGUMENT: more came than was announced.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), CallError> {
        let needed = self.bytes.len() + piece.len();
        if needed > self.length {
            return Err(second_message());
        }
        if needed > self.bytes.capacity() {
            let room = needed.max(self.bytes.capacity() * 2).max(FIRST_ROOM).min(self.length);
            self.reservation.grow_to(room)?;
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// Whether more is to come.
    pub(crate) fn is_short(&self) -> bool {
        self.bytes.len() < self.length
    }

    /// What came, and what is held for it.
    pub(crate) fn finish(self) -> (Bytes, Reservation) {
        (self.bytes.into(), self.reservation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_follows_what_arrives_and_not_what_is_announced() {
        let budget = ByteBudget::new(16 << 20);
        let length = 10_000_000;
        let mut gathering = Gathering::begin(b"start", length, None, &budget).unwrap();
        assert_eq!(budget.held(), FIRST_ROOM);
        let piece = [7; 16 << 10];
        while gathering.bytes.len() + piece.len() <= length {
            gathering.push(&piece).unwrap();
            assert!(gathering.bytes.capacity() <= budget.held());
            assert!(budget.held() <= (gathering.bytes.len() * 2).max(FIRST_ROOM));
        }
        gathering.push(&vec![7; length - gathering.bytes.len()]).unwrap();
        assert_eq!(budget.held(), length);
        assert!(gathering.push(b"x").is_err());
        let (bytes, reservation) = gathering.finish();
        assert_eq!((bytes.len(), &bytes[..6]), (length, &b"start\x07"[..]));
        drop(reservation);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_full_budget_refuses_the_next_piece() {
        let budget = ByteBudget::new(10_000);
        let mut gathering = Gathering::begin(&[1; 100], 1 << 20, None, &budget).unwrap();
        assert!(gathering.push(&[1; 9_000]).is_ok());
        assert!(gathering.push(&[1; 2_000]).is_err());
    }
}
