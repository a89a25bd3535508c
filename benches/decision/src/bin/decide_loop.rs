//! Decides many times and nothing else: `decide_loop COUNT sticky|random|rules|pattern`, to be counted by callgrind.

use std::hint::black_box;

use pointsman_decision_bench::{Row, Table, entities, router, rules_router};
use pointsman_policy::{Request, decide};
use rand::{SeedableRng, rngs::SmallRng};

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, kind] = arguments.as_slice() else {
        return Err("usage: decide_loop COUNT sticky|random|rules|pattern".into());
    };
    let count: usize = count.parse().map_err(|_| format!("COUNT: {count:?} is not a whole number"))?;
    match kind.as_str() {
        "sticky" => by_shares(count, true),
        "random" => by_shares(count, false),
        "rules" => by_rules(count, None),
        "pattern" => by_rules(count, Some("^gold-[0-9]+$")),
        other => Err(format!("{other:?} is none of sticky, random, rules and pattern").into()),
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn by_shares(count: usize, sticky: bool) -> Outcome {
    let router = router(3, sticky, Table::Runs)?;
    let entities = entities();
    let mut rng = SmallRng::seed_from_u64(1);
    for entity in entities.iter().cycle().take(count) {
        let request = Request::of(black_box(sticky.then_some(entity.as_str())));
        black_box(decide(black_box(&router), &request, &mut rng));
    }
    Ok(())
}

/// By ten rules of three conditions, of which the last takes the call.
fn by_rules(count: usize, pattern: Option<&str>) -> Outcome {
    let (router, row) = (rules_router(pattern)?, Row::default());
    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..count {
        let request = Request { entity_id: None, attributes: black_box(&row) };
        black_box(decide(black_box(&router), &request, &mut rng));
    }
    Ok(())
}
