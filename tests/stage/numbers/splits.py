"""Whether splits worked, computed from a client's log with SciPy: what the server's p-values must be."""

from collections import Counter
from collections.abc import Iterable

from scipy import stats

from .client_log import Call, ClientLog

LEAST_EXPECTED = 5.0
"""A split of two variants of which fewer are expected tells nothing."""


def units_of(log: ClientLog, decided: Iterable[Call]) -> dict[tuple[int, bool], list[Call]]:
    """Answers the calls that count as independent units, by split and whether entities are drawn.

    An entity of a sticky router counts where it came first; so does each call that was drawn by itself.

    Args:
        log: The client's log.
        decided: The calls that the router decided, oldest first.
    """
    found: dict[tuple[int, bool], list[Call]] = {}
    known: set[str] = set()
    for call in decided:
        by_entity = log.sticky and bool(call.entity_id)
        if by_entity and call.entity_id in known:
            continue
        known |= {call.entity_id} if by_entity else set()
        found.setdefault((call.split, by_entity), []).append(call)
    return found


def p_value_of(
    log: ClientLog, decided: Iterable[Call], variants: tuple[str, str]
) -> tuple[float | None, int]:
    """Answers the p-value of Pearson's test over all splits, and how many of them it is of.

    Args:
        log: The client's log.
        decided: The calls that the router decided, oldest first.
        variants: The two variants.
    """
    statistic, compared = 0.0, 0
    for calls in units_of(log, decided).values():
        one = calls[0]
        share = one.propensity if one.variant == variants[0] else 1 - one.propensity
        counts = [sum(call.variant == variant for call in calls) for variant in variants]
        test = _test(counts, [share, 1 - share])
        if test is not None:
            statistic += test
            compared += 1
    return (float(stats.chi2.sf(statistic, compared)) if compared else None), compared


def live_p_value_of(log: ClientLog, decided: Iterable[Call], life: int) -> float | None:
    """Answers the p-value of what a server counted: of calls that were each drawn, from a split that stayed.

    Args:
        log: The client's log.
        decided: The calls that the router decided in this life.
        life: The server's life.
    """
    if log.sticky or log.split_life >= life:
        return None
    total = sum(log.weights.values())
    counts = Counter(call.variant for call in decided)
    test = _test(
        [counts[variant] for variant in log.weights], [weight / total for weight in log.weights.values()]
    )
    return None if test is None else float(stats.chi2.sf(test, 1))


def _test(counts: list[int], shares: list[float]) -> float | None:
    expected = [sum(counts) * share for share in shares]
    if min(expected) < LEAST_EXPECTED:
        return None
    return float(stats.chisquare(counts, expected).statistic)
