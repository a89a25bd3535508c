//! Decisions by rules, made again from what they read; and where that is not recorded, held against the rule that a
//! record names.

use pointsman_model::{
    Policy, Router, SLOT_COUNT,
    rules::{Rule, RuleTarget, Rules},
};
use pointsman_policy::{Decision, RandomisedBy, Reason, Request, replay, replay_split};
use pointsman_wire::generated::pointsman_v1::NotReplayable;

use super::{
    judge::{BY_ENTITY, BY_NOTHING, BY_REQUEST, FALLBACK, Judgement, Recorded, agrees},
    rule_inputs::ReadInputs,
};

/// What is recorded where rules look at nothing.
const NOTHING_READ: &str = "{}";

/// Where the calls of a decision go, by its rule.
pub(super) fn target_of<'r>(rules: &'r Rules, made: &Decision) -> &'r RuleTarget {
    made.rule.and_then(|place| rules.at(place)).map_or(&rules.default, |rule| &rule.target)
}

/// The decision that comes out of what rules read.
pub(super) fn made_again(
    router: &Router,
    rules: &Rules,
    recorded: &Recorded<'_>,
) -> Result<Decision, NotReplayable> {
    if router.policy.reads_metadata() {
        return Err(NotReplayable::MetadataNotRecorded);
    }
    let inputs = if rules.sources.is_empty() { NOTHING_READ } else { recorded.rule_inputs };
    let read = ReadInputs::of(inputs, recorded.row).ok_or(NotReplayable::Rules)?;
    let draw = draw_of(recorded)?;
    if !recorded.replayable {
        return Err(NotReplayable::InputsNotRecorded);
    }
    let entity_id = Some(recorded.entity_id).filter(|text| !text.is_empty());
    let made = replay(router, &Request { entity_id, attributes: &read }, draw);
    if read.is_short() {
        return Err(NotReplayable::Rules);
    }
    if recorded.allocation_version != 0 {
        return Err(NotReplayable::AllocationNotKept);
    }
    Ok(made)
}

/// What was drawn, as far as it is needed: what an entity draws is computed.
fn draw_of(recorded: &Recorded<'_>) -> Result<u64, NotReplayable> {
    match recorded.randomised_by {
        BY_ENTITY if recorded.entity_id.is_empty() => Err(NotReplayable::EntityNotRecorded),
        BY_ENTITY if !recorded.replayable => Err(NotReplayable::EntityHashed),
        BY_ENTITY | BY_NOTHING => Ok(0),
        BY_REQUEST => recorded.draw.ok_or(NotReplayable::DrawNotRecorded),
        _ => Err(NotReplayable::Unknown),
    }
}

/// How a record that cannot be made again contradicts its router: the rule that it names is not there, or sends no call
/// like this to that variant with that probability. None where it does not; then it may be right, and nobody can tell.
pub(super) fn contradiction(router: &Router, recorded: &Recorded<'_>) -> Option<Judgement> {
    let Policy::Rules(rules) = &router.policy else { return None };
    if recorded.reason == FALLBACK && recorded.decided_variant.is_empty() {
        return None;
    }
    let Some(rule) = named(rules, recorded.rule) else { return Some(Judgement::Disagrees(None)) };
    let target = rule.map_or(&rules.default, |rule| &rule.target);
    if let RuleTarget::Split(split) = target {
        let is_drawn =
            recorded.randomised_by == BY_REQUEST || recorded.randomised_by == BY_ENTITY && split.sticky;
        if !is_drawn {
            return Some(Judgement::Disagrees(None));
        }
    }
    let made = sent(target, rule, recorded)?;
    (!agrees(router, recorded, &made)).then_some(Judgement::Disagrees(Some(made)))
}

/// The rule that a record names, which may be none; none in its place where there is no such rule.
fn named<'r>(rules: &'r Rules, name: &str) -> Option<Option<&'r Rule>> {
    if name.is_empty() {
        return Some(None);
    }
    rules.rules.iter().find(|rule| *rule.name == *name).map(Some)
}

/// Whether a router has the rule that a record names.
pub(super) fn is_known(router: &Router, name: &str) -> bool {
    matches!(&router.policy, Policy::Rules(rules) if named(rules, name).is_some())
}

/// What comes out for a call that goes to a target; none where that hangs on what is not recorded.
fn sent(target: &RuleTarget, rule: Option<&Rule>, recorded: &Recorded<'_>) -> Option<Decision> {
    let reason = if rule.is_some() { Reason::Rule } else { Reason::Default };
    let made = match target {
        RuleTarget::Variant(variant) => Decision::given(*variant, reason),
        RuleTarget::Split(split) => match (recorded.randomised_by, recorded.slot) {
            (BY_REQUEST, _) => replay_split(split, &Request::of(None), recorded.draw?),
            // Whether the entity is as the call named it is not known here; the slot names the variant in any case.
            (BY_ENTITY, Some(slot)) if split.sticky => {
                let slot = u16::try_from(slot).ok().filter(|slot| *slot < SLOT_COUNT)?;
                let variant = split.slots.variant(slot);
                Decision {
                    propensity: split.slots.share(variant),
                    randomised_by: RandomisedBy::Entity,
                    // Its slot is the slot's number.
                    draw: recorded.draw.unwrap_or(u64::from(slot)),
                    ..Decision::given(variant, reason)
                }
            }
            _ => return None,
        },
    };
    Some(Decision { reason, rule: rule.map(|rule| rule.place), ..made })
}
