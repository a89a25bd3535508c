"""What a bandit needs of its router: a metric whose values can be learnt from, and no sticky entities.

The numbers of algorithms, exploration and forgetting are checked by the core alone.
"""

import math
from collections.abc import Sequence

from pointsman.domain.metrics import MetricDefinition, MetricType, shown_number
from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.policy import Policy
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.domain.violations import Violations, shown

_WAY_OUT = (
    "declare it in metrics as binary, or as a number with min_value 0 and max_value 1, or use thompson_normal"
)


def note_bandit_faults(
    found: Violations, field: str, policy: Policy, metrics: Sequence[MetricDefinition], *, sticky: bool
) -> None:
    """Notes what is wrong with a bandit among the other settings of its router; of other policies nothing.

    Args:
        found: Takes the faults.
        field: The path of the router.
        policy: The router's.
        metrics: The metrics that it declares.
        sticky: Whether entities shall keep their variants.
    """
    if not isinstance(policy, Bandit):
        return
    path = f"{field}.{policy.field}"
    if sticky:
        found.add(
            f"{field}.sticky",
            "a bandit's shares move with every reward, so that no entity keeps its variant; leave sticky false",
        )
    found.check_id(f"{path}.metric", policy.metric)
    declared = next((metric for metric in metrics if metric.name == policy.metric), None)
    fault = _metric_fault(policy, declared, metrics)
    if fault:
        found.add(f"{path}.metric", fault)
    _note_missing(found, path, policy)


def _metric_fault(
    policy: Bandit, declared: MetricDefinition | None, metrics: Sequence[MetricDefinition]
) -> str:
    name = shown(policy.metric)
    if policy.takes_rates_only:
        if declared is None:
            return f"{name} is not declared, and thompson_beta takes rewards from 0 to 1 only; {_WAY_OUT}"
        if not _is_rate(declared):
            return f"{name} may be beyond 0 and 1, and thompson_beta takes no other rewards; {_WAY_OUT}"
    elif declared is None and metrics:
        known = ", ".join(shown(metric.name) for metric in metrics)
        return f"{name} is none of the router's metrics, {known}; name one of them, or declare it too"
    return ""


def _is_rate(metric: MetricDefinition) -> bool:
    """Whether all values that the router takes of a metric are from 0 to 1."""
    if metric.type is MetricType.BINARY:
        return True
    least = 0.0 if metric.type is MetricType.COUNT else metric.min_value
    if least is None or metric.max_value is None:
        return False
    return least >= 0.0 and metric.max_value <= 1.0


def _note_missing(found: Violations, path: str, policy: Bandit) -> None:
    window_us, missing = policy.feedback_window_us, policy.missing_reward
    if window_us is not None and window_us < MICROSECONDS_PER_SECOND:
        found.add(
            f"{path}.feedback_window",
            f"{window_us / MICROSECONDS_PER_SECOND:g}s is below 1s; leave it out to wait for ever",
        )
    if missing is None:
        return
    if window_us is None:
        found.add(
            f"{path}.feedback_window",
            "is not set; missing_reward needs it, to say after how long a reward is missing",
        )
    if policy.takes_rates_only and not 0.0 <= missing <= 1.0:
        found.add(
            f"{path}.missing_reward",
            f"{shown_number(missing)} is not between 0 and 1, and thompson_beta takes no other rewards",
        )
    elif not math.isfinite(missing):
        found.add(f"{path}.missing_reward", f"{missing} is not a finite number")
