"""Routers: variants, and what a router records and measures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from pointsman.client._types.bandits import Bandit
    from pointsman.client._types.records import DecisionReason


class Strategy(StrEnum):
    """How a router picks a variant."""

    UNSPECIFIED = "unspecified"
    WEIGHTED = "weighted"
    FEATURE_RULES = "feature_rules"
    BANDIT = "bandit"
    CANARY = "canary"


class RouterStatus(StrEnum):
    """Where a router stands in its life."""

    UNSPECIFIED = "unspecified"
    REGISTERED = "registered"
    DEPLOYING = "deploying"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


class VariantRole(StrEnum):
    """What a variant is for."""

    UNSPECIFIED = "unspecified"
    CANDIDATE = "candidate"
    CONTROL = "control"
    CANARY = "canary"
    SHADOW = "shadow"
    """Gets copies of calls, after their answers are under way, and is never picked; its weight is 0."""


class VersionPinning(StrEnum):
    """What a caller's model version means to a router."""

    UNSPECIFIED = "unspecified"
    ALLOW = "allow"
    IGNORE = "ignore"


class Fallback(StrEnum):
    """Where calls of a variant go that no live backend serves."""

    UNSPECIFIED = "unspecified"
    NONE = "none"
    CONTROL = "control"
    ANY_HEALTHY = "any_healthy"


class EntityRecording(StrEnum):
    """How an entity id is recorded."""

    UNSPECIFIED = "unspecified"
    PLAIN = "plain"
    HMAC = "hmac"
    NONE = "none"


class RecordDurability(StrEnum):
    """What an answer waits for."""

    UNSPECIFIED = "unspecified"
    BUFFERED = "buffered"
    DURABLE = "durable"


class MetricType(StrEnum):
    """What a metric's values are."""

    UNSPECIFIED = "unspecified"
    NUMBER = "number"
    BINARY = "binary"
    COUNT = "count"


class MetricDirection(StrEnum):
    """Which way a metric is better."""

    UNSPECIFIED = "unspecified"
    MAXIMISE = "maximise"
    MINIMISE = "minimise"


@dataclass(frozen=True)
class Variant:
    """One alternative of a router."""

    name: str
    model_id: str
    model_version: str
    weight: float
    """A relative number, 0 to 100: its share of calls is it divided by the sum of the enabled weights."""
    enabled: bool = True
    role: VariantRole = VariantRole.UNSPECIFIED
    effective_share: float = 0.0
    """0 to 1; the server's to say."""


@dataclass(frozen=True)
class RouterPermissions:
    """Who may read and call a router besides its owner and admins."""

    public: bool = False
    public_predict: bool = False
    shared_user_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Recording:
    """What is kept of a router's predictions, and how long."""

    features_share: float | None = None
    """The share of calls whose features and answers are recorded, 0 to 1; None means all."""
    exclude_features: Sequence[str] = ()
    max_body_bytes: int = 0
    """Longer requests and answers are recorded without their content; 0 means 65536."""
    entity: EntityRecording = EntityRecording.UNSPECIFIED
    durability: RecordDurability = RecordDurability.UNSPECIFIED
    retention_days: int = 0
    """0 means the server's default."""
    retention_bytes: int = 0
    """0 means the server's default."""


@dataclass(frozen=True)
class MetricDefinition:
    """A metric that a router's feedback brings; values outside its type and range are refused."""

    name: str
    type: MetricType = MetricType.UNSPECIFIED
    min_value: float | None = None
    max_value: float | None = None
    direction: MetricDirection = MetricDirection.UNSPECIFIED


@dataclass(frozen=True)
class Canary:
    """How much of a router's calls the variant with role canary gets."""

    percent: float
    """0 to 100; the variant with role control gets the rest."""


class RuleOperator(StrEnum):
    """How a condition of a rule compares."""

    UNSPECIFIED = "unspecified"
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    IN = "in"
    NOT_IN = "not_in"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    CONTAINS = "contains"
    REGEX = "regex"
    EXISTS = "exists"


@dataclass(frozen=True)
class RuleCondition:
    """A condition on a feature or on metadata of a call; without a value it does not hold."""

    feature: str
    """A feature's name, or ``metadata.<key>``."""
    operator: RuleOperator
    values: Sequence[Any] = ()
    """Numbers, texts, True or False; whole numbers from 2**53 on need ``numeric_text``."""
    numeric_text: bool = False
    """Whether text that is written as a number counts as the number, here and in calls."""


@dataclass(frozen=True)
class RuleSplit:
    """A split of a rule's calls."""

    weights: Mapping[str, float]
    """Relative numbers, 0 to 100, by the names of variants."""


@dataclass(frozen=True)
class FeatureRule:
    """One rule: where calls go of which all conditions hold."""

    name: str
    conditions: Sequence[RuleCondition]
    variant: str | None = None
    """The variant that its calls go to; None where they are split."""
    split: RuleSplit | None = None
    priority: int = 0
    """Rules of lower numbers are tried first, those of the same one in their order."""


@dataclass(frozen=True)
class FeatureRules:
    """The rules of a router, of which the first that takes a call decides it."""

    rules: Sequence[FeatureRule] = ()
    default_variant: str = ""
    """The variant for calls that no rule takes; empty splits them by the weights of the variants."""
    rule_features: Sequence[str] = ()
    """Features that calls bring for the rules alone, and no model takes."""
    warnings: Sequence[str] = ()
    """What is odd about the rules; the server's to say."""


class RuleMissReason(StrEnum):
    """Why a condition does not hold."""

    UNSPECIFIED = "unspecified"
    DIFFERS = "differs"
    MISSING = "missing"
    KIND = "kind"


@dataclass(frozen=True)
class RuleMiss:
    """A rule that does not take a call, by its first condition that does not hold."""

    rule: str
    condition: int
    """From 0."""
    feature: str
    operator: RuleOperator
    reason: RuleMissReason
    description: str
    value: Any = None
    """What was there."""


@dataclass(frozen=True)
class RoutingPropensity:
    """With what probability a call goes to a variant."""

    variant: str
    propensity: float


@dataclass(frozen=True)
class RoutingExplanation:
    """How a router would decide a call."""

    router_id: str
    rule: str
    """The rule that takes the call; empty for the default, and for routers without rules."""
    reason: DecisionReason
    variant: str
    """Empty where it would be drawn anew for each request."""
    propensities: Sequence[RoutingPropensity]
    misses: Sequence[RuleMiss] = ()
    """The rules that were tried and do not take the call, in their order."""
    slot: int | None = None
    generation: int = 0


@dataclass(frozen=True)
class TrafficOverride:
    """Everything to one variant for a while; calls that name their variant stay with it."""

    variant: str
    expire_time: datetime | None
    """When it ends by itself."""
    reason: str = ""
    user_id: str = ""
    """Who set it."""
    create_time: datetime | None = None


@dataclass(frozen=True)
class Router:
    """What clients call by name instead of a model. From ``status`` on, fields are the server's to set."""

    router_id: str
    display_name: str = ""
    description: str = ""
    tags: Sequence[str] = ()
    strategy: Strategy = Strategy.WEIGHTED
    variants: Sequence[Variant] = ()
    sticky: bool | None = None
    """Whether an entity keeps its variant; None means that it does, but for bandits."""
    version_pinning: VersionPinning = VersionPinning.UNSPECIFIED
    answer_router_name: bool = False
    default_timeout: timedelta | None = None
    record_predictions: bool = True
    recording: Recording | None = None
    metrics: Sequence[MetricDefinition] = ()
    allow_feedback_corrections: bool = False
    allow_single: bool = False
    """Whether one enabled variant is enough; otherwise at least two must be."""
    fallback: Fallback = Fallback.UNSPECIFIED
    """Where calls of a variant go that no live backend serves; unspecified means nowhere."""
    shadow_share: float = 1.0
    """The share of calls whose copies go to the shadows, 0 to 1; of entities where calls bring them."""
    feature_rules: FeatureRules | None = None
    """The rules by which it decides; of routers with this strategy."""
    canary: Canary | None = None
    """How much the canary gets; of routers with this strategy."""
    bandit: Bandit | None = None
    """What it learns by; of routers with this strategy."""
    permissions: RouterPermissions | None = None
    owner: str = ""
    status: RouterStatus = RouterStatus.UNSPECIFIED
    status_message: str = ""
    endpoint: str = ""
    generation: int = 0
    etag: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None
    deploy_time: datetime | None = None
    traffic_override: TrafficOverride | None = None
    """Sends everything to one variant for a while."""


class RevisionKind(StrEnum):
    """What was done when a revision was made."""

    UNSPECIFIED = "unspecified"
    IMPORTED = "imported"
    CREATED = "created"
    UPDATED = "updated"
    REWEIGHTED = "reweighted"
    TOGGLED = "toggled"
    PERMISSIONS = "permissions"
    DEPLOYED = "deployed"
    STARTED = "started"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETED = "deleted"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class VariantSlots:
    """A variant and how many of the 10,000 slots it has."""

    variant: str
    slots: int


@dataclass(frozen=True)
class RouterRevision:
    """A published definition of a router, and how it came about."""

    router_id: str
    revision: int
    generation: int
    last_generation: int
    """Records whose router generation lies between the two were decided by this revision."""
    kind: RevisionKind
    user_id: str
    """Who did it; empty for the server itself."""
    time: datetime | None
    key_id: str = ""
    summary: str = ""
    """What is different from the revision before, in words."""
    comment: str = ""
    source_revision: int = 0
    """The revision whose split a rollback gave back; 0 for other kinds."""
    current: bool = False
    variants: Sequence[Variant] = ()
    definition: Router | None = None
    """What else was published; in lists None, as what follows is empty."""
    salt: bytes = b""
    slot_runs: Sequence[int] = ()
    """The 10,000 slots as runs: index in ``variants`` and length in turn."""
    slot_counts: Sequence[VariantSlots] = ()


@dataclass(frozen=True)
class Rollback:
    """A router that has the split of a former revision again."""

    router: Router
    revision: int
    """The new revision; 0 when it was only checked."""
    moved_share: float
    """The share of entities that went to another variant, 0 to 1."""
    moved_slots: int


@dataclass(frozen=True)
class Deployment:
    """What came of putting a router into service."""

    router: Router
    """The router, running or failed."""
    endpoint: str
    """The endpoint to call; empty when it failed."""


@dataclass(frozen=True)
class CanaryChange:
    """A canary router after a change."""

    router: Router
    moved_share: float
    """The share of entities that went to another variant, 0 to 1."""
    moved_slots: int


@dataclass(frozen=True)
class VariantWeights:
    """The variants after a change of weights."""

    router_id: str
    variants: Sequence[Variant]
    moved_share: float
    """The share of entities that went to another variant, 0 to 1."""
    moved_slots: int
    generation: int
    etag: str
