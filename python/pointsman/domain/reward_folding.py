"""Makes one reward of the sums of several terms: what a sum's mean is, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.domain.reward_sums import RewardSums
from pointsman.domain.strategies.reward_terms import RewardTerm


@dataclass(frozen=True)
class TermSums:
    """What is known of one term of an arm.

    Attributes:
        term: The term.
        sums: Its own values, before they are weighed.
    """

    term: RewardTerm
    sums: RewardSums

    @property
    def contribution(self) -> float | None:
        """What it adds to the mean of the reward; None where it has no value yet."""
        return self.term.weight * self.sums.mean if self.sums.count > 0 else None


def folded(terms: Sequence[TermSums]) -> RewardSums:
    """Answers rewards that are to the sum of terms what each term's values are to it.

    The mean is the weighted sum of the terms' means, and its squared standard error the sum of theirs times
    the squared weights, as of terms that are independent of each other. As many rewards stand for it as the
    metric has that came least often; of costs alone, as there are calls. Of a single term of weight 1, they
    are its own.

    Args:
        terms: All terms of the reward.

    Returns:
        The rewards, about their mean; none while any term has no value, for then the sum is not known.
    """
    if not terms or any(one.sums.count <= 0 for one in terms):
        return RewardSums(0.0, 0.0, 0.0, 0.0)
    metrics = [one for one in terms if one.term.cost is None]
    count = min(one.sums.count for one in metrics or terms)
    mean = sum(one.term.weight * one.sums.mean for one in terms)
    error = sum(_squared_error(one) for one in terms)
    return RewardSums(count, mean, 0.0, count * count * error)


def _squared_error(one: TermSums) -> float:
    """The squared standard error of what a term adds: weight² · variance / count."""
    relative = one.term.weight / one.sums.count
    return relative * relative * one.sums.squared_deviations
