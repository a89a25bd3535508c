//! Routers, validated: what the hot path decides by.

use std::{collections::HashSet, sync::Arc, time::Duration};

use crate::{
    Guarded, Id, MetricDefinition, ModelError, ModelKey, Permissions, Policy, PolicyDefinition, Recording,
    TrafficOverride, metric::check_metrics,
};

/// The most variants a router can have.
pub const MAX_VARIANTS: usize = 100;

/// By how much the clock of one server may differ from that of another.
pub const CLOCK_SKEW_US: u64 = 3_600_000_000;

/// Names that a refusal lists.
const SHOWN_METRICS: usize = 10;

/// Whether a router serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RouterStatus {
    /// Created, not yet deployed.
    #[default]
    Registered,
    /// Being put into service.
    Deploying,
    /// In service.
    Running,
    /// Out of service.
    Stopped,
    /// Could not be put into service.
    Failed,
}

impl RouterStatus {
    /// The word that users see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Deploying => "deploying",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// What a caller's model version means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VersionPinning {
    /// It pins a variant.
    #[default]
    Allow,
    /// Nothing.
    Ignore,
}

/// Where calls of a variant go that no live backend serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fallback {
    /// Nowhere: they fail.
    #[default]
    None,
    /// To the control.
    Control,
    /// To an enabled variant that is live, by weight.
    AnyHealthy,
}

/// What a variant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VariantRole {
    /// One of the alternatives.
    #[default]
    Candidate,
    /// What the others are compared with; speaks for the router where one must.
    Control,
    /// A new version on trial.
    Canary,
    /// Gets copies of calls and is never picked.
    Shadow,
}

impl VariantRole {
    /// The word that users see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Control => "control",
            Self::Canary => "canary",
            Self::Shadow => "shadow",
        }
    }
}

/// One alternative of a router.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Its name, unique in the router.
    pub name: Id,
    /// The model version it sends calls to.
    pub model: ModelKey,
    /// Its weight, 0 to 100.
    pub weight: f64,
    /// Whether it takes part.
    pub enabled: bool,
    /// What it is for.
    pub role: VariantRole,
}

impl Variant {
    /// Its weight, or none while it takes no part.
    #[must_use]
    pub const fn enabled_weight(&self) -> f64 {
        if self.takes_calls() { self.weight } else { 0.0 }
    }

    /// Whether a policy may pick it: shadows get copies of calls, and nothing else leads to them.
    #[must_use]
    pub const fn takes_calls(&self) -> bool {
        self.enabled && !self.is_shadow()
    }

    /// Whether it gets copies of calls instead of calls.
    #[must_use]
    pub const fn is_shadow(&self) -> bool {
        matches!(self.role, VariantRole::Shadow)
    }
}

/// What a router does besides deciding, and whose it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RouterSettings {
    /// Whether it serves.
    pub status: RouterStatus,
    /// What a caller's model version means.
    pub version_pinning: VersionPinning,
    /// Where calls of a variant go that no live backend serves.
    pub fallback: Fallback,
    /// Answer with the router's id as the model's name.
    pub answer_router_name: bool,
    /// The deadline of calls that bring none.
    pub default_timeout: Option<Duration>,
    /// Whether predictions are recorded.
    pub record_predictions: bool,
    /// What is kept of them.
    pub recording: Recording,
    /// The metrics that feedback may bring; without any, every metric is taken as a number.
    pub metrics: Box<[MetricDefinition]>,
    /// Whether a later value of feedback replaces an earlier one.
    pub allow_feedback_corrections: bool,
    /// When it was created, in UTC microseconds, by the clock of the server that created it.
    pub create_time_us: i64,
    /// Tells it from earlier and later routers of the same id; 0 when that is not known.
    pub incarnation: u64,
    /// The generation in which it last changed.
    pub changed_generation: u64,
    /// The user who owns it.
    pub owner: Arc<str>,
    /// Who else may call it.
    pub permissions: Permissions,
    /// Sends everything to one variant while it is in force.
    pub traffic_override: Option<TrafficOverride>,
    /// The share of calls whose copies go to its shadows, 0 to 1; not said, all of them.
    pub shadow_share: Option<f64>,
}

/// A router as it was published, not yet checked.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `Router`")]
pub struct RouterDefinition {
    pub id: Id,
    pub variants: Vec<Variant>,
    pub policy: PolicyDefinition,
    pub settings: RouterSettings,
}

/// A router that can decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Router {
    /// What clients call.
    pub id: Id,
    /// The alternatives.
    pub variants: Box<[Variant]>,
    /// How it picks one of them.
    pub policy: Policy,
    /// What it does besides.
    pub settings: RouterSettings,
}

impl Router {
    /// Checks a definition and builds its tables.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn build(definition: RouterDefinition) -> Result<Self, ModelError> {
        let RouterDefinition { id, variants, policy, settings } = definition;
        if variants.is_empty() || variants.len() > MAX_VARIANTS {
            let count = variants.len();
            return Err(ModelError::new("variants", format!("{count} variants; use 2 to {MAX_VARIANTS}")));
        }
        let mut names = HashSet::new();
        for (index, variant) in variants.iter().enumerate() {
            if !names.insert(&variant.name) {
                let name = &variant.name;
                return Err(ModelError::new(
                    format!("variants[{index}].name"),
                    format!("{name:?} is taken already"),
                ));
            }
            if !(0.0..=100.0).contains(&variant.weight) {
                let weight = variant.weight;
                return Err(ModelError::new(
                    format!("variants[{index}].weight"),
                    format!("{weight} is not between 0 and 100; weights are relative numbers"),
                ));
            }
        }
        check_shadows(&variants, settings.shadow_share.unwrap_or(1.0))?;
        settings.recording.check().map_err(|error| error.within("recording"))?;
        check_metrics(&settings.metrics)?;
        if let Some(given) = &settings.traffic_override {
            given.check(&variants).map_err(|error| error.within("traffic_override"))?;
        }
        let policy = Policy::build(policy, &variants)?;
        Ok(Self { id, variants: variants.into_boxed_slice(), policy, settings })
    }

    /// The variant that a name or a model version pins; a name goes before a version, and of variants with one version a
    /// shadow comes last: whoever names a shadow gets it, and nobody else does.
    #[must_use]
    pub fn pinned(&self, name_or_version: &str) -> Option<u8> {
        let by_name = || self.variants.iter().position(|variant| variant.name.as_str() == name_or_version);
        let by_version = |shadow: bool| {
            self.variants
                .iter()
                .position(|v| v.is_shadow() == shadow && v.model.version.as_str() == name_or_version)
        };
        let found = by_name().or_else(|| by_version(false)).or_else(|| by_version(true));
        found.and_then(|index| u8::try_from(index).ok())
    }

    /// The enabled shadows, by their places among the variants.
    pub fn shadows(&self) -> impl Iterator<Item = u8> + '_ {
        let places = (0_u8..).zip(&self.variants);
        places.filter(|(_, variant)| variant.enabled && variant.is_shadow()).map(|(place, _)| place)
    }

    /// Whether a prediction under this router's id is this router's, and not an earlier or later one's of the same id.
    ///
    /// Incarnations tell for sure. Where one of the two is not known, the time does, by as much as clocks may differ.
    #[must_use]
    pub fn made(&self, incarnation: u64, time_us: u64) -> bool {
        if incarnation != 0 && self.settings.incarnation != 0 {
            return incarnation == self.settings.incarnation;
        }
        time_us.saturating_add(CLOCK_SKEW_US) >= u64::try_from(self.settings.create_time_us).unwrap_or(0)
    }

    /// Checks a value of feedback against the metrics that the router declares.
    ///
    /// # Errors
    /// The router declares metrics and this is none of them, or the metric does not take the value.
    pub fn check_feedback(&self, metric: &str, value: f64) -> Result<(), ModelError> {
        if self.settings.metrics.is_empty() {
            return Ok(());
        }
        match self.settings.metrics.iter().find(|declared| declared.name.as_str() == metric) {
            Some(declared) => declared.check(value),
            None => Err(self.undeclared(metric)),
        }
    }

    fn undeclared(&self, metric: &str) -> ModelError {
        let names: Vec<&str> =
            self.settings.metrics.iter().take(SHOWN_METRICS).map(|declared| declared.name.as_str()).collect();
        let more = if self.settings.metrics.len() > SHOWN_METRICS { ", …" } else { "" };
        let reason = format!(
            "{metric:?} is none of the metrics of router {}, {}{more}; use one of them, or have it added to \
             the router's metrics",
            self.id,
            names.join(", ")
        );
        ModelError::new("metric", reason)
    }
}

impl Guarded for Router {
    fn owner(&self) -> &str {
        &self.settings.owner
    }

    fn permissions(&self) -> &Permissions {
        &self.settings.permissions
    }
}

/// A shadow has no part in shares, so that none can be read as if it had.
fn check_shadows(variants: &[Variant], share: f64) -> Result<(), ModelError> {
    if !(0.0..=1.0).contains(&share) {
        let reason = format!("{share} is not between 0 and 1; it is the share of calls that are copied");
        return Err(ModelError::new("shadow_share", reason));
    }
    let weighty =
        variants.iter().enumerate().find(|(_, variant)| variant.is_shadow() && variant.weight != 0.0);
    let Some((index, variant)) = weighty else { return Ok(()) };
    let (name, weight) = (&variant.name, variant.weight);
    Err(ModelError::new(
        format!("variants[{index}].weight"),
        format!("{weight} is given to shadow {name:?}, which is never picked; give it 0, or another role"),
    ))
}
