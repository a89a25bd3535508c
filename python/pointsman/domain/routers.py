"""Routers and their variants."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.domain.metrics import MetricDefinition
from pointsman.domain.overrides import TrafficOverride
from pointsman.domain.permissions import Permissions
from pointsman.domain.recording import Recording
from pointsman.domain.router_settings import setting, settings_of
from pointsman.domain.strategies.policy import Policy, Strategy
from pointsman.domain.strategies.weighted import Weighted
from pointsman.domain.variants import Variant, pickable, shadows

SLOT_COUNT = 10_000
INCARNATIONS = 2**49
"""Incarnations are numbers below: seven bytes in a prediction id, and exact wherever numbers are doubles."""
SALT_BYTES = 16


class RouterStatus(StrEnum):
    """Where a router stands in its life."""

    REGISTERED = "registered"
    DEPLOYING = "deploying"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


class Fallback(StrEnum):
    """Where calls of a variant go that no live backend serves."""

    NONE = "none"
    CONTROL = "control"
    ANY_HEALTHY = "any_healthy"


class VersionPinning(StrEnum):
    """What a caller's model_version means to a router."""

    ALLOW = "allow"
    IGNORE = "ignore"


@dataclass(frozen=True)
class SlotTable:
    """Whose each of a router's slots is, by the names of its variants, whatever their order.

    Attributes:
        names: The variants' names.
        slot_runs: Index in ``names`` and length in turn; the lengths add up to 10,000.
    """

    names: tuple[str, ...]
    slot_runs: tuple[int, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many slots each variant has that has any."""
        counts: Counter[str] = Counter()
        for index, length in zip(self.slot_runs[::2], self.slot_runs[1::2], strict=True):
            counts[self.names[index]] += length
        return dict(counts)

    def runs_for(self, names: Sequence[str]) -> tuple[int, ...]:
        """Answers the runs with the indices of another list of variants."""
        return renumbered_runs(self.slot_runs, self.names, names)


@dataclass(frozen=True)
class Router:
    """A named split of traffic between variants.

    Attributes:
        policy: The strategy by which it picks one, with what that needs.
        default_timeout_ms: The deadline of calls that bring none; 0 means the server's default.
        metrics: What feedback brings; without any, every metric is taken as a number.
        allow_feedback_corrections: Whether a later value of feedback replaces an earlier one.
        allow_single: Whether one enabled variant is enough; a rollback to a split of one gives it back, too.
        fallback: Where calls of a variant go that no live backend serves; they are in no statistics then.
        shadow_share: The share of calls whose copies go to the shadows; of entities where calls bring them.
        traffic_override: Sends everything to one variant for a while; not of the strategy's doing.
        serving: Whether the data plane serves it. True for the short while between publishing a deployment
            and saying ``running``.
        slot_runs: The 10,000 slots as variant index and length in turn.
        revision: Counts changes; the etag shows it.
        changed_generation: The generation in which it last changed.
        row_key: The store's own key, so that a later router of the same id is another; 0 before storing.
    """

    router_id: str
    variants: tuple[Variant, ...]
    policy: Policy = field(default_factory=Weighted)
    display_name: str = setting("", is_published=False)
    description: str = setting("", is_published=False)
    tags: tuple[str, ...] = ()
    sticky: bool = setting(True, decides_calls=True)
    version_pinning: VersionPinning = setting(VersionPinning.ALLOW, decides_calls=True)
    answer_router_name: bool = setting(False, decides_calls=True)
    default_timeout_ms: int = setting(0, decides_calls=True)
    record_predictions: bool = setting(True)
    recording: Recording = field(default_factory=Recording)
    metrics: tuple[MetricDefinition, ...] = ()
    allow_feedback_corrections: bool = setting(False)
    allow_single: bool = setting(False, decides_calls=True)
    fallback: Fallback = setting(Fallback.NONE, decides_calls=True)
    shadow_share: float = setting(1.0)
    permissions: Permissions = field(default_factory=Permissions)
    traffic_override: TrafficOverride | None = None
    owner: str = ""
    status: RouterStatus = RouterStatus.REGISTERED
    status_message: str = ""
    serving: bool = False
    salt: bytes = b""
    slot_runs: tuple[int, ...] = ()
    revision: int = 1
    changed_generation: int = 0
    create_time_us: int = 0
    incarnation: int = 0
    update_time_us: int = 0
    deploy_time_us: int | None = None
    row_key: int = 0

    @property
    def etag(self) -> str:
        """Names this state; another after every change, and for a later router of the same id."""
        return f"{self.row_key:x}-{self.revision:x}"

    @property
    def strategy(self) -> Strategy:
        """How it picks a variant."""
        return self.policy.strategy

    @property
    def enabled_variants(self) -> tuple[Variant, ...]:
        """The variants that take part, shadows too."""
        return tuple(variant for variant in self.variants if variant.enabled)

    @property
    def pickable_variants(self) -> tuple[Variant, ...]:
        """The variants that calls may go to."""
        return pickable(self.variants)

    @property
    def shadows(self) -> tuple[Variant, ...]:
        """The variants that get copies, enabled or not."""
        return shadows(self.variants)

    @property
    def slot_table(self) -> SlotTable:
        """Whose each slot is."""
        return SlotTable(tuple(variant.name for variant in self.variants), self.slot_runs)

    def variant(self, name: str) -> Variant | None:
        """Finds a variant by its name."""
        return next((variant for variant in self.variants if variant.name == name), None)


ROUTER_SETTINGS = settings_of(Router)
"""The scalars of a router that its users set."""


def effective_shares(router: Router) -> tuple[float, ...]:
    """Answers each variant's share of calls, as receipts and records say it.

    Of a sticky router it is the share of the slots, for entities keep whole slots: a weight may be finer. Its
    calls without an entity are drawn by the shares that the policy gives, as all calls of other routers are.
    Those of a bandit that is not sticky are no part of its definition, and 0 here: who decides by it knows
    them.
    """
    if router.strategy is Strategy.BANDIT and not router.sticky:
        return (0.0,) * len(router.variants)
    slot_count = sum(router.slot_runs[1::2])
    if not router.sticky or not slot_count:
        return router.policy.shares(router.variants)
    counts = router.slot_table.counts
    return tuple(counts.get(variant.name, 0) / slot_count for variant in router.variants)


def expected_shares(router: Router) -> dict[str, float]:
    """Answers the share of calls that each variant should get; all 0 where it depends on the call."""
    shares = effective_shares(router) if router.policy.splits_alike else (0.0,) * len(router.variants)
    return {variant.name: share for variant, share in zip(router.variants, shares, strict=True)}


def renumbered_runs(slot_runs: Sequence[int], before: Sequence[str], after: Sequence[str]) -> tuple[int, ...]:
    """Rewrites the variant indices of a slot table for another list of variants, going by their names.

    Variants that went away get indices beyond the new list, so that their slots are given to others.

    Args:
        slot_runs: Variant index and length in turn.
        before: The names of the variants that the indices stand for.
        after: The names of those that they shall stand for.
    """
    places = {name: index for index, name in enumerate(after)}
    gone = len(after)
    index_after: list[int] = []
    for name in before:
        place = places.get(name)
        if place is None:
            place, gone = gone, gone + 1
        index_after.append(place)
    return tuple(
        index_after[value] if position % 2 == 0 else value for position, value in enumerate(slot_runs)
    )
