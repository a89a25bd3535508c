"""What a changed definition's reward would have been, from recorded calls and their feedback."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError
from pointsman.cli.output import printing
from pointsman.cli.records.changed_rules import ChangedRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pointsman.client import Client, PredictionRecord
    from pointsman.domain.measures.off_policy import Estimate, PolicyValue, SharesByGroup

MOST_CALLS = 1_000_000
"""Their rewards are held in memory here."""
PAGE_ROWS = 1000
_DECIDED = ("entity", "request")
_BY_RULES = ("rule", "default")
"""These may have picked without a draw, with probability 1."""
_SET_ASIDE = ("pin", "fallback", "override")
"""Calls whose variant no policy picked."""


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        metric: The metric whose values are rewards.
        missing: The reward of calls without feedback; None leaves them out.
        features: The features that rewards may depend on; numbers in every call.
    """

    router_id: str
    start: datetime | None
    end: datetime | None
    metric: str
    missing: float | None
    features: Sequence[str] = ()


@dataclass
class _Read:
    """Calls with their rewards, column by column."""

    variants: list[str] = field(default_factory=list)
    propensities: list[float] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    eligible: list[frozenset[str]] = field(default_factory=list)
    features: list[list[float]] = field(default_factory=list)
    read_by_rules: list[tuple[Any, ...]] = field(default_factory=list)
    left_out: int = 0


def policy_of(file: str, router_id: str) -> Mapping[str, float] | ChangedRules:
    """Reads the share of each variant from a definition of a router, or its rules.

    Args:
        file: The file, as ``pointsman apply`` takes it.
        router_id: The router that is replayed; of several definitions it is the one of this id.

    Raises:
        CommandError: The file holds no valid definition of the router.
    """
    from pointsman.control.convert.routers import router_from
    from pointsman.definitions.files import read_files
    from pointsman.domain.strategies.rules import FeatureRules
    from pointsman.errors import PointsmanError

    found = read_files([file])
    if found.faults:
        raise CommandError("\n".join(str(fault) for fault in found.faults))
    for document in found.documents:
        if document.definition.WhichOneof("object") == "router" and (
            document.definition.router.router_id == router_id
        ):
            try:
                router = router_from(document.definition.router)
            except PointsmanError as error:
                raise CommandError(f"{file}: {error}") from error
            if isinstance(router.policy, FeatureRules):
                return ChangedRules(file, document.definition.router, router)
            if not router.policy.splits_alike:
                raise CommandError(
                    f"--changed: {file} splits calls by {router.strategy}, by what is not known of them; "
                    "only definitions with the same shares for every call, or with rules, can be estimated"
                )
            shares = router.policy.shares(router.variants)
            return dict(zip((variant.name for variant in router.variants), shares, strict=True))
    raise CommandError(f"--changed: {file} holds no definition of router {router_id}")


def estimate(client: Client, question: Question, policy: Mapping[str, float] | ChangedRules) -> PolicyValue:
    """Reads the calls and estimates what the policy's mean reward would have been.

    Args:
        client: Who reads.
        question: Which calls, and what their reward is.
        policy: The share of each variant under the changed definition, or its rules.

    Raises:
        CommandError: The calls tell too little of it.
    """
    import numpy as np

    from pointsman.domain.measures.off_policy import NotEstimableError, RewardedCalls, policy_value

    rules = policy if isinstance(policy, ChangedRules) else None
    if rules is not None:
        rules.check_features(client, question.router_id)
    read = _read(client, question, rules)
    calls = RewardedCalls(
        read.variants,
        read.propensities,
        read.rewards,
        read.units,
        Counter(read.eligible),
        np.array(read.features) if question.features and read.features else None,
    )
    try:
        shares = policy if not isinstance(policy, ChangedRules) else _shares_by_rule(policy, read)
        return policy_value(calls, shares)
    except NotEstimableError as error:
        raise CommandError(f"cannot be estimated: {error}") from error


def _shares_by_rule(rules: ChangedRules, read: _Read) -> SharesByGroup:
    from pointsman.domain.measures.off_policy import SharesByGroup

    if read.left_out:
        commandline.echo(
            f"warning: {read.left_out} calls are left out, whose features are not recorded; that is right "
            "where the router records features of a random part of calls",
            err=True,
        )
    for warning in rules.missing(read.read_by_rules):
        commandline.echo(f"warning: {warning}", err=True)
    groups = rules.groups(read.read_by_rules)
    support: list[Counter[frozenset[str]]] = [Counter() for _ in rules.shares]
    for group, eligible in zip(groups, read.eligible, strict=True):
        support[group][eligible] += 1
    return SharesByGroup(rules.shares, groups, support)


def show(found: PolicyValue, metric: str) -> None:
    """Writes estimates for people."""
    rows = [
        _row("as it was decided", found.observed),
        _row("changed, inverse propensity", found.inverse_propensity),
        _row("changed, self-normalised", found.self_normalised),
        _row("changed, doubly robust", found.doubly_robust),
    ]
    printing.print_table([f"MEAN {metric.upper()}", ">ESTIMATE", ">95% LOW", ">95% HIGH"], rows)
    commandline.echo("")
    printing.print_facts(
        [
            ("calls with a reward", found.call_count),
            ("units", found.unit_count),
            ("effective units", f"{found.effective_unit_count:.0f}"),
            ("largest weight", printing.rounded(found.largest_weight)),
        ]
    )


def _row(name: str, found: Estimate) -> list[str]:
    return [name, *(f"{number:.5g}" for number in (found.value, found.low, found.high))]


def _read(client: Client, question: Question, rules: ChangedRules | None) -> _Read:
    read = _Read()
    records = client.routers.predictions(
        question.router_id,
        start_time=question.start,
        end_time=question.end,
        has_feedback=True if question.missing is None else None,
        page_size=PAGE_ROWS,
    )
    with printing.telling_partial_records(), printing.progress("reading rewards", "calls", None) as add:
        for record in records:
            add(1)
            reward = _reward(record, question)
            if reward is None or not _is_decided(record):
                continue
            if rules is not None and record.features_content == "none":
                read.left_out += 1
                continue
            if len(read.rewards) == MOST_CALLS:
                raise CommandError(
                    f"there are more than {MOST_CALLS} calls with a reward; take a shorter window"
                )
            _add(read, record, reward, question.features)
            if rules is not None:
                read.read_by_rules.append(rules.values_of(record))
    return read


def _is_decided(record: PredictionRecord) -> bool:
    """Whether a policy picked its variant."""
    if record.reason in _SET_ASIDE:
        return False
    return record.randomised_by in _DECIDED or record.reason in _BY_RULES


def _add(read: _Read, record: PredictionRecord, reward: float, features: Sequence[str]) -> None:
    read.variants.append(record.variant)
    read.propensities.append(record.propensity)
    read.rewards.append(reward)
    read.units.append(_unit(record))
    read.eligible.append(frozenset(one.variant for one in record.eligible_variants if one.propensity > 0))
    if features:
        read.features.append([_number(record, name) for name in features])


def _reward(record: PredictionRecord, question: Question) -> float | None:
    for value in record.feedback:
        if value.metric == question.metric and value.row == record.row:
            return value.value
    return question.missing


def _unit(record: PredictionRecord) -> str:
    """Answers what was randomised; where the entity is not recorded, its slot, which is all that decided."""
    if record.randomised_by != "entity":
        return record.prediction_id
    return f"entity {record.entity_id}" if record.entity_id else f"slot {record.slot}"


def _number(record: PredictionRecord, name: str) -> float:
    value: Any = record.features.get(name)
    if isinstance(value, (int, float)) and value == value:
        return float(value)
    raise CommandError(
        f"--feature: {name} is {value!r} in prediction {record.prediction_id}; only features that are "
        "numbers in every call can be used"
    )
