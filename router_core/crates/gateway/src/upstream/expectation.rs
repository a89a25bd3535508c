//! How many calls a peer takes on a connection, learned from those that it ended in order.

use std::cell::Cell;

/// Counts the calls of a connection, and knows how many the one before took.
///
/// A peer that ends a connection after so many calls refuses what was sent beyond them. Where few are taken and
/// many callers race for them, most of what is sent would be refused, so no more are given to the next
/// connection than were taken on the last.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    /// Calls that were given the connection.
    assigned: Cell<u64>,
    /// Calls that were sent on it, less those that it refused untouched.
    taken: Cell<u64>,
    /// Whether a call was sent on it.
    is_used: Cell<bool>,
    /// Whether it refused one untouched.
    has_refused: Cell<bool>,
    /// So many calls a connection is expected to take; none when it takes any number.
    most: Cell<Option<u64>>,
}

impl Expectation {
    /// A new connection begins.
    pub(super) fn begin(&self) {
        self.assigned.set(0);
        self.taken.set(0);
        self.is_used.set(false);
        self.has_refused.set(false);
    }

    /// A call was given the connection.
    pub(super) fn assign(&self) {
        self.assigned.set(self.assigned.get() + 1);
    }

    /// A call was sent.
    pub(super) fn mark_sent(&self) {
        self.taken.set(self.taken.get() + 1);
        self.is_used.set(true);
    }

    /// A call that was sent came back untouched.
    pub(super) fn mark_refused(&self) {
        self.taken.set(self.taken.get().saturating_sub(1));
        self.has_refused.set(true);
    }

    /// The connection was ended in order; says whether it took no call though one was sent, or none came.
    pub(super) fn learn(&self) -> Fruit {
        let taken = self.taken.get();
        if self.has_refused.get() {
            self.most.set(Some(taken.max(1)));
        } else if self.most.get().is_some_and(|most| taken > most) {
            self.most.set(None);
        }
        match (taken, self.is_used.get()) {
            (0, true) => Fruit::Refused,
            (0, false) => Fruit::Unused,
            _ => Fruit::Taken,
        }
    }

    /// Whether the connection has as many calls as it is expected to take.
    pub(super) fn is_reached(&self) -> bool {
        self.most.get().is_some_and(|most| self.assigned.get() >= most)
    }

    /// So many calls a connection is expected to take.
    pub(super) fn most(&self) -> Option<u64> {
        self.most.get()
    }

    /// Expects so many, or any number.
    pub(super) fn expect(&self, most: Option<u64>) {
        self.most.set(most);
    }
}

/// What came of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fruit {
    /// It took calls.
    Taken,
    /// It refused all.
    Refused,
    /// None was sent.
    Unused,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(expectation: &Expectation, sent: u64, refused: u64) -> Fruit {
        expectation.begin();
        (0..sent).for_each(|_| {
            expectation.assign();
            expectation.mark_sent();
        });
        (0..refused).for_each(|_| expectation.mark_refused());
        expectation.learn()
    }

    #[test]
    fn a_connection_is_given_as_many_calls_as_the_last_took_when_it_refused_others() {
        let expectation = Expectation::default();
        assert_eq!(connection(&expectation, 32, 31), Fruit::Taken);
        expectation.begin();
        assert!(!expectation.is_reached());
        expectation.assign();
        assert!(expectation.is_reached());
    }

    #[test]
    fn what_was_learned_holds_while_it_fits_and_goes_when_a_connection_takes_more() {
        let expectation = Expectation::default();
        connection(&expectation, 5, 3);
        connection(&expectation, 2, 0);
        assert_eq!(expectation.most(), Some(2));
        connection(&expectation, 3, 0);
        assert_eq!(expectation.most(), None);
    }

    #[test]
    fn nothing_is_expected_of_a_peer_that_refuses_nothing() {
        let expectation = Expectation::default();
        assert_eq!(connection(&expectation, 100, 0), Fruit::Taken);
        assert_eq!(expectation.most(), None);
    }

    #[test]
    fn a_connection_that_took_no_call_is_told_from_one_that_got_none() {
        let expectation = Expectation::default();
        assert_eq!(connection(&expectation, 0, 0), Fruit::Unused);
        assert_eq!(connection(&expectation, 2, 2), Fruit::Refused);
        assert_eq!(expectation.most(), Some(1), "one call at least finds out");
    }
}
