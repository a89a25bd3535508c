//! Shares in whole slots.

use std::cmp::Reverse;

use pointsman_model::SLOT_COUNT;

use crate::reallocate::ReallocationError;

/// Shares in whole slots by largest remainder; of equal remainders the first variant's wins.
pub(crate) fn target_counts(shares: &[f64]) -> Result<Vec<u16>, ReallocationError> {
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
