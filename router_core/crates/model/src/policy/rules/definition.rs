//! Rules as they were written: every check, then compiling.

use std::collections::HashMap;

use super::{
    Number, Rule, RuleIndex, RuleTarget, Rules, Source,
    condition::{Condition, Operator, Pattern, Test, Values},
};
use crate::{FeatureValue, Id, ModelError, Split, SplitDefinition, Variant};

/// The most rules of a router.
pub const MAX_RULES: usize = 200;
/// The most conditions of a rule.
pub const MAX_CONDITIONS: usize = 20;
/// The most values of a condition.
pub const MAX_VALUES: usize = 1000;
/// The most patterns of a router's rules.
pub const MAX_PATTERNS: usize = 50;
/// The most different features and metadata that a router's rules look at.
pub const MAX_SOURCES: usize = 100;
/// The longest text among values, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// Rules as they were published, not yet checked.
#[derive(Debug, Clone)]
pub struct RulesDefinition {
    /// The rules.
    pub rules: Vec<RuleDefinition>,
    /// The variant for calls that no rule takes; empty splits them.
    pub default_variant: String,
    /// How calls are split that no rule takes.
    pub default_split: SplitDefinition,
}

/// A rule, not yet checked.
#[derive(Debug, Clone)]
pub struct RuleDefinition {
    /// Its name.
    pub name: String,
    /// Rules of lower numbers are tried first, those of the same one as they are written.
    pub priority: i32,
    /// What must hold.
    pub conditions: Vec<ConditionDefinition>,
    /// Where its calls go.
    pub target: TargetDefinition,
}

/// Where a rule's calls go, not yet checked.
#[derive(Debug, Clone)]
pub enum TargetDefinition {
    /// Nowhere was said.
    Missing,
    /// To the variant of this name.
    Variant(String),
    /// To several by their weights; the tables may be there or not.
    Split {
        /// Names and weights.
        weights: Vec<(String, f64)>,
        /// The tables, once they are made.
        split: Option<SplitDefinition>,
    },
}

/// A condition, not yet checked.
#[derive(Debug, Clone)]
pub struct ConditionDefinition {
    /// A feature, or `metadata.<key>`.
    pub feature: String,
    /// How it compares; none when that was not said.
    pub operator: Option<Operator>,
    /// With what.
    pub values: Vec<FeatureValue>,
    /// Whether text that is written as a number counts as the number.
    pub numeric_text: bool,
}

impl RulesDefinition {
    /// Every field that is wrong, whether or not the tables of splits are there.
    #[must_use]
    pub fn faults(&self, variants: &[Variant]) -> Vec<ModelError> {
        let mut compiler = Compiler::new(variants);
        compiler.compile_rules(&self.rules);
        compiler.variant("default_variant", &self.default_variant, true);
        compiler.faults
    }

    /// Checks the definition and compiles it.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub(in crate::policy) fn build(self, variants: &[Variant]) -> Result<Rules, ModelError> {
        const FIELD: &str = "feature_rules";
        let mut compiler = Compiler::new(variants);
        let compiled = compiler.compile_rules(&self.rules);
        let default = compiler.variant("default_variant", &self.default_variant, true);
        if let Some(fault) = compiler.faults.into_iter().next() {
            return Err(fault.within(FIELD));
        }
        let mut rules = Vec::with_capacity(self.rules.len());
        for (place, (definition, conditions)) in self.rules.into_iter().zip(compiled).enumerate() {
            let target = target_of(definition.target, variants)
                .map_err(|error| error.within(&format!("rules[{place}].split")).within(FIELD))?;
            let place = RuleIndex::new(u16::try_from(place).unwrap_or(u16::MAX));
            rules.push((
                definition.priority,
                Rule { name: definition.name.into(), place, conditions, target },
            ));
        }
        // The sort is stable: rules of one priority stay as they are written.
        rules.sort_by_key(|(priority, _)| *priority);
        let default = match default {
            Some(variant) => RuleTarget::Variant(variant),
            None => {
                let weights: Vec<f64> = variants.iter().map(Variant::enabled_weight).collect();
                RuleTarget::Split(Split::build(self.default_split, &weights, variants)?)
            }
        };
        let rules = rules.into_iter().map(|(_, rule)| rule).collect();
        Ok(Rules { rules, default, sources: compiler.sources.into() })
    }
}

/// A checked target with its tables.
fn target_of(target: TargetDefinition, variants: &[Variant]) -> Result<RuleTarget, ModelError> {
    let place = |name: &str| {
        let position = variants.iter().position(|variant| variant.name.as_str() == name);
        position.and_then(|index| u8::try_from(index).ok())
    };
    match target {
        TargetDefinition::Missing => Err(ModelError::new("", "is missing")),
        TargetDefinition::Variant(name) => {
            place(&name).map(RuleTarget::Variant).ok_or_else(|| ModelError::new("", "names no variant"))
        }
        TargetDefinition::Split { weights, split } => {
            let split = split.ok_or_else(|| ModelError::new("slot_runs", "are missing"))?;
            let weights: HashMap<&str, f64> =
                weights.iter().map(|(name, weight)| (&**name, *weight)).collect();
            let share = |variant: &Variant| {
                let weight = weights.get(variant.name.as_str()).copied();
                weight.filter(|_| variant.takes_calls()).unwrap_or(0.0)
            };
            let shares: Vec<f64> = variants.iter().map(share).collect();
            Split::build(split, &shares, variants).map(RuleTarget::Split)
        }
    }
}

/// Compiles conditions and notes every field that is wrong.
struct Compiler<'a> {
    variants: &'a [Variant],
    sources: Vec<Source>,
    patterns: usize,
    faults: Vec<ModelError>,
}

impl<'a> Compiler<'a> {
    fn new(variants: &'a [Variant]) -> Self {
        Self { variants, sources: Vec::new(), patterns: 0, faults: Vec::new() }
    }

    fn fault(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.faults.push(ModelError::new(field, reason));
    }

    fn compile_rules(&mut self, rules: &[RuleDefinition]) -> Vec<Box<[Condition]>> {
        if rules.len() > MAX_RULES {
            self.fault("rules", format!("has {} rules; at most {MAX_RULES} are allowed", rules.len()));
            return Vec::new();
        }
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut compiled = Vec::with_capacity(rules.len());
        for (place, rule) in rules.iter().enumerate() {
            let path = format!("rules[{place}]");
            if let Err(error) = Id::parse(&rule.name) {
                self.fault(format!("{path}.name"), error.reason);
            } else if let Some(other) = places.insert(&rule.name, place) {
                self.fault(
                    format!("{path}.name"),
                    format!("{:?} is also the name of rules[{other}]; rename one", rule.name),
                );
            }
            self.check_target(&path, &rule.target);
            compiled.push(self.compile_conditions(&path, &rule.conditions));
        }
        if self.sources.len() > MAX_SOURCES {
            let count = self.sources.len();
            self.fault(
                "rules",
                format!("look at {count} different features and metadata; at most {MAX_SOURCES} are allowed"),
            );
        }
        if self.patterns > MAX_PATTERNS {
            let count = self.patterns;
            self.fault("rules", format!("have {count} patterns; at most {MAX_PATTERNS} are allowed"));
        }
        compiled
    }

    fn check_target(&mut self, path: &str, target: &TargetDefinition) {
        match target {
            TargetDefinition::Missing => {
                self.fault(format!("{path}.variant"), "is missing; say the variant, or a split of several");
            }
            TargetDefinition::Variant(name) => {
                self.variant(&format!("{path}.variant"), name, false);
            }
            TargetDefinition::Split { weights, .. } => self.check_weights(path, weights),
        }
    }

    /// The index of an enabled variant; notes when there is none of the name. An empty name may be right.
    fn variant(&mut self, field: &str, name: &str, may_be_empty: bool) -> Option<u8> {
        if name.is_empty() && may_be_empty {
            return None;
        }
        let variants = self.variants;
        let position = variants.iter().position(|variant| variant.name.as_str() == name);
        match position.and_then(|index| variants.get(index)) {
            None => {
                let known: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
                let shown: String = name.chars().take(80).collect();
                self.fault(
                    field,
                    format!("{shown:?} is no variant of the router; it has {}", known.join(", ")),
                );
            }
            Some(variant) if variant.is_shadow() => {
                self.fault(field, format!("{name:?} is a shadow, which takes no calls; send them elsewhere"));
            }
            Some(variant) if !variant.enabled => {
                self.fault(field, format!("{name:?} is not enabled; enable it, or send its calls elsewhere"));
            }
            Some(_) => {}
        }
        position.and_then(|index| u8::try_from(index).ok())
    }

    fn check_weights(&mut self, path: &str, weights: &[(String, f64)]) {
        let field = format!("{path}.split.weights");
        let variants = self.variants;
        let mut sum = 0.0;
        for (name, weight) in weights {
            let of_variant = format!("{field}[{name}]");
            match variants.iter().find(|variant| variant.name.as_str() == name) {
                None => {
                    self.variant(&of_variant, name, false);
                }
                Some(variant) if variant.is_shadow() && *weight > 0.0 => {
                    self.fault(
                        &of_variant,
                        format!("{name:?} is a shadow, which takes no calls; leave it out"),
                    );
                }
                Some(variant) if variant.takes_calls() => sum += weight,
                Some(_) => {}
            }
            if !(0.0..=100.0).contains(weight) {
                self.fault(of_variant, format!("{weight} is not between 0 and 100; weights are relative"));
            }
        }
        if sum.is_nan() || sum <= 0.0 {
            self.fault(field, "give no enabled variant a weight above 0; give one at least");
        }
    }

    fn compile_conditions(&mut self, path: &str, conditions: &[ConditionDefinition]) -> Box<[Condition]> {
        let field = format!("{path}.conditions");
        if conditions.is_empty() {
            self.fault(&field, "is empty; say what must hold, or leave the rule out and use default_variant");
        }
        if conditions.len() > MAX_CONDITIONS {
            let count = conditions.len();
            self.fault(&field, format!("has {count} conditions; at most {MAX_CONDITIONS} are allowed"));
            return Box::default();
        }
        let compiled = conditions.iter().enumerate();
        compiled
            .filter_map(|(index, one)| self.compile_condition(&format!("{field}[{index}]"), one))
            .collect()
    }

    fn compile_condition(&mut self, path: &str, condition: &ConditionDefinition) -> Option<Condition> {
        let source = match Source::parse(&condition.feature) {
            Ok(source) => Some(source),
            Err(reason) => {
                self.fault(format!("{path}.feature"), reason);
                None
            }
        };
        let Some(operator) = condition.operator else {
            let field = format!("{path}.operator");
            self.fault(
                field,
                "is not set; use one of equals, not_equals, in, not_in, greater_than, less_than, contains, regex, \
                 exists",
            );
            return None;
        };
        let test = self.compile_test(path, operator, condition, source.as_ref())?;
        let source = self.source_index(source?);
        Some(Condition { source, operator, test, numeric_text: condition.numeric_text })
    }

    fn source_index(&mut self, source: Source) -> u16 {
        let index = self.sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        });
        // The number of conditions is bounded.
        u16::try_from(index).unwrap_or(u16::MAX)
    }

    fn compile_test(
        &mut self,
        path: &str,
        operator: Operator,
        condition: &ConditionDefinition,
        source: Option<&Source>,
    ) -> Option<Test> {
        let field = format!("{path}.values");
        let values = &condition.values;
        let word = operator.as_str();
        let wanted = match operator {
            Operator::Exists => (0..=0, "none"),
            Operator::In | Operator::NotIn | Operator::Contains => (1..=MAX_VALUES, "at least one"),
            _ => (1..=1, "one"),
        };
        if !wanted.0.contains(&values.len()) {
            let count = values.len();
            let reason = if count > MAX_VALUES {
                format!("has {count} values; at most {MAX_VALUES} are allowed")
            } else {
                format!("has {count} values; {word} takes {}", wanted.1)
            };
            self.fault(field, reason);
            return None;
        }
        let faults = self.faults.len();
        let mut sorted = Sorted::default();
        for (index, value) in values.iter().enumerate() {
            if let Err(reason) = sorted.take(value, condition.numeric_text) {
                self.fault(format!("{field}[{index}]"), reason);
            }
        }
        if faults < self.faults.len() {
            return None;
        }
        let is_text_alone = matches!(source, Some(Source::Metadata(_))) && !condition.numeric_text;
        if is_text_alone && (!sorted.numbers.is_empty() || sorted.bools != [false; 2]) {
            self.fault(
                field,
                "metadata is text, and would never be this; use text, or numbers with numeric_text",
            );
            return None;
        }
        let Sorted { numbers, texts, bools } = sorted;
        match operator {
            Operator::Exists => Some(Test::Exists),
            Operator::Equals | Operator::NotEquals | Operator::In | Operator::NotIn => {
                let negated = matches!(operator, Operator::NotEquals | Operator::NotIn);
                Some(Test::Among { values: Values::new(numbers, texts, bools), negated })
            }
            Operator::GreaterThan | Operator::LessThan => match numbers[..] {
                [number] if operator == Operator::GreaterThan => Some(Test::Above(number)),
                [number] => Some(Test::Below(number)),
                _ => {
                    let reason = format!("{} is no number, which {word} takes", shown(values.first()));
                    self.fault(format!("{field}[0]"), reason);
                    None
                }
            },
            Operator::Contains | Operator::Regex if condition.numeric_text => {
                self.fault(format!("{path}.numeric_text"), format!("{word} looks at text; leave it out"));
                None
            }
            Operator::Contains
                if texts.len() == values.len() && texts.iter().all(|text| !text.is_empty()) =>
            {
                Some(Test::Contains(texts.into()))
            }
            Operator::Regex if texts.len() == 1 => self.compile_pattern(&field, texts.first()?),
            Operator::Contains | Operator::Regex => {
                let wrong = values
                    .iter()
                    .position(|value| !matches!(value, FeatureValue::Text(text) if !text.is_empty()));
                let index = wrong.unwrap_or(0);
                let reason = format!("{} is no text, which {word} takes", shown(values.get(index)));
                self.fault(format!("{field}[{index}]"), reason);
                None
            }
        }
    }

    fn compile_pattern(&mut self, field: &str, pattern: &str) -> Option<Test> {
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS {
            // There is a fault of its own for it; nothing more is compiled.
            return None;
        }
        match Pattern::compile(pattern) {
            Ok(pattern) => Some(Test::Matches(pattern)),
            Err(reason) => {
                self.fault(format!("{field}[0]"), reason);
                None
            }
        }
    }
}

/// Values by their kinds.
#[derive(Default)]
struct Sorted {
    numbers: Vec<Number>,
    texts: Vec<Box<str>>,
    bools: [bool; 2],
}

impl Sorted {
    fn take(&mut self, value: &FeatureValue, numeric_text: bool) -> Result<(), String> {
        match value {
            FeatureValue::Bool(false) => self.bools[0] = true,
            FeatureValue::Bool(true) => self.bools[1] = true,
            FeatureValue::Number(number) if !number.is_finite() => {
                return Err(format!("{number} is not a finite number"));
            }
            FeatureValue::Number(number) if Number::is_ambiguous(*number) => {
                return Err(format!(
                    "{number} as a JSON number may have been rounded, for they are exact below 2^53 only: write it \
                     as text, such as \"{number}\", and set numeric_text"
                ));
            }
            FeatureValue::Number(number) => self.numbers.push(Number::Float(*number)),
            FeatureValue::Text(text) if text.len() > MAX_TEXT_BYTES => {
                return Err(format!("has {} bytes; at most {MAX_TEXT_BYTES} are allowed", text.len()));
            }
            FeatureValue::Text(text) => match Number::of_text(text).filter(|_| numeric_text) {
                Some(number) => self.numbers.push(number),
                None => self.texts.push((&**text).into()),
            },
            FeatureValue::Null | FeatureValue::List(_) => {
                return Err("is neither number, text, true nor false".to_owned());
            }
        }
        Ok(())
    }
}

/// A value for a message.
fn shown(value: Option<&FeatureValue>) -> String {
    match value {
        Some(FeatureValue::Bool(yes)) => yes.to_string(),
        Some(FeatureValue::Number(number)) => number.to_string(),
        Some(FeatureValue::Text(text)) => format!("{:?}", text.chars().take(80).collect::<String>()),
        Some(FeatureValue::Null) | None => "null".to_owned(),
        Some(FeatureValue::List(_)) => "a list".to_owned(),
    }
}
