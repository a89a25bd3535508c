//! One decision: sticky with its hashing, drawn by weight, and by a bandit; and changes of shares.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pointsman_decision_bench::{Row, Table, algorithms, bandit, entities, router, rules_router, totals};
use pointsman_policy::{Request, Scratch, allocate, decide, decide_bandit, reallocate_slots};
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

/// A draw by a bandit's table.
fn bandit_pick(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bandit_pick");
    for (name, algorithm) in algorithms() {
        for arm_count in [3, 10, 100] {
            let totals = totals(arm_count, 1_000);
            let Ok(settings) = bandit(algorithm, arm_count) else { continue };
            let allocation = allocate(&settings, &totals, 1_000.0, &mut Scratch::default());
            let variants: Vec<u8> = (0_u8..).take(arm_count).collect();
            let Ok(table) = allocation.and_then(|found| found.table(&variants, arm_count, 1)) else {
                continue;
            };
            let mut rng = SmallRng::seed_from_u64(1);
            group.bench_function(BenchmarkId::new(name, arm_count), |bencher| {
                bencher.iter(|| decide_bandit(black_box(&table), &mut rng));
            });
        }
    }
    group.finish();
}

/// New shares from totals: for arms that are close, which takes longest, at the start and after many calls.
fn bandit_update(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bandit_update");
    let mut scratch = Scratch::default();
    for (name, algorithm) in algorithms() {
        for arm_count in [3, 10, 100] {
            let Ok(settings) = bandit(algorithm, arm_count) else { continue };
            for pulls in [10, 1_000_000] {
                let totals = totals(arm_count, pulls);
                let parameter = format!("{arm_count}_arms_{pulls}_calls");
                group.bench_function(BenchmarkId::new(name, parameter), |bencher| {
                    bencher.iter(|| allocate(&settings, black_box(&totals), 1_000.0, &mut scratch));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(decision, sticky, sticky_by_length, random, rules, reallocate, bandit_pick, bandit_update);
criterion_main!(decision);
