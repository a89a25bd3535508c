//! Eight replicas that tell each other their totals now and then, beside a single one.

use crate::simulation::{Problem, THOMPSON};

const TEN: &[f64] = &[0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4];

fn ratio(runs: u64, update_every: usize) -> f64 {
    let problem = || Problem::new(THOMPSON, TEN, 100_000).updated_every(update_every);
    let one = problem().mean_regret(runs);
    let eight = Problem { replicas: 8, merge_every: 800, ..problem() }.mean_regret(runs);
    println!("one {one:?}, eight {eight:?}");
    assert!(eight.mean < 600.0, "{eight:?}: replicas that do not hear of each other lose 1396");
    eight.mean / one.mean
}

#[test]
fn eight_replicas_learn_hardly_less_than_one() {
    let ratio = ratio(8, 50);
    assert!(ratio <= 1.4, "{ratio}");
}

#[test]
#[ignore = "200 runs; `make torture` runs them"]
fn over_many_runs_eight_replicas_lose_at_most_15_percent_more_than_one() {
    let ratio = ratio(200, 20);
    assert!(ratio <= 1.15, "{ratio}");
}
