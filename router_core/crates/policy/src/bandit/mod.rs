//! Bandits: shares that follow from rewards.
//!
//! [`allocate`] turns totals into shares, off the hot path; [`decide_bandit`] draws by them, [`decide_by_slot`] goes by
//! slots where entities keep their variants, and [`decide_by_bandit`] by what a call brings. [`BanditLearner`] holds the
//! totals between the two. Each algorithm is a module: `thompson`, `ucb1`, `epsilon_greedy`.

mod allocation;
mod arm_totals;
mod assessment;
mod best_arm;
mod curve;
mod decide;
mod epsilon_greedy;
mod interval;
mod learner;
mod pace;
mod posterior;
mod replica_totals;
mod rule;
mod sticky;
mod thompson;
mod ucb1;

pub use allocation::{Allocation, allocate, follows_calls};
pub use arm_totals::ArmTotals;
pub use assessment::{ArmAssessment, Assessment, INTERVAL_PROBABILITY};
pub use best_arm::Scratch;
pub use decide::decide_bandit;
pub use learner::{BanditLearner, Merged, Reward};
pub use pace::Pace;
pub use replica_totals::ReplicaTotals;
pub use sticky::{decide_by_bandit, decide_by_slot};
pub use ucb1::ucb1_index;
