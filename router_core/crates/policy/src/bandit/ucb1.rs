//! UCB1 (Auer, Cesa-Bianchi and Fischer 2002): the greatest mean plus an allowance for doubt.

use std::f64::consts::E;

/// Newton's method comes from one side and doubles its digits; it needs about ten steps.
const MOST_STEPS: usize = 100;

/// The index of an arm: mean + alpha · √(2 ln N / n), with n of N calls having gone to it.
#[must_use]
pub fn ucb1_index(mean: f64, pulls: f64, all_pulls: f64, alpha: f64) -> f64 {
    mean + alpha * (2.0 * all_pulls.ln() / pulls).sqrt()
}

/// The shares that the index gives over the next calls, when it is asked anew for each of them.
///
/// Calls that have gone to an arm count whether or not their rewards are there: each of them lowers the arm's index, so
/// the next calls raise the indices' common level `mean + alpha · √(2 ln N / n)` from above down to one at which
/// they are used up. That level is found, and with it the calls of each arm. An index that counted rewards only would
/// send a whole interval to one arm.
///
/// `scores` are the means, so turned that the greatest is the best; `pulls` are the calls of each arm so far.
pub(super) fn shares(alpha: f64, scores: &[f64], pulls: &[f64], next_pulls: f64) -> Vec<f64> {
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all_pulls = (pulls.iter().sum::<f64>() + next_pulls).max(E);
    let doubt = 2.0 * alpha * alpha * all_pulls.ln();
    // Distances from the best, for a level near means of 10¹² would have no digits left.
    let level = level_above(best, doubt, scores, pulls, next_pulls);
    let mut shares: Vec<f64> = if level > 0.0 {
        let arms = scores.iter().zip(pulls);
        arms.map(|(score, &pulls)| wanted(doubt, level + (best - score), pulls)).collect()
    } else {
        // No doubt: the best share everything.
        scores.iter().map(|&score| f64::from(u8::from(score == best))).collect()
    };
    let sum: f64 = shares.iter().sum();
    for share in &mut shares {
        *share /= sum;
    }
    shares
}

/// The calls that bring an arm's index down to a level so far above its mean.
fn wanted(doubt: f64, distance: f64, pulls: f64) -> f64 {
    (doubt / (distance * distance) - pulls).max(0.0)
}

/// The level, above the best mean, at which the next calls are used up.
///
/// The calls wanted fall with the level, convexly, so Newton's method started where one arm alone wants all of them
/// nears the level from below and never passes it.
fn level_above(best: f64, doubt: f64, scores: &[f64], pulls: &[f64], next_pulls: f64) -> f64 {
    let alone = |(score, pulls): (&f64, &f64)| (doubt / (pulls + next_pulls)).sqrt() - (best - score);
    let mut level = scores.iter().zip(pulls).map(alone).fold(0.0, f64::max);
    for _ in 0..MOST_STEPS {
        let (mut sum, mut slope) = (-next_pulls, 0.0);
        for (score, &pulls) in scores.iter().zip(pulls) {
            let distance = level + (best - score);
            let wanted = wanted(doubt, distance, pulls);
            if wanted > 0.0 {
                sum += wanted;
                slope += 2.0 * doubt / distance.powi(3);
            }
        }
        if sum <= 1e-9 * next_pulls || slope == 0.0 || !slope.is_finite() {
            break;
        }
        level += sum / slope;
    }
    level
}
