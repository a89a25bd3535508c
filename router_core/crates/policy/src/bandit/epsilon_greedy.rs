//! Epsilon-greedy: the best mean, but for a part of calls that any arm gets.

/// Means nearer than this part of the largest are one: sums of the same rewards in another order differ by so much.
const SAME: f64 = 1e-12;

/// `epsilon` split evenly over all arms, the rest over those with the best mean; arms without a reward are not among
/// those unless none has any.
///
/// `scores` are the means, so turned that the greatest is the best; none before the first reward.
pub(super) fn shares(epsilon: f64, scores: &[Option<f64>]) -> Vec<f64> {
    let known = || scores.iter().flatten().copied();
    let best = known().fold(f64::NEG_INFINITY, f64::max);
    let least = best - SAME * known().map(f64::abs).fold(0.0, f64::max);
    let is_best = |score: &Option<f64>| score.map_or(best == f64::NEG_INFINITY, |score| score >= least);
    let best_count = scores.iter().filter(|score| is_best(score)).count();
    let even = epsilon / scores.len() as f64;
    let greedy = (1.0 - epsilon) / best_count as f64;
    scores.iter().map(|score| if is_best(score) { even + greedy } else { even }).collect()
}
