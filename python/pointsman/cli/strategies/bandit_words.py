"""What the command says of bandits: what they learn by, and what they have learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.cli.line import commandline
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.client import ArmMetrics, Bandit, BanditMetrics, RewardTerm, StickyMetrics


def show_learnt(found: BanditMetrics) -> None:
    """Writes what a bandit has learnt, one line for each arm."""
    reward = reward_in_words(found.metric, found.reward_terms)
    commandline.echo(f"learnt by {found.algorithm} from {reward}, epoch {found.epoch}, by now")
    commandline.echo()
    printing.print_table(
        [
            "#ARM",
            *([] if found.sticky is None else [">ENTITIES"]),
            ">SHARE" if found.sticky is None else ">OTHERS",
            ">BEST",
            ">MEAN",
            ">95 % INTERVAL",
            ">REWARDS",
            ">CALLS",
        ],
        (_arm_row(arm, is_sticky=found.sticky is not None) for arm in found.arms),
    )
    if found.sticky is not None:
        commandline.echo(_slots_in_words(found.sticky))
    if found.regret is not None:
        commandline.echo(f"expected regret so far: {printing.rounded(found.regret)} of {reward}")
    for line in _terms_in_words(found):
        commandline.echo(line)


def reward_in_words(metric: str, terms: Sequence[RewardTerm]) -> str:
    """Says what a reward is, for example ``conversion - 0.2 × latency (s)``.

    Args:
        metric: The one metric that it is.
        terms: What it is the sum of, in place of that.
    """
    if not terms:
        return metric
    told = ""
    for term in terms:
        sign = (" - " if told else "-") if term.weight < 0 else (" + " if told else "")
        size = abs(term.weight)
        told += sign + (_name_of(term) if size == 1 else f"{printing.exact(size)} × {_name_of(term)}")
    return told


def _name_of(term: RewardTerm) -> str:
    if term.cost is None:
        return term.metric or "–"
    return {"error": "error", "latency": "latency (s)"}.get(term.cost.value, term.cost.value)


def _terms_in_words(found: BanditMetrics) -> list[str]:
    """Says what each term adds to the reward of each arm, and by how many values that is known."""
    told = []
    for arm in found.arms:
        parts = [
            f"{_name_of(term)} "
            + ("–" if known.contribution is None else f"{known.contribution:+.4g}")
            + f" ({printing.rounded(known.count)})"
            for term, known in zip(found.reward_terms, arm.terms, strict=False)
        ]
        if parts:
            told.append(f"{arm.variant}: {', '.join(parts)}")
    return ["what each term adds (by how many values):", *told] if told else []


def in_words(bandit: Bandit | None) -> str:
    """Says in a line what a bandit learns by; nothing of none."""
    if bandit is None:
        return ""
    algorithms = ("thompson_beta", "thompson_normal", "ucb1", "epsilon_greedy")
    algorithm = next((name for name in algorithms if getattr(bandit, name) is not None), algorithms[0])
    reward = reward_in_words(bandit.metric, bandit.reward_terms)
    told = [f"{algorithm} by {reward}", f"epoch {bandit.epoch}"]
    if bandit.uniform_slice:
        told.append(f"uniform slice {printing.percent(bandit.uniform_slice)}")
    elif bandit.exploration_floor is not None:
        told.append(f"floor {printing.percent(bandit.exploration_floor)}")
    if bandit.half_life is not None:
        told.append(f"half-life {bandit.half_life.total_seconds():g} s")
    if bandit.warm_up_pulls:
        told.append(f"warm-up {bandit.warm_up_pulls} calls")
    if bandit.feedback_window is not None:
        told.append(f"feedback within {bandit.feedback_window.total_seconds():g} s")
    if bandit.missing_reward is not None:
        told.append(f"missing counts {printing.exact(bandit.missing_reward)}")
    told += [
        f"missing {term.metric} counts {printing.exact(term.missing)}"
        for term in bandit.reward_terms
        if term.missing is not None
    ]
    if bandit.sticky_update_interval is not None:
        told.append(f"slots for {bandit.sticky_update_interval.total_seconds():g} s at least")
    return ", ".join(told)


def _slots_in_words(slots: StickyMetrics) -> str:
    """Says how many entities went to another variant when slots last followed what was learnt."""
    following = printing.local_time(slots.next_update_time)
    if slots.update_time is None:
        return f"no entity has moved in this epoch; slots may follow from {following}"
    return (
        f"{printing.percent(slots.moved_share)} of entities moved at "
        f"{printing.local_time(slots.update_time)}, {slots.epoch_moved_slots} slots in this epoch; "
        f"they may follow again from {following}"
    )


def _arm_row(arm: ArmMetrics, *, is_sticky: bool) -> list[str]:
    interval = "–"
    if arm.mean_low is not None and arm.mean_high is not None:
        interval = f"{printing.rounded(arm.mean_low)} to {printing.rounded(arm.mean_high)}"
    return [
        arm.variant,
        *([_percent(arm.slot_share)] if is_sticky else []),
        _percent(arm.share),
        _percent(arm.best_probability),
        "–" if arm.mean is None else printing.rounded(arm.mean),
        interval,
        printing.rounded(arm.reward_count),
        str(arm.pulls),
    ]


def _percent(part: float | None) -> str:
    return "–" if part is None else printing.percent(part)
