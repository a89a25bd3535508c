//! Rewards that come in batches.

use crate::simulation::{Problem, THOMPSON, UCB1, assert_reaches};

const TEN: &[f64] = &[0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4];

fn batches(runs: u64, cases: &[(usize, f64, f64)]) {
    for &(batch, thompson, ucb1) in cases {
        let problem = |algorithm| Problem::new(algorithm, TEN, 100_000).in_batches(batch);
        // The errors of these figures were not published; those of like ones are 5.
        assert_reaches(&format!("thompson by {batch}"), problem(THOMPSON).mean_regret(runs), (thompson, 5.0));
        let found = problem(UCB1).mean_regret(runs);
        assert_reaches(&format!("ucb1 by {batch}"), found, (ucb1, 5.0));
        assert!(found.mean <= 1_700.0, "{found:?}");
    }
}

#[test]
fn large_batches_cost_hardly_more_for_calls_under_way_count() {
    batches(12, &[(1_000, 273.0, 1_528.0), (10_000, 916.0, 1_545.0)]);
}

#[test]
#[ignore = "200 runs; `make torture` runs them"]
fn over_many_runs_batches_of_any_size_cost_hardly_more() {
    batches(200, &[(100, 251.0, 1_520.0), (1_000, 273.0, 1_528.0), (10_000, 916.0, 1_545.0)]);
}

#[test]
#[ignore = "200 runs; `make torture` runs them"]
fn over_many_runs_rewards_at_once_cost_what_they_cost_a_sampler() {
    let problem = |algorithm| Problem::new(algorithm, TEN, 100_000);
    assert_reaches("thompson", problem(THOMPSON).updated_every(10).mean_regret(200), (250.0, 5.0));
    assert_reaches("ucb1", problem(UCB1).mean_regret(200), (1_531.0, 5.0));
}
