//! Rates that stay: two, five and ten arms.

use crate::simulation::{EPSILON_GREEDY, Problem, THOMPSON, UCB1, assert_reaches};

const TWO: &[f64] = &[0.5, 0.6];
const FIVE: &[f64] = &[0.5, 0.45, 0.45, 0.45, 0.45];
const TEN: &[f64] = &[0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4];

fn two_and_ten(runs: u64, update_every: usize) {
    for (name, algorithm, every, two, ten) in [
        ("thompson", THOMPSON, update_every, (19.9, 0.9), (168.0, 3.0)),
        ("ucb1", UCB1, 1, (87.5, 1.4), (595.0, 3.0)),
        ("epsilon greedy", EPSILON_GREEDY, 1, (63.4, 2.3), (199.0, 11.0)),
    ] {
        let problem = |rates| Problem::new(algorithm, rates, 10_000).updated_every(every);
        assert_reaches(&format!("{name}, two arms"), problem(TWO).mean_regret(runs), two);
        assert_reaches(&format!("{name}, ten arms"), problem(TEN).mean_regret(runs), ten);
    }
}

#[test]
fn two_and_ten_arms_cost_no_more_than_sampling_for_each_call() {
    two_and_ten(24, 10);
}

#[test]
#[ignore = "200 runs; `make torture` runs them"]
fn over_many_runs_two_and_ten_arms_cost_no_more_than_sampling_for_each_call() {
    two_and_ten(200, 1);
}

#[test]
#[ignore = "200 runs; `make torture` runs them"]
fn over_many_runs_five_close_arms_cost_no_more_than_sampling_for_each_call() {
    for (name, algorithm, every, five) in [
        ("thompson", THOMPSON, 20, (181.0, 5.0)),
        ("ucb1", UCB1, 1, (1_015.0, 8.0)),
        ("epsilon greedy", EPSILON_GREEDY, 1, (502.0, 12.0)),
    ] {
        let problem = Problem::new(algorithm, FIVE, 100_000).updated_every(every);
        assert_reaches(&format!("{name}, five arms"), problem.mean_regret(200), five);
    }
}
