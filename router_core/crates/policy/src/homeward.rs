//! Which moves bring the most slots home: a greatest flow from variants with a surplus to those with a deficit.

use std::collections::VecDeque;

/// Slots that could go home, and those that are sent there.
///
/// Givers stand in rows: the variants, and after them all that went away as one. Receivers stand in columns.
pub(crate) struct Homeward {
    receivers: usize,
    /// What each giver may still give, and each receiver still take.
    surplus: Vec<u16>,
    deficits: Vec<u16>,
    /// By giver and receiver: slots of the one whose home is the other's, and how many of them are sent.
    slots: Vec<u16>,
    sent: Vec<u16>,
}

impl Homeward {
    pub(crate) fn new(surplus: Vec<u16>, deficits: Vec<u16>) -> Self {
        let pairs = surplus.len() * deficits.len();
        Self { receivers: deficits.len(), surplus, deficits, slots: vec![0; pairs], sent: vec![0; pairs] }
    }

    /// Notes slots of a giver whose home is a receiver's.
    pub(crate) fn add_slots(&mut self, giver: usize, receiver: usize, length: u16) {
        if giver != receiver && self.surplus[giver] > 0 && self.deficits[receiver] > 0 {
            self.slots[giver * self.receivers + receiver] += length;
        }
    }

    /// Chooses how many slots go home between each two, so that no choice sends more of them.
    pub(crate) fn send_the_most(&mut self) {
        for giver in 0..self.surplus.len() {
            for receiver in 0..self.receivers {
                let pair = giver * self.receivers + receiver;
                let most = self.slots[pair].min(self.surplus[giver]).min(self.deficits[receiver]);
                self.sent[pair] = most;
                self.surplus[giver] -= most;
                self.deficits[receiver] -= most;
            }
        }
        while let Some(path) = self.find_path() {
            self.send_along(&path);
        }
    }

    /// What each giver must give and each receiver take beside what goes home.
    pub(crate) fn left(&self) -> (Vec<u16>, Vec<u16>) {
        (self.surplus.clone(), self.deficits.clone())
    }

    /// Answers how many of these slots go home; those are not answered again.
    pub(crate) fn take(&mut self, giver: usize, receiver: usize, length: u16) -> u16 {
        let sent = &mut self.sent[giver * self.receivers + receiver];
        let taken = length.min(*sent);
        *sent -= taken;
        taken
    }

    /// Finds givers and receivers in turn, from one that can give to one that can take: each giver has slots for
    /// the receiver after it, each receiver can give back what it has from the giver after it.
    fn find_path(&self) -> Option<Vec<usize>> {
        let mut giver_of: Vec<Option<usize>> = vec![None; self.receivers];
        let mut receiver_of: Vec<Option<usize>> = vec![None; self.surplus.len()];
        let mut reached: Vec<bool> = self.surplus.iter().map(|&left| left > 0).collect();
        let mut next: VecDeque<usize> = (0..reached.len()).filter(|&giver| reached[giver]).collect();
        while let Some(giver) = next.pop_front() {
            for receiver in 0..self.receivers {
                let pair = giver * self.receivers + receiver;
                if giver_of[receiver].is_some() || self.sent[pair] == self.slots[pair] {
                    continue;
                }
                giver_of[receiver] = Some(giver);
                if self.deficits[receiver] > 0 {
                    return Some(path_to(receiver, &giver_of, &receiver_of));
                }
                for other in 0..reached.len() {
                    if !reached[other] && self.sent[other * self.receivers + receiver] > 0 {
                        reached[other] = true;
                        receiver_of[other] = Some(receiver);
                        next.push_back(other);
                    }
                }
            }
        }
        None
    }

    /// Sends as many slots along a path as its narrowest place lets through.
    fn send_along(&mut self, path: &[usize]) {
        let (Some(&first), Some(&last)) = (path.first(), path.last()) else { return };
        // Every other step goes against slots that are sent already.
        let pairs: Vec<(bool, usize)> = path
            .windows(2)
            .enumerate()
            .map(|(step, ends)| match step % 2 {
                0 => (true, ends[0] * self.receivers + ends[1]),
                _ => (false, ends[1] * self.receivers + ends[0]),
            })
            .collect();
        let widths = pairs.iter().map(|&(forth, pair)| match forth {
            true => self.slots[pair] - self.sent[pair],
            false => self.sent[pair],
        });
        let width = widths.fold(self.surplus[first].min(self.deficits[last]), u16::min);
        for (forth, pair) in pairs {
            if forth {
                self.sent[pair] += width;
            } else {
                self.sent[pair] -= width;
            }
        }
        self.surplus[first] -= width;
        self.deficits[last] -= width;
    }
}

/// Giver, receiver, giver … up to a receiver.
fn path_to(last: usize, giver_of: &[Option<usize>], receiver_of: &[Option<usize>]) -> Vec<usize> {
    let mut path = vec![last];
    let mut receiver = Some(last);
    while let Some(giver) = receiver.and_then(|receiver| giver_of[receiver]) {
        path.push(giver);
        receiver = receiver_of[giver];
        path.extend(receiver);
    }
    path.reverse();
    path
}
