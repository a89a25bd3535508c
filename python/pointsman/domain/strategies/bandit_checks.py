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
    if sticky and policy.uniform_slice:
        found.add(
            f"{field}.{policy.field}.uniform_slice",
            f"{policy.uniform_slice:g} would be drawn for each call, and a sticky router's entities keep "
            "their variants; use exploration_floor, or set sticky to false",
        )
    if not sticky and policy.sticky_update_us is not None:
        found.add(
            f"{field}.{policy.field}.sticky_update_interval",
            "is how long entities keep their variants, and the router is not sticky; leave it out, or set "
            "sticky to true",
        )
    names = [metric.name for metric in metrics]
    # What thompson_beta needs is more than that, and the core's to say.
    if not names or policy.takes_rates_only:
        return
    known = ", ".join(map(shown, names))
    for path, metric in _named_metrics(policy):
        if metric and metric not in names:
            found.add(
                f"{field}.{policy.field}.{path}",
                f"{shown(metric)} is none of the router's metrics, {known}; name one of them, or declare "
                "it, too",
            )


def _named_metrics(policy: Bandit) -> list[tuple[str, str]]:
    """Answers the metrics that a bandit names, with the paths of the fields that do."""
    if not policy.terms:
        return [("metric", policy.metric)]
    terms = enumerate(policy.terms)
    return [(f"reward_terms[{place}].metric", term.metric) for place, term in terms if term.cost is None]
