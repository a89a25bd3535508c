//! One decision: sticky with its hashing, and drawn by weight; and a change of shares.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pointsman_decision_bench::{Row, Table, entities, router, rules_router};
use pointsman_policy::{Request, decide, reallocate_slots};
use rand::{SeedableRng, rngs::SmallRng};

const VARIANT_COUNTS: [u8; 4] = [2, 3, 10, 100];

fn sticky(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sticky");
    let entities = entities();
    for variant_count in VARIANT_COUNTS {
        for table in [Table::Runs, Table::Dense] {
            let Ok(router) = router(variant_count, true, table) else { continue };
            let mut turns = entities.iter().cycle();
            let mut rng = SmallRng::seed_from_u64(1);
            let name = format!("{table:?}").to_lowercase();
            group.bench_function(BenchmarkId::new(name, variant_count), |bencher| {
                bencher.iter(|| {
                    let request = Request::of(turns.next().map(String::as_str));
                    decide(black_box(&router), black_box(&request), &mut rng)
                });
            });
        }
    }
    group.finish();
}

/// What the length of the entity id costs.
fn sticky_by_length(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sticky_by_length");
    let Ok(router) = router(3, true, Table::Runs) else { return };
    let mut rng = SmallRng::seed_from_u64(1);
    for length in [8, 18, 36, 64, 128, 224, 500] {
        let entity = "u".repeat(length);
        group.bench_function(BenchmarkId::from_parameter(length), |bencher| {
            bencher.iter(|| {
                let request = Request::of(Some(&entity));
                decide(black_box(&router), black_box(&request), &mut rng)
            });
        });
    }
    group.finish();
}

fn random(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("random");
    for variant_count in VARIANT_COUNTS {
        let Ok(router) = router(variant_count, false, Table::Runs) else { continue };
        let mut rng = SmallRng::seed_from_u64(1);
        group.bench_function(BenchmarkId::from_parameter(variant_count), |bencher| {
            bencher.iter(|| decide(black_box(&router), black_box(&Request::default()), &mut rng));
        });
    }
    group.finish();
}

/// Ten rules of three conditions on as many features, of which the last takes the call; and a pattern.
fn rules(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rules");
    let row = Row::default();
    for (name, pattern) in [("last_of_10x3", None), ("last_of_10x3_with_pattern", Some("^gold-[0-9]+$"))] {
        let Ok(router) = rules_router(pattern) else { continue };
        let mut rng = SmallRng::seed_from_u64(1);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let request = Request { entity_id: None, attributes: &row };
                decide(black_box(&router), black_box(&request), &mut rng)
            });
        });
    }
    group.finish();
}

fn reallocate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reallocate");
    let few = [(0_u16, 5_000_u16), (1, 5_000)];
    let torn: Vec<(u16, u16)> = (0..10_000).map(|slot| (slot % 100, 1)).collect();
    let shares_of_hundred: Vec<f64> = (1..=100).map(f64::from).collect();
    group.bench_function("2_runs", |bencher| {
        bencher.iter(|| reallocate_slots(black_box(&few), black_box(&[60.0, 40.0]), &[]));
    });
    group.bench_function("10000_runs", |bencher| {
        bencher.iter(|| reallocate_slots(black_box(&torn), black_box(&shares_of_hundred), &[]));
    });
    group.finish();
}

criterion_group!(decision, sticky, sticky_by_length, random, rules, reallocate);
criterion_main!(decision);
