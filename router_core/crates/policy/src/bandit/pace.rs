//! How many calls come between two updates.

/// Looks ahead by looking back: as many calls are expected before the next update as came between the last two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pulls_before: u64,
    expected_pulls: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { pulls_before: 0, expected_pulls: 1.0 }
    }
}

impl Pace {
    /// The calls to expect by an update that knows of so many. An update without new calls leaves it as it was.
    pub fn expect(&mut self, pulls: u64) -> f64 {
        let new_pulls = pulls.saturating_sub(self.pulls_before);
        if new_pulls > 0 {
            self.expected_pulls = new_pulls as f64;
        }
        self.expected_pulls
    }

    /// The calls to expect, by the updates so far.
    #[must_use]
    pub const fn expected(&self) -> f64 {
        self.expected_pulls
    }

    /// The update is done.
    pub const fn updated(&mut self, pulls: u64) {
        self.pulls_before = pulls;
    }
}
