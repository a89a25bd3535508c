//! Routers, entities and bandits to measure decisions on.

mod rules;

use pointsman_model::{
    BanditAlgorithm, BanditDefinition, BanditSettings, BetaPrior, Id, ModelError, ModelKey, NormalPrior,
    PolicyDefinition, Router, RouterDefinition, RouterSettings, SLOT_COUNT, SplitDefinition, Variant,
    VariantRole,
};
use pointsman_policy::ArmTotals;

pub use rules::{Row, rules_router};

/// How many entities take turns: enough that neither branches nor caches learn them by heart.
pub const ENTITY_COUNT: usize = 10_000;

/// How torn a slot table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// One run per variant, as a first split has.
    Runs,
    /// A run per slot, as after very many changes.
    Dense,
}

/// A router of so many variants with unequal weights.
///
/// # Errors
/// There are more variants than a router can have.
pub fn router(variant_count: u8, sticky: bool, table: Table) -> Result<Router, ModelError> {
    let weight = |index: u8| f64::from(1 + index % 7);
    let mut variants = Vec::new();
    for index in 0..variant_count {
        let model = ModelKey { model_id: Id::parse("model")?, version: Id::parse(&index.to_string())? };
        let name = Id::parse(&format!("variant-{index}"))?;
        variants.push(Variant {
            name,
            model,
            weight: weight(index),
            enabled: true,
            role: VariantRole::default(),
        });
    }
    let policy = PolicyDefinition::Weighted(SplitDefinition {
        sticky,
        salt: *b"0123456789abcdef",
        slot_runs: slot_runs(variant_count, table),
    });
    let settings = RouterSettings::default();
    Router::build(RouterDefinition { id: Id::parse("router")?, variants, policy, settings })
}

/// Slots in about equal parts.
fn slot_runs(variant_count: u8, table: Table) -> Vec<(u8, u16)> {
    let count = u16::from(variant_count);
    match table {
        Table::Runs => {
            let length = |index: u8| SLOT_COUNT / count + u16::from(u16::from(index) < SLOT_COUNT % count);
            (0..variant_count).map(|index| (index, length(index))).collect()
        }
        Table::Dense => (0..SLOT_COUNT).map(|slot| ((slot % count) as u8, 1)).collect(),
    }
}

/// Entity ids of 18 bytes, the length of common user ids.
#[must_use]
pub fn entities() -> Vec<String> {
    (0..ENTITY_COUNT).map(|number| format!("user-{:013}", number * 7_919)).collect()
}

/// Every algorithm of bandits, with its name.
#[must_use]
pub fn algorithms() -> [(&'static str, BanditAlgorithm); 4] {
    let algorithms = [
        BanditAlgorithm::ThompsonBeta(BetaPrior::default()),
        BanditAlgorithm::ThompsonNormal(NormalPrior::default()),
        BanditAlgorithm::Ucb1 { alpha: 1.0 },
        BanditAlgorithm::EpsilonGreedy { epsilon: 0.1 },
    ];
    algorithms.map(|algorithm| (algorithm.as_str(), algorithm))
}

/// A bandit's settings, the shipped ones but for the algorithm.
///
/// # Errors
/// A bandit cannot have so many arms.
pub fn bandit(algorithm: BanditAlgorithm, arm_count: usize) -> Result<BanditSettings, ModelError> {
    BanditSettings::build(BanditDefinition { algorithm, ..BanditDefinition::default() }, arm_count)
}

/// Totals of arms with about so many calls each, whose rates are closer than can be told apart.
#[must_use]
pub fn totals(arm_count: usize, pulls: u64) -> Vec<ArmTotals> {
    let rate = |arm: usize| 0.1 + (arm % 7) as f64 / (pulls as f64).sqrt() / 20.0;
    (0..arm_count)
        .map(|arm| {
            let pulls = pulls + arm as u64;
            let sum = pulls as f64 * rate(arm);
            ArmTotals::from_sums(pulls, pulls as f64, sum, sum)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use pointsman_model::Policy;

    use super::*;

    #[test]
    fn every_case_of_the_bench_makes_a_router() {
        for variant_count in [2, 3, 10, 100] {
            for table in [Table::Runs, Table::Dense] {
                let router = router(variant_count, true, table).unwrap();
                let Policy::Weighted(split) = &router.policy else { panic!("it is not weighted") };
                assert!(split.slots.counts().iter().all(|&count| count >= 100));
            }
        }
        assert!(entities().iter().all(|entity| entity.len() == 18));
    }
}
