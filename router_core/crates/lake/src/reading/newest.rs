//! The newest of many entries, in bounded memory.

/// Keeps the newest entries, and those that are as old as the oldest of them.
#[derive(Debug)]
pub(crate) struct Newest {
    most: usize,
    /// Entries with their time and the segment that they are of.
    kept: Vec<(i64, usize, Vec<u8>)>,
    /// What is older is not among the newest.
    oldest: Option<i64>,
}

impl Newest {
    /// Keeps so many, one at least.
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), kept: Vec::new(), oldest: None }
    }

    /// Offers an entry.
    pub(crate) fn push(&mut self, time_us: i64, segment: usize, payload: &[u8]) {
        if self.oldest.is_some_and(|oldest| time_us < oldest) {
            return;
        }
        self.kept.push((time_us, segment, payload.to_vec()));
        // Rarely, so that an entry costs little.
        if self.kept.len() >= self.most.saturating_mul(2).saturating_add(64) {
            self.prune();
        }
    }

    /// The time of the oldest entry that is among the newest, once there are enough.
    pub(crate) fn oldest_kept(&mut self) -> Option<i64> {
        self.prune();
        self.oldest
    }

    /// The entries with their segments, in the order in which they were offered.
    pub(crate) fn into_payloads(mut self) -> impl Iterator<Item = (usize, Vec<u8>)> {
        self.prune();
        self.kept.into_iter().map(|(_, segment, payload)| (segment, payload))
    }

    fn prune(&mut self) {
        if self.kept.len() < self.most {
            return;
        }
        let mut times: Vec<i64> = self.kept.iter().map(|entry| entry.0).collect();
        let (_, &mut oldest, _) = times.select_nth_unstable_by(self.most - 1, |one, other| other.cmp(one));
        self.kept.retain(|entry| entry.0 >= oldest);
        self.oldest = Some(oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_with_all_of_the_last_ones_time() {
        let mut newest = Newest::new(3);
        for (index, time) in [5, 9, 1, 7, 7, 7, 2, 8].into_iter().enumerate() {
            newest.push(time, index, &[]);
        }
        assert_eq!(newest.oldest_kept(), Some(7));
        let kept: Vec<usize> = newest.into_payloads().map(|(index, _)| index).collect();
        assert_eq!(kept, [1, 3, 4, 5, 7]);
    }

    #[test]
    fn fewer_than_asked_for_are_all_kept() {
        let mut newest = Newest::new(10);
        newest.push(1, 0, b"a");
        assert_eq!(newest.oldest_kept(), None);
        assert_eq!(newest.into_payloads().count(), 1);
    }
}
