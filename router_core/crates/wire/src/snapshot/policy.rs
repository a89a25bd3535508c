//! What each strategy needs.

use pointsman_model::{CanaryDefinition, ModelError, PolicyDefinition, SplitDefinition, StickyDefinition};

use super::{
    bandit::bandit_from_proto, each, exact_bytes, known, router::variant_from_proto, rules::rules_from_proto,
    within,
};
use crate::generated::pointsman_v1 as proto;

/// Takes over what a router's strategy needs. Which strategies are served is decided here alone.
pub(super) fn policy_from_proto(router: &proto::RouterSnapshot) -> Result<PolicyDefinition, ModelError> {
    use proto::router::Policy;

    let policy = router.settings.as_ref().and_then(|settings| settings.policy.as_ref());
    let strategy = known("strategy", router.strategy)?;
    match (strategy, policy) {
        (proto::Strategy::Weighted, None) => split_of(router).map(PolicyDefinition::Weighted),
        (proto::Strategy::Canary, Some(Policy::Canary(canary))) => {
            let split = split_of(router)?;
            Ok(PolicyDefinition::Canary(CanaryDefinition { split, percent: canary.percent }))
        }
        (proto::Strategy::FeatureRules, Some(Policy::FeatureRules(rules))) => {
            let split = split_of(router)?;
            let rules = rules_from_proto(rules, split, &router.rule_tables);
            within("feature_rules", rules).map(PolicyDefinition::Rules)
        }
        (proto::Strategy::Bandit, Some(Policy::Bandit(bandit))) => {
            let sticky = router.sticky.then(|| split_of(router)).transpose()?.map(StickyDefinition);
            let bandit = bandit_from_proto(bandit, &router.metrics, sticky);
            within("bandit", bandit).map(|bandit| PolicyDefinition::Bandit(Box::new(bandit)))
        }
        (
            proto::Strategy::Weighted
            | proto::Strategy::Canary
            | proto::Strategy::FeatureRules
            | proto::Strategy::Bandit,
            _,
        ) => {
            let name = strategy.as_str_name();
            Err(ModelError::new("settings.policy", format!("is none of {name}")))
        }
        (other, _) => {
            let name = other.as_str_name();
            Err(ModelError::new("strategy", format!("{name} is not served by this release")))
        }
    }
}

/// Every field of a router's rules that is wrong, whether or not their tables are there; the paths begin with
/// `feature_rules`. A router without rules has none.
///
/// # Errors
/// The first field that cannot be read.
pub fn rule_faults(router: &proto::Router) -> Result<Vec<ModelError>, ModelError> {
    const FIELD: &str = "feature_rules";
    let Some(proto::router::Policy::FeatureRules(rules)) = &router.policy else { return Ok(Vec::new()) };
    let variants = each("variants", router.variants.clone(), variant_from_proto)?;
    let no_split = SplitDefinition { sticky: false, salt: [0; 16], slot_runs: Vec::new() };
    let rules = within(FIELD, rules_from_proto(rules, no_split, &[]))?;
    Ok(rules.faults(&variants).into_iter().map(|error| error.within(FIELD)).collect())
}

fn split_of(router: &proto::RouterSnapshot) -> Result<SplitDefinition, ModelError> {
    Ok(SplitDefinition {
        sticky: router.sticky,
        salt: exact_bytes("salt", &router.salt)?,
        slot_runs: slot_runs(&router.slot_runs)?,
    })
}

/// Reads pairs of variant index and length.
pub(super) fn slot_runs(numbers: &[u32]) -> Result<Vec<(u8, u16)>, ModelError> {
    let (pairs, odd) = numbers.as_chunks::<2>();
    if !odd.is_empty() {
        let reason = format!("{} numbers; variant and length come in turn", numbers.len());
        return Err(ModelError::new("slot_runs", reason));
    }
    let convert = |[variant, length]: [u32; 2]| match (u8::try_from(variant), u16::try_from(length)) {
        (Ok(variant), Ok(length)) => Ok((variant, length)),
        _ => Err(ModelError::new(
            "",
            format!("variant {variant} with {length} slots is beyond what a table holds"),
        )),
    };
    each("slot_runs", pairs.to_vec(), convert)
}
