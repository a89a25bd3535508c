//! A recorded decision, held against what comes out again of the router that decided it.

use std::fmt::Display;

use pointsman_model::{Policy, Router};
use pointsman_policy::{Decision, RandomisedBy, Reason, Request, replay, replay_bandit};
use pointsman_wire::generated::pointsman_v1::{self as proto, NotReplayable, ReplayVerdict};

use super::{
    bandit_table::{Eligible, table_of},
    known::Known,
    row_features::RowFeatures,
    rules,
};

const PIN: &str = "pin";
const PRODUCTION: &str = "production";
const OVERRIDE: &str = "override";
pub(super) const FALLBACK: &str = "fallback";
pub(super) const BY_ENTITY: &str = "entity";
pub(super) const BY_REQUEST: &str = "request";
pub(super) const BY_NOTHING: &str = "nothing";
/// A record is dated after its decision, by less than that.
const DATED_AFTER_US: u64 = 1_000_000;

/// What a record says of a decision, in the words of the lake. Empty texts are not stated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorded<'a> {
    pub(super) time_us: i64,
    pub(super) variant: &'a str,
    pub(super) model_id: &'a str,
    pub(super) model_version: &'a str,
    pub(super) decided_variant: &'a str,
    pub(super) reason: &'a str,
    pub(super) randomised_by: &'a str,
    pub(super) propensity: f64,
    pub(super) draw: Option<u64>,
    pub(super) slot: Option<i32>,
    pub(super) entity_id: &'a str,
    pub(super) allocation_version: i64,
    pub(super) epoch: i64,
    pub(super) replayable: bool,
    /// Read for bandits alone.
    pub(super) eligible: Eligible<'a>,
    /// Read for rules alone.
    pub(super) rule: &'a str,
    /// What rules read; empty where it is not recorded. Read for rules alone.
    pub(super) rule_inputs: &'a str,
    /// What these refer to.
    pub(super) row: RowFeatures<'a>,
}

impl<'a> Recorded<'a> {
    pub(super) fn of(decision: &'a proto::RecordedDecision) -> Self {
        Self {
            time_us: decision.time_us,
            variant: &decision.variant,
            model_id: &decision.model_id,
            model_version: &decision.model_version,
            decided_variant: &decision.decided_variant,
            reason: &decision.reason,
            randomised_by: &decision.randomised_by,
            propensity: decision.propensity,
            draw: decision.draw,
            slot: decision.slot,
            entity_id: &decision.entity_id,
            allocation_version: decision.allocation_version,
            epoch: decision.epoch,
            replayable: decision.replayable,
            eligible: Eligible::Listed(&decision.eligible_variants),
            rule: &decision.rule,
            rule_inputs: &decision.rule_inputs,
            row: RowFeatures::NONE,
        }
    }
}

/// What came of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Judgement {
    /// The same came out.
    Agrees(Decision),
    /// Something else came out; nothing where an override was not in force, or there is no such rule.
    Disagrees(Option<Decision>),
    /// It cannot be made again.
    Not(NotReplayable),
}

impl Judgement {
    /// The verdict and why there is none, as numbers.
    pub(super) fn numbers(&self) -> (i32, i32) {
        let (verdict, why) = match self {
            Self::Agrees(_) => (ReplayVerdict::Agrees, NotReplayable::Unspecified),
            Self::Disagrees(_) => (ReplayVerdict::Disagrees, NotReplayable::Unspecified),
            Self::Not(why) => (ReplayVerdict::NotReplayable, *why),
        };
        (verdict.into(), why.into())
    }
}

/// Makes a recorded decision again.
pub(super) fn judge(known: Option<&Known>, recorded: &Recorded<'_>) -> Judgement {
    if matches!(recorded.reason, PIN | PRODUCTION) {
        return Judgement::Not(NotReplayable::Pinned);
    }
    let Some(known) = known.filter(|known| recorded.time_us >= known.earliest_us) else {
        return Judgement::Not(NotReplayable::RevisionGone);
    };
    let Some(router) = &known.router else { return Judgement::Not(NotReplayable::Unknown) };
    let made = match made_again(router, recorded) {
        Ok(Some(made)) => made,
        Ok(None) => return Judgement::Disagrees(None),
        Err(why) => return rules::contradiction(router, recorded).unwrap_or(Judgement::Not(why)),
    };
    if agrees(router, recorded, &made) { Judgement::Agrees(made) } else { Judgement::Disagrees(Some(made)) }
}

/// Whether a record says nothing else than the decision made again.
pub(super) fn agrees(router: &Router, recorded: &Recorded<'_>, made: &Decision) -> bool {
    let mut agrees = true;
    compare(router, recorded, Some(made), |_, _, _| agrees = false);
    agrees
}

/// The decision that comes out; none where an operator's override that is recorded was not in force.
fn made_again(router: &Router, recorded: &Recorded<'_>) -> Result<Option<Decision>, NotReplayable> {
    let is_stated = !recorded.entity_id.is_empty();
    if recorded.reason == OVERRIDE {
        let given = overridden_to(router, recorded);
        return Ok(given.map(|variant| Decision::given(variant, Reason::Override)));
    }
    if let Some(made) = diverted_override(router, recorded) {
        return Ok(Some(made));
    }
    if recorded.reason == FALLBACK && recorded.decided_variant.is_empty() {
        return Err(NotReplayable::InputsNotRecorded);
    }
    if let Policy::Rules(rules) = &router.policy {
        return rules::made_again(router, rules, recorded).map(Some);
    }
    let draw = match recorded.randomised_by {
        BY_ENTITY if !is_stated => return Err(NotReplayable::EntityNotRecorded),
        BY_ENTITY if !recorded.replayable => return Err(NotReplayable::EntityHashed),
        // It is computed from the entity; a policy that drew besides would have recorded that it is by request.
        BY_ENTITY => 0,
        BY_REQUEST => recorded.draw.ok_or(NotReplayable::DrawNotRecorded)?,
        _ => return Err(NotReplayable::Unknown),
    };
    if !recorded.replayable {
        return Err(NotReplayable::InputsNotRecorded);
    }
    // Slots are published, and come with the revision; what was drawn from is in the record alone.
    if let Policy::Bandit(bandit) = &router.policy
        && recorded.randomised_by != BY_ENTITY
    {
        let table = table_of(router, bandit, recorded).ok_or(NotReplayable::AllocationNotKept)?;
        return Ok(Some(replay_bandit(&table, draw)));
    }
    // A table of a number is none that the definition holds.
    if recorded.allocation_version != 0 {
        return Err(NotReplayable::AllocationNotKept);
    }
    Ok(Some(replay(router, &Request::of(is_stated.then_some(recorded.entity_id)), draw)))
}

/// What an operator's override decided where another variant stands in for the one that it names: nothing was drawn, and
/// no rule looked at the call.
fn diverted_override(router: &Router, recorded: &Recorded<'_>) -> Option<Decision> {
    let is_given = recorded.randomised_by == BY_NOTHING && recorded.rule.is_empty();
    if recorded.reason != FALLBACK || !is_given {
        return None;
    }
    let variant = overridden_to(router, recorded)?;
    let is_decided = variant_name(router, variant) == recorded.decided_variant;
    is_decided.then(|| Decision::given(variant, Reason::Override))
}

/// The variant that an override of the operator's names, where one was in force.
fn overridden_to(router: &Router, recorded: &Recorded<'_>) -> Option<u8> {
    let time_us = u64::try_from(recorded.time_us).unwrap_or(0).saturating_sub(DATED_AFTER_US);
    router.settings.traffic_override.and_then(|given| given.variant_at(time_us))
}

/// Tells each field of a record that says something else than the decision made again.
fn compare(
    router: &Router,
    recorded: &Recorded<'_>,
    made: Option<&Decision>,
    mut tell: impl FnMut(&'static str, &dyn Display, &dyn Display),
) {
    let answered = router.variants.iter().find(|variant| variant.name.as_str() == recorded.variant);
    match answered.map(|variant| &variant.model) {
        Some(model)
            if model.model_id.as_str() == recorded.model_id
                && model.version.as_str() == recorded.model_version => {}
        Some(model) => {
            let was = format!("{} {}", recorded.model_id, recorded.model_version);
            tell("model_version", &was, &format!("{} {}", model.model_id, model.version));
        }
        // It is told below, as the variant that comes out, unless another one stood in.
        None if recorded.reason != FALLBACK => {}
        None => tell("variant", &recorded.variant, &NONE),
    }
    let Some(made) = made else {
        match recorded.reason {
            OVERRIDE => tell("reason", &recorded.reason, &NONE),
            // Nothing that its rule does draws like that.
            _ if rules::is_known(router, recorded.rule) => {
                tell("randomised_by", &recorded.randomised_by, &NONE);
            }
            _ => tell("rule", &recorded.rule, &NONE),
        }
        return;
    };
    let name = variant_name(router, made.variant);
    if recorded.reason == FALLBACK {
        if recorded.decided_variant != name {
            tell("decided_variant", &recorded.decided_variant, &name);
        }
    } else {
        if recorded.variant != name {
            tell("variant", &recorded.variant, &name);
        }
        if recorded.reason != made.reason.as_str() {
            tell("reason", &recorded.reason, &made.reason.as_str());
        }
    }
    let rule = made.rule.and_then(|place| router.policy.rule_name(place)).unwrap_or_default();
    if recorded.rule != rule {
        let named = |rule: &str| if rule.is_empty() { NONE.to_owned() } else { rule.to_owned() };
        tell("rule", &named(recorded.rule), &named(rule));
    }
    if recorded.randomised_by != made.randomised_by.as_str() {
        tell("randomised_by", &recorded.randomised_by, &made.randomised_by.as_str());
    }
    // The same code made both of the same numbers: not the last bit may differ.
    if recorded.propensity.to_bits() != made.propensity.to_bits() {
        tell("propensity", &recorded.propensity, &made.propensity);
    }
    let slot = made.slot().map(i32::from);
    if recorded.slot != slot {
        tell("slot", &stated(recorded.slot), &stated(slot));
    }
    let is_drawn = made.randomised_by != RandomisedBy::Nothing;
    if is_drawn && recorded.draw.is_some_and(|draw| draw != made.draw) {
        tell("draw", &stated(recorded.draw), &made.draw);
    }
    let epoch = made.epoch(&router.policy);
    if recorded.epoch != epoch.cast_signed() {
        tell("epoch", &recorded.epoch, &epoch);
    }
}

const NONE: &str = "none";

fn stated(number: Option<impl Display>) -> String {
    number.map_or_else(|| NONE.to_owned(), |number| number.to_string())
}

fn variant_name(router: &Router, index: u8) -> &str {
    router.variants.get(usize::from(index)).map_or("", |variant| variant.name.as_str())
}

/// A judgement in full. With `eligible`, which the record says that could have been picked, these are compared, too.
pub(super) fn redecision_of(
    known: Option<&Known>,
    recorded: &Recorded<'_>,
    judgement: &Judgement,
    eligible: Option<&[proto::EligibleVariant]>,
) -> proto::Redecision {
    let (verdict, not_replayable) = judgement.numbers();
    let mut told = proto::Redecision { verdict, not_replayable, ..Default::default() };
    let made = match judgement {
        Judgement::Agrees(made) => Some(made),
        Judgement::Disagrees(made) => made.as_ref(),
        Judgement::Not(_) => return told,
    };
    let Some(router) = known.and_then(|known| known.router.as_ref()) else { return told };
    compare(router, recorded, made, |field, recorded, redecided| {
        told.differences.push(difference(field, recorded.to_string(), redecided.to_string()));
    });
    let Some(made) = made else { return told };
    let is_drawn = made.randomised_by != RandomisedBy::Nothing;
    told.variant = variant_name(router, made.variant).to_owned();
    told.propensity = made.propensity;
    told.reason = reason_number(made.reason).into();
    told.randomised_by = randomised_by_number(made.randomised_by).into();
    told.draw = is_drawn.then_some(made.draw);
    told.slot = made.slot().map(i32::from);
    if let Some(recorded_eligible) = eligible {
        told.eligible_variants = eligible_of(router, recorded, made);
        if is_drawn && !same_eligible(recorded_eligible, &told.eligible_variants) {
            let was = shown_eligible(recorded_eligible);
            told.differences.push(difference(
                "eligible_variants",
                was,
                shown_eligible(&told.eligible_variants),
            ));
            told.verdict = ReplayVerdict::Disagrees.into();
        }
    }
    told
}

fn difference(field: &str, recorded: String, redecided: String) -> proto::DecisionDifference {
    proto::DecisionDifference { field: field.to_owned(), recorded, redecided }
}

/// What could have been picked, with the probabilities of the table that decided.
fn eligible_of(router: &Router, recorded: &Recorded<'_>, made: &Decision) -> Vec<proto::EligibleVariant> {
    let learnt = match &router.policy {
        Policy::Bandit(bandit) if made.randomised_by == RandomisedBy::Request => {
            table_of(router, bandit, recorded)
        }
        Policy::Bandit(_) | Policy::Weighted(_) | Policy::Canary(_) | Policy::Rules(_) => None,
    };
    let one = |name: &str, propensity: f64| proto::EligibleVariant { variant: name.to_owned(), propensity };
    let indexes = router.variants.iter().zip(0_u8..);
    let all = indexes.map(|(variant, index)| {
        let propensities = match &router.policy {
            Policy::Rules(rules) => rules::target_of(rules, made).propensities(index),
            policy => policy.propensities(index),
        };
        let propensity = match made.randomised_by {
            RandomisedBy::Entity => propensities.by_slot,
            RandomisedBy::Request => {
                learnt.as_ref().map_or(propensities.by_request, |table| table.probability(index))
            }
            RandomisedBy::Nothing => f64::from(u8::from(index == made.variant)),
        };
        one(variant.name.as_str(), propensity)
    });
    all.filter(|eligible| eligible.propensity > 0.0).collect()
}

/// Whether two lists say the same of all variants that can be picked. Records list some that cannot, with 0.
fn same_eligible(recorded: &[proto::EligibleVariant], made: &[proto::EligibleVariant]) -> bool {
    let picked = recorded.iter().filter(|eligible| eligible.propensity > 0.0);
    picked.eq(made)
}

fn shown_eligible(eligible: &[proto::EligibleVariant]) -> String {
    let one = |eligible: &proto::EligibleVariant| format!("{} {}", eligible.variant, eligible.propensity);
    eligible.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn reason_number(reason: Reason) -> proto::DecisionReason {
    let name = format!("DECISION_REASON_{}", reason.as_str().to_ascii_uppercase());
    proto::DecisionReason::from_str_name(&name).unwrap_or_default()
}

fn randomised_by_number(randomised_by: RandomisedBy) -> proto::RandomisedBy {
    match randomised_by {
        RandomisedBy::Nothing => proto::RandomisedBy::Nothing,
        RandomisedBy::Entity => proto::RandomisedBy::Entity,
        RandomisedBy::Request => proto::RandomisedBy::Request,
    }
}
