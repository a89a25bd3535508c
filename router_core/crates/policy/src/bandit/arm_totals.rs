//! What is known of one arm: its calls, and its rewards as sums that add up over replicas.

/// Less than this of a reward is left of old ones when all is forgotten.
const NOTHING: f64 = 1e-12;

/// Calls and rewards of one arm.
///
/// Absolute, not a difference: a later reading replaces an earlier one. All fields but `origin` add up, so totals of
/// replicas are merged, and a corrected reward is one taken out and another put in. Rewards keep their fractions.
///
/// The sums are taken about `origin`, a number near the rewards: sums about 0 of rewards near 10¹² would have no digits
/// left for their variance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ArmTotals {
    /// Calls that went to the arm, whether rewarded or not yet or never. They do not fade.
    pub pulls: u64,
    /// The same calls, each with what is left of its weight.
    pub weighted_pulls: f64,
    /// Rewards, each with what is left of its weight.
    pub count: f64,
    /// What the sums are about: the first reward.
    pub origin: f64,
    /// Σ weight · (reward − origin).
    pub sum: f64,
    /// Σ weight · (reward − origin)².
    pub sum_of_squares: f64,
}

impl ArmTotals {
    /// Totals of plain sums, Σ reward and Σ reward².
    #[must_use]
    pub const fn from_sums(pulls: u64, count: f64, sum: f64, sum_of_squares: f64) -> Self {
        Self { pulls, weighted_pulls: pulls as f64, count, origin: 0.0, sum, sum_of_squares }
    }

    /// Adds calls of one weight.
    pub fn add_pulls(&mut self, pulls: u64, weight: f64) {
        self.pulls += pulls;
        self.weighted_pulls += pulls as f64 * weight;
    }

    /// Adds a reward.
    pub fn add_reward(&mut self, reward: f64, weight: f64) {
        if self.count == 0.0 {
            self.origin = reward;
        }
        let distance = reward - self.origin;
        self.count += weight;
        self.sum += weight * distance;
        self.sum_of_squares += weight * distance * distance;
    }

    /// Puts a reward in the place of an earlier one of the same weight.
    pub fn correct_reward(&mut self, earlier: f64, reward: f64, weight: f64) {
        let (before, after) = (earlier - self.origin, reward - self.origin);
        self.sum += weight * (reward - earlier);
        self.sum_of_squares += weight * (after * after - before * before);
    }

    /// Both together.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        // The totals with fewer rewards are moved, so that the digits of most are left alone.
        let (most, fewest) = if other.count > self.count { (other, self) } else { (self, other) };
        let moved = fewest.about(most.origin);
        Self {
            pulls: self.pulls.saturating_add(other.pulls),
            weighted_pulls: self.weighted_pulls + other.weighted_pulls,
            count: self.count + other.count,
            origin: most.origin,
            sum: most.sum + moved.sum,
            sum_of_squares: most.sum_of_squares + moved.sum_of_squares,
        }
    }

    /// The same with all weights multiplied.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let count = self.count * factor;
        let factor_of_rewards = if count < NOTHING { 0.0 } else { factor };
        Self {
            weighted_pulls: self.weighted_pulls * factor,
            count: self.count * factor_of_rewards,
            sum: self.sum * factor_of_rewards,
            sum_of_squares: self.sum_of_squares * factor_of_rewards,
            ..self
        }
    }

    /// The mean reward less a number, exact where the rewards are near it; none before the first reward.
    #[must_use]
    pub fn mean_from(&self, number: f64) -> Option<f64> {
        (self.count > 0.0).then(|| (self.origin - number) + self.sum / self.count)
    }

    /// Σ weight · reward.
    #[must_use]
    pub fn reward_sum(&self) -> f64 {
        self.sum + self.count * self.origin
    }

    /// Σ weight · (reward − mean)².
    #[must_use]
    pub fn squared_deviations(&self) -> f64 {
        if self.count > 0.0 { (self.sum_of_squares - self.sum * self.sum / self.count).max(0.0) } else { 0.0 }
    }

    fn about(self, origin: f64) -> Self {
        let shift = self.origin - origin;
        if shift == 0.0 || self.count == 0.0 {
            return Self { origin, ..self };
        }
        Self {
            origin,
            sum: self.sum + self.count * shift,
            sum_of_squares: self.sum_of_squares + shift * (2.0 * self.sum + self.count * shift),
            ..self
        }
    }
}

/// The origin that means of several arms are told from: that of the arm with the most rewards.
pub(super) fn common_origin(arms: &[ArmTotals]) -> f64 {
    let most = arms.iter().max_by(|one, other| one.count.total_cmp(&other.count));
    most.filter(|arm| arm.count > 0.0).map_or(0.0, |arm| arm.origin)
}

/// The mean of all rewards less the origin; 0 without any.
pub(super) fn pooled_mean(arms: &[ArmTotals], origin: f64) -> f64 {
    let count: f64 = arms.iter().map(|arm| arm.count).sum();
    if count == 0.0 {
        return 0.0;
    }
    arms.iter().filter_map(|arm| Some(arm.mean_from(origin)? * (arm.count / count))).sum()
}
