//! By rules: the first whose conditions all hold says where a call goes.

use std::cmp::Ordering;

use pointsman_model::rules::{Condition, Number, Rule, RuleTarget, Rules, Source, Test, Values};
use rand::Rng;

use crate::{
    attributes::{Attributes, Value},
    decision::{Decision, Reason, Request},
    split,
};

/// So many of the first sources are read once a decision; later ones are read again where several conditions look.
const KEPT_SOURCES: usize = 16;

/// Longer text is not searched: it would keep a thread busy for all rules of a router.
pub const MAX_SEARCHED_BYTES: usize = 64 << 10;

/// What became of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// The value is another.
    Fails,
    /// There is no value; then no condition holds, whatever it asks.
    Missing,
    /// The value is of a kind that the condition does not take; then it does not hold.
    Mismatch,
}

/// Decides by the first rule that takes the call, or the default.
#[inline]
pub(crate) fn decide(rules: &Rules, request: &Request<'_>, rng: &mut impl Rng) -> Decision {
    let attributes = request.attributes;
    let matched = first_match(rules, attributes, |_, _, verdict, _| {
        if verdict == Verdict::Mismatch {
            attributes.note_mismatch();
        }
    });
    let (target, reason) = match matched {
        Some(rule) => (&rule.target, Reason::Rule),
        None => (&rules.default, Reason::Default),
    };
    let decided = match target {
        RuleTarget::Variant(variant) => Decision::given(*variant, reason),
        RuleTarget::Split(split) => split::decide(split, request, rng),
    };
    Decision { reason, rule: matched.map(|rule| rule.place), ..decided }
}

/// Finds the first rule whose conditions all hold.
///
/// # Arguments
/// * `saw` - Is told, of each rule that does not take the call, the index of the first condition that does not hold,
///   why, and the value that was there.
pub fn first_match<'r, 'a>(
    rules: &'r Rules,
    attributes: &'a dyn Attributes,
    mut saw: impl FnMut(&'r Rule, usize, Verdict, Option<Value<'a>>),
) -> Option<&'r Rule> {
    let mut seen = Seen { attributes, sources: &rules.sources, kept: [None; KEPT_SOURCES + 1] };
    rules.rules.iter().find(|&rule| {
        for (index, condition) in rule.conditions.iter().enumerate() {
            let value = seen.value(condition.source);
            let verdict = value.map_or(Verdict::Missing, |value| judge(condition, value));
            if verdict != Verdict::Holds {
                saw(rule, index, verdict, value.copied());
                return false;
            }
        }
        true
    })
}

/// Values that were read, so that each is read once.
struct Seen<'r, 'a> {
    attributes: &'a dyn Attributes,
    sources: &'r [Source],
    /// The last place is for those that are not kept.
    kept: [Option<Option<Value<'a>>>; KEPT_SOURCES + 1],
}

impl<'a> Seen<'_, 'a> {
    /// A value where it lies: values are large, and conditions many.
    #[inline]
    fn value(&mut self, source: u16) -> Option<&Value<'a>> {
        let index = usize::from(source);
        let place = &mut self.kept[index.min(KEPT_SOURCES)];
        if place.is_none() || index >= KEPT_SOURCES {
            *place = Some(match self.sources.get(index)? {
                Source::Feature(name) => self.attributes.feature(source, name),
                Source::Metadata(key) => self.attributes.metadata(key),
            });
        }
        place.as_ref()?.as_ref()
    }
}

/// Whether a condition holds of a value.
#[inline]
fn judge(condition: &Condition, value: &Value<'_>) -> Verdict {
    match (&condition.test, value) {
        // What most conditions are.
        (Test::Above(Number::Float(bound)), Value::Number(Number::Float(float))) => held(float > bound),
        (Test::Below(Number::Float(bound)), Value::Number(Number::Float(float))) => held(float < bound),
        _ => judge_any(condition, *value),
    }
}

/// Whether any condition holds of any value. Apart, so that the usual ones stay small.
#[inline(never)]
fn judge_any(condition: &Condition, value: Value<'_>) -> Verdict {
    // A text that is written as a number is that number where the condition says so; it may be meant as text, too.
    let written = match value {
        Value::Text(text) if condition.numeric_text => Number::of_text(text),
        _ => None,
    };
    match &condition.test {
        Test::Exists => Verdict::Holds,
        Test::Among { values, negated } => {
            let found = match (among(values, value), written.and_then(|number| values.has_number(number))) {
                (Some(one), Some(other)) => Some(one || other),
                (one, other) => one.or(other),
            };
            found.map_or(Verdict::Mismatch, |found| held(found != *negated))
        }
        Test::Above(bound) => ordered(value, written, *bound, Ordering::Greater),
        Test::Below(bound) => ordered(value, written, *bound, Ordering::Less),
        Test::Contains(parts) => searched(value, |text| parts.iter().any(|part| text.contains(&**part))),
        Test::Matches(pattern) => searched(value, |text| pattern.is_found_in(text)),
    }
}

/// Whether a value is among some; none where they hold none of its kind.
#[inline]
fn among(values: &Values, value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(yes) => values.has_bool(yes),
        Value::Number(number) => values.has_number(number),
        Value::Rounded(number, round) => values.has_rounded(number, round),
        Value::Text(text) => values.has_text(text),
        Value::Other(_) => None,
    }
}

#[inline]
fn ordered(value: Value<'_>, written: Option<Number>, bound: Number, wanted: Ordering) -> Verdict {
    let order = match (value, written) {
        (Value::Number(number), _) | (Value::Text(_), Some(number)) => number.compare(bound),
        (Value::Rounded(number, round), _) => Number::Float(number).compare(bound.rounded(round)),
        _ => return Verdict::Mismatch,
    };
    held(order == Some(wanted))
}

#[inline]
fn searched(value: Value<'_>, found: impl Fn(&str) -> bool) -> Verdict {
    match value {
        Value::Text(text) if text.len() <= MAX_SEARCHED_BYTES => held(found(text)),
        _ => Verdict::Mismatch,
    }
}

const fn held(holds: bool) -> Verdict {
    if holds { Verdict::Holds } else { Verdict::Fails }
}
