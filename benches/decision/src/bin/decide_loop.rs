//! Decides many times and nothing else: `decide_loop COUNT sticky|random`, to be counted by callgrind.

use std::hint::black_box;

use pointsman_decision_bench::{Table, entities, router};
use pointsman_policy::{Request, decide};
use rand::{SeedableRng, rngs::SmallRng};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, kind] = arguments.as_slice() else {
        return Err("usage: decide_loop COUNT sticky|random".into());
    };
    let count: usize = count.parse().map_err(|_| format!("COUNT: {count:?} is not a whole number"))?;
    let sticky = match kind.as_str() {
        "sticky" => true,
        "random" => false,
        other => return Err(format!("{other:?} is neither sticky nor random").into()),
    };
    let router = router(3, sticky, Table::Runs)?;
    let entities = entities();
    let mut rng = SmallRng::seed_from_u64(1);
    for entity in entities.iter().cycle().take(count) {
        let request = Request::of(black_box(sticky.then_some(entity.as_str())));
        black_box(decide(black_box(&router), &request, &mut rng));
    }
    Ok(())
}
