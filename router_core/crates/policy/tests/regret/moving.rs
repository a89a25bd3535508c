//! A best arm that moves three times, with and without forgetting.

use crate::simulation::{Problem, THOMPSON};

/// Calls after which a weight of 0.9995 a call has halved.
const HALF_LIFE: f64 = 1_386.0;

fn ratio(runs: u64, update_every: usize) -> f64 {
    let best_is =
        |best: usize| -> Vec<f64> { (0..3).map(|arm| if arm == best { 0.10 } else { 0.05 }).collect() };
    let problem = |half_life| Problem {
        phases: [0, 1, 2, 0].into_iter().map(best_is).collect(),
        half_life,
        ..Problem::new(THOMPSON, &[], 100_000).updated_every(update_every)
    };
    let plain = problem(None).mean_regret(runs);
    let forgetting = problem(Some(HALF_LIFE)).mean_regret(runs);
    println!("plain {plain:?} (the oracle's 1986), forgetting {forgetting:?} (682)");
    assert!(forgetting.mean < 900.0, "{forgetting:?}");
    forgetting.mean / plain.mean
}

#[test]
fn a_half_life_saves_more_than_half_of_what_a_moving_optimum_costs() {
    let ratio = ratio(8, 50);
    assert!(ratio <= 0.45, "{ratio}");
}

#[test]
#[ignore = "200 runs; `make torture` runs them"]
fn over_many_runs_a_half_life_saves_more_than_half_of_what_a_moving_optimum_costs() {
    let ratio = ratio(200, 20);
    assert!(ratio <= 0.45, "{ratio}");
}
