//! A router of rules, and a row that meets its last one.

use std::collections::BTreeMap;

use pointsman_model::{
    FeatureValue, Id, ModelError, ModelKey, PolicyDefinition, Router, RouterDefinition, RouterSettings,
    SplitDefinition, Variant, VariantRole,
    rules::{ConditionDefinition, Number, Operator, RuleDefinition, RulesDefinition, TargetDefinition},
};
use pointsman_policy::{Attributes, Value};

/// Features of a call, in a map as Predict has them.
#[derive(Debug)]
pub struct Row {
    numbers: BTreeMap<String, f64>,
    segment: &'static str,
}

impl Default for Row {
    fn default() -> Self {
        let named = (0..30).map(|index| (format!("feature_{index}"), 1.0)).collect();
        Self { numbers: named, segment: "gold-20251" }
    }
}

impl Attributes for Row {
    fn feature(&self, _source: u16, name: &str) -> Option<Value<'_>> {
        if name == "segment" {
            return Some(Value::Text(self.segment));
        }
        self.numbers.get(name).map(|number| Value::Number(Number::Float(*number)))
    }

    fn metadata(&self, _key: &str) -> Option<Value<'_>> {
        None
    }
}

/// A router of ten rules with three conditions each; the third of each but the last does not hold. With a pattern, the
/// last rule's third condition is that one.
///
/// # Errors
/// The pattern is no regular expression.
pub fn rules_router(pattern: Option<&str>) -> Result<Router, ModelError> {
    let condition = |feature: String, operator, value| ConditionDefinition {
        feature,
        operator: Some(operator),
        values: vec![value],
        numeric_text: false,
    };
    let rules = (0..10).map(|index| {
        let feature = |place: u32| format!("feature_{}", (index * 3 + place) % 9);
        let last = match pattern {
            Some(pattern) if index == 9 => {
                condition("segment".to_owned(), Operator::Regex, FeatureValue::Text(pattern.into()))
            }
            _ => condition(
                feature(2),
                Operator::GreaterThan,
                FeatureValue::Number(if index == 9 { 0.5 } else { 5.0 }),
            ),
        };
        RuleDefinition {
            name: format!("rule-{index}"),
            priority: 0,
            conditions: vec![
                condition(feature(0), Operator::GreaterThan, FeatureValue::Number(0.5)),
                condition(feature(1), Operator::LessThan, FeatureValue::Number(2.0)),
                last,
            ],
            target: TargetDefinition::Variant("b".to_owned()),
        }
    });
    let variant = |name: &str| -> Result<Variant, ModelError> {
        let model = ModelKey { model_id: Id::parse("model")?, version: Id::parse(name)? };
        Ok(Variant {
            name: Id::parse(name)?,
            model,
            weight: 50.0,
            enabled: true,
            role: VariantRole::default(),
        })
    };
    let policy = PolicyDefinition::Rules(RulesDefinition {
        rules: rules.collect(),
        default_variant: "a".to_owned(),
        default_split: SplitDefinition { sticky: true, salt: [0; 16], slot_runs: Vec::new() },
    });
    let (id, settings) = (Id::parse("router")?, RouterSettings::default());
    Router::build(RouterDefinition { id, variants: vec![variant("a")?, variant("b")?], policy, settings })
}
