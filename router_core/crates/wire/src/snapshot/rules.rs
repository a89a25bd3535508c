//! Rules on features.

use std::collections::HashMap;

use pointsman_model::{
    ModelError, SplitDefinition,
    rules::{ConditionDefinition, Operator, RuleDefinition, RulesDefinition, TargetDefinition},
};

use super::{each, exact_bytes, known, policy::slot_runs, within};
use crate::{feature_value::feature_value_from_proto, generated::pointsman_v1 as proto};

/// Takes over rules; those that split their calls get their tables.
///
/// # Arguments
/// * `default_split` - How calls are split that no rule takes.
/// * `tables` - One for each rule that splits its calls; without any, the rules can be checked but not used.
///
/// # Errors
/// The first field that cannot be read.
pub(super) fn rules_from_proto(
    rules: &proto::FeatureRules,
    default_split: SplitDefinition,
    tables: &[proto::RuleTable],
) -> Result<RulesDefinition, ModelError> {
    let sticky = default_split.sticky;
    let tables: HashMap<&str, &proto::RuleTable> = tables.iter().map(|table| (&*table.rule, table)).collect();
    let read = |rule: &proto::FeatureRule| rule_from_proto(rule, sticky, tables.get(&*rule.name).copied());
    Ok(RulesDefinition {
        rules: each("rules", rules.rules.iter().collect(), read)?,
        default_variant: rules.default_variant.clone(),
        default_split,
    })
}

fn rule_from_proto(
    rule: &proto::FeatureRule,
    sticky: bool,
    table: Option<&proto::RuleTable>,
) -> Result<RuleDefinition, ModelError> {
    use proto::feature_rule::Target;

    let target = match &rule.target {
        None => TargetDefinition::Missing,
        Some(Target::Variant(name)) => TargetDefinition::Variant(name.clone()),
        Some(Target::Split(split)) => {
            let mut weights: Vec<(String, f64)> =
                split.weights.iter().map(|(name, weight)| (name.clone(), *weight)).collect();
            weights.sort_by(|(one, _), (other, _)| one.cmp(other));
            let read = |table: &proto::RuleTable| {
                Ok(SplitDefinition {
                    sticky,
                    salt: exact_bytes("salt", &table.salt)?,
                    slot_runs: slot_runs(&table.slot_runs)?,
                })
            };
            TargetDefinition::Split { weights, split: within("split", table.map(read).transpose())? }
        }
    };
    Ok(RuleDefinition {
        name: rule.name.clone(),
        priority: rule.priority,
        conditions: each("conditions", rule.conditions.iter().collect(), condition_from_proto)?,
        target,
    })
}

fn condition_from_proto(condition: &proto::RuleCondition) -> Result<ConditionDefinition, ModelError> {
    let operator = match known("operator", condition.operator)? {
        proto::RuleOperator::Unspecified => None,
        proto::RuleOperator::Equals => Some(Operator::Equals),
        proto::RuleOperator::NotEquals => Some(Operator::NotEquals),
        proto::RuleOperator::In => Some(Operator::In),
        proto::RuleOperator::NotIn => Some(Operator::NotIn),
        proto::RuleOperator::GreaterThan => Some(Operator::GreaterThan),
        proto::RuleOperator::LessThan => Some(Operator::LessThan),
        proto::RuleOperator::Contains => Some(Operator::Contains),
        proto::RuleOperator::Regex => Some(Operator::Regex),
        proto::RuleOperator::Exists => Some(Operator::Exists),
    };
    Ok(ConditionDefinition {
        feature: condition.feature.clone(),
        operator,
        values: each("values", condition.values.clone(), feature_value_from_proto)?,
        numeric_text: condition.numeric_text,
    })
}
