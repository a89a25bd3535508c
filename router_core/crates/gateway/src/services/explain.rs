//! How a router would decide a call, and why, by the code that decides; for the control plane, outside any call.

use std::{cell::RefCell, collections::BTreeMap};

use pointsman_inference::features::feeds;
use pointsman_model::{
    BanditTable, ModelError, Policy, Router, Signature,
    rules::{Operator, Rule, RuleTarget, Source},
};
use pointsman_policy::{
    Attributes, Decision, RandomisedBy, Reason, Request, Value, Verdict, decide, decide_by_bandit,
    first_match,
};
use pointsman_wire::{generated::pointsman_v1 as proto, router_from_proto, signature_from_proto};
use prost::Message as _;
use prost_types::value::Kind;
use rand::{SeedableRng, rngs::SmallRng};

use super::attributes::of_row;
use crate::{GatewayError, clock::utc_now_us, recording::records::reason_proto};

/// Explains a `RoutingCase` with an `ExplainRoutingResponse`; changes and records nothing.
///
/// # Errors
/// The bytes are no `RoutingCase`, or its router cannot decide.
pub fn explain_routing(case: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let invalid = |reason: String| GatewayError::InvalidRequest(reason);
    let case = proto::RoutingCase::decode(case).map_err(|error| invalid(format!("case: {error}")))?;
    let router =
        router_from_proto(case.router.unwrap_or_default()).map_err(|error| invalid(error.to_string()))?;
    let table = match case.bandit {
        Some(state) => Some(table_of(&router, &state).map_err(|error| invalid(error.to_string()))?),
        None => None,
    };
    Ok(explained(&router, table.as_ref(), case.call.unwrap_or_default()).encode_to_vec())
}

/// The table that a bandit has in force.
fn table_of(router: &Router, state: &proto::BanditState) -> Result<BanditTable, ModelError> {
    let other = || {
        let reason =
            format!("is of another state of router {}, which changed just now; ask again", router.id);
        ModelError::new("bandit", reason)
    };
    let Policy::Bandit(bandit) = &router.policy else { return Err(other()) };
    let (incarnation, epoch) = (router.settings.incarnation, bandit.epoch);
    let share = |name: &str| state.arms.iter().find(|arm| arm.variant == name).map_or(0.0, |arm| arm.share);
    let shares: Vec<f64> = router.variants.iter().map(|variant| share(variant.name.as_str())).collect();
    let are_arms = (0_u8..).zip(&shares).all(|(index, share)| *share == 0.0 || bandit.arms.contains(&index));
    if (state.router_incarnation, state.epoch) != (incarnation, epoch) || !are_arms {
        return Err(other());
    }
    let slice = bandit.settings.uniform_slice();
    BanditTable::from_probabilities(&shares, slice).map_err(|_| other())
}

/// Every field of the rules of a `RuleCheck` that is wrong, with paths below the router.
///
/// # Errors
/// The bytes are no `RuleCheck`.
pub fn rule_faults(check: &[u8]) -> Result<Vec<ModelError>, GatewayError> {
    let check = proto::RuleCheck::decode(check)
        .map_err(|error| GatewayError::InvalidRequest(format!("check: {error}")))?;
    let router = check.router.unwrap_or_default();
    let mut faults = match pointsman_wire::rule_faults(&router) {
        Ok(faults) => faults,
        Err(unreadable) => return Ok(vec![unreadable]),
    };
    // They were checked when they were registered.
    let signatures: Vec<Signature> =
        check.signatures.into_iter().filter_map(|signature| signature_from_proto(signature).ok()).collect();
    if let Some(proto::router::Policy::FeatureRules(rules)) = &router.policy {
        faults.extend(unknown_features(rules, &signatures));
    }
    Ok(faults)
}

/// Conditions on features that no model takes and that are not said to be for the rules alone.
fn unknown_features(rules: &proto::FeatureRules, signatures: &[Signature]) -> Vec<ModelError> {
    // A model of which nobody said what it takes may take anything.
    if signatures.is_empty() || signatures.iter().any(|signature| signature.inputs.is_empty()) {
        return Vec::new();
    }
    let is_known = |name: &str| {
        name.is_empty()
            || name.starts_with("metadata.")
            || rules.rule_features.iter().any(|known| known == name)
            || signatures.iter().any(|signature| feeds(signature, name))
    };
    let mut faults = Vec::new();
    for (place, rule) in rules.rules.iter().enumerate() {
        for (index, condition) in rule.conditions.iter().enumerate() {
            if is_known(&condition.feature) {
                continue;
            }
            let shown: String = condition.feature.chars().take(80).collect();
            faults.push(ModelError::new(
                format!("feature_rules.rules[{place}].conditions[{index}].feature"),
                format!(
                    "{shown:?} is no feature of any variant's signature; correct it, or add it to rule_features if \
                     calls bring it for the rules alone"
                ),
            ));
        }
    }
    faults
}

/// What a case says of a call.
struct CaseAttributes<'a> {
    features: &'a BTreeMap<String, prost_types::Value>,
    metadata: &'a BTreeMap<String, String>,
}

impl Attributes for CaseAttributes<'_> {
    fn feature(&self, _source: u16, name: &str) -> Option<Value<'_>> {
        of_row(self.features, name)
    }

    fn metadata(&self, key: &str) -> Option<Value<'_>> {
        self.metadata.get(key).map(|value| Value::Text(value))
    }
}

fn explained(
    router: &Router,
    table: Option<&BanditTable>,
    call: proto::ExplainRoutingRequest,
) -> proto::ExplainRoutingResponse {
    let attributes = CaseAttributes { features: &call.features, metadata: &call.metadata };
    let request = Request {
        entity_id: Some(call.entity_id.as_str()).filter(|text| !text.is_empty()),
        attributes: &attributes,
    };
    let overridden = router.settings.traffic_override.and_then(|given| given.variant_at(utc_now_us()));
    // What is drawn does not matter: a variant is named only where none is.
    let decision = match overridden {
        Some(variant) => Decision::given(variant, Reason::Override),
        None => decided(router, table, &request),
    };
    let misses = RefCell::new(Vec::new());
    let matched = match &router.policy {
        Policy::Rules(rules) if overridden.is_none() => {
            first_match(rules, &attributes, |rule, index, verdict, value| {
                misses.borrow_mut().push(miss(&rules.sources, rule, index, verdict, value));
            })
        }
        _ => None,
    };
    let is_certain = decision.randomised_by != RandomisedBy::Request;
    let name = |variant: u8| {
        router.variants.get(usize::from(variant)).map(|known| known.name.to_string()).unwrap_or_default()
    };
    let indices = (0_u8..).take(router.variants.len());
    let propensities = indices.map(|variant| proto::RoutingPropensity {
        variant: name(variant),
        propensity: propensity(router, table, matched, &decision, variant),
    });
    proto::ExplainRoutingResponse {
        router_id: router.id.to_string(),
        rule: matched.map(|rule| rule.name.to_string()).unwrap_or_default(),
        reason: reason_proto(decision.reason).into(),
        variant: if is_certain { name(decision.variant) } else { String::new() },
        propensities: propensities.collect(),
        slot: decision.slot().map(u32::from),
        misses: misses.into_inner(),
        generation: router.settings.changed_generation,
    }
}

fn decided(router: &Router, table: Option<&BanditTable>, request: &Request<'_>) -> Decision {
    let mut rng = SmallRng::seed_from_u64(0);
    let decision = match (&router.policy, table) {
        (Policy::Bandit(bandit), Some(table)) => decide_by_bandit(bandit, table, request, &mut rng),
        _ => decide(router, request, &mut rng),
    };
    match decision.reason {
        // Which of the two it is hangs on what is drawn.
        Reason::Exploration => Decision { reason: Reason::Bandit, ..decision },
        _ => decision,
    }
}

/// With what probability a call like this one goes to a variant.
fn propensity(
    router: &Router,
    table: Option<&BanditTable>,
    matched: Option<&Rule>,
    decision: &Decision,
    variant: u8,
) -> f64 {
    if let Some(table) = table.filter(|_| decision.randomised_by == RandomisedBy::Request) {
        return table.probability(variant);
    }
    let propensities = match (&router.policy, matched) {
        (Policy::Rules(_), Some(Rule { target: target @ RuleTarget::Split(_), .. })) => {
            target.propensities(variant)
        }
        (policy, _) => policy.propensities(variant),
    };
    match decision.randomised_by {
        RandomisedBy::Nothing if decision.variant == variant => 1.0,
        RandomisedBy::Nothing => 0.0,
        RandomisedBy::Entity => propensities.by_slot,
        RandomisedBy::Request => propensities.by_request,
    }
}

fn miss(
    sources: &[Source],
    rule: &Rule,
    index: usize,
    verdict: Verdict,
    value: Option<Value<'_>>,
) -> proto::RuleMiss {
    let condition = rule.conditions.get(index);
    let source = condition.and_then(|condition| sources.get(usize::from(condition.source)));
    let feature = match source {
        Some(Source::Feature(name)) => name.to_string(),
        Some(Source::Metadata(key)) => format!("metadata.{key}"),
        None => String::new(),
    };
    let operator = condition.map_or(Operator::Exists, |condition| condition.operator);
    let word = operator.as_str();
    let seen = value.map(|value| value.to_string()).unwrap_or_default();
    let (reason, why) = match verdict {
        Verdict::Missing => (proto::RuleMissReason::Missing, format!("{feature} is missing")),
        Verdict::Mismatch => (
            proto::RuleMissReason::Kind,
            format!("{feature} is {seen}, of a kind that {word} does not take here"),
        ),
        Verdict::Holds | Verdict::Fails => {
            (proto::RuleMissReason::Differs, format!("{feature} is {seen}, and {word} does not hold"))
        }
    };
    proto::RuleMiss {
        rule: rule.name.to_string(),
        condition: i32::try_from(index).unwrap_or(i32::MAX),
        feature,
        operator: operator_proto(operator).into(),
        reason: reason.into(),
        value: value.map(|value| prost_types::Value { kind: Some(kind_of(value)) }),
        description: format!("rule {}: {why}", rule.name),
    }
}

fn operator_proto(operator: Operator) -> proto::RuleOperator {
    match operator {
        Operator::Equals => proto::RuleOperator::Equals,
        Operator::NotEquals => proto::RuleOperator::NotEquals,
        Operator::In => proto::RuleOperator::In,
        Operator::NotIn => proto::RuleOperator::NotIn,
        Operator::GreaterThan => proto::RuleOperator::GreaterThan,
        Operator::LessThan => proto::RuleOperator::LessThan,
        Operator::Contains => proto::RuleOperator::Contains,
        Operator::Regex => proto::RuleOperator::Regex,
        Operator::Exists => proto::RuleOperator::Exists,
    }
}

fn kind_of(value: Value<'_>) -> Kind {
    use pointsman_model::rules::Number;

    match value {
        Value::Bool(yes) => Kind::BoolValue(yes),
        Value::Number(Number::Float(number)) | Value::Rounded(number, _) => Kind::NumberValue(number),
        Value::Number(Number::Whole(whole)) => Kind::StringValue(whole.to_string()),
        Value::Text(text) => Kind::StringValue(text.to_owned()),
        Value::Other(kind) => Kind::StringValue(kind.to_owned()),
    }
}
