"""What a bandit needs of its router. All numbers, and what thompson_beta needs, are checked by the core."""

from collections.abc import Sequence

from pointsman.domain.metrics import MetricDefinition
from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.policy import Policy
from pointsman.domain.violations import Violations, shown


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
    if sticky:
        found.add(
            f"{field}.sticky",
            "a bandit's shares move with every reward, so no entity keeps its variant; leave sticky false",
        )
    names = [metric.name for metric in metrics]
    # What thompson_beta needs is more than that, and the core's to say.
    if names and policy.metric not in names and not policy.takes_rates_only:
        known = ", ".join(map(shown, names))
        found.add(
            f"{field}.{policy.field}.metric",
            f"{shown(policy.metric)} is none of the router's metrics, {known}; name one of them, or declare "
            "it, too",
        )
