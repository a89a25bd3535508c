"""What the command says of bandits: what they learn by, and what they have learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.cli import commandline, printing

if TYPE_CHECKING:
    from pointsman.client import ArmMetrics, Bandit, BanditMetrics


def show_learnt(found: BanditMetrics) -> None:
    """Writes what a bandit has learnt, one line for each arm."""
    commandline.echo(f"learnt by {found.algorithm} from {found.metric}, epoch {found.epoch}, by now")
    commandline.echo()
    printing.print_table(
        ["#ARM", ">SHARE", ">BEST", ">MEAN", ">95 % INTERVAL", ">REWARDS", ">CALLS"],
        (_arm_row(arm) for arm in found.arms),
    )
    if found.regret is not None:
        commandline.echo(f"expected regret so far: {printing.rounded(found.regret)} of {found.metric}")


def in_words(bandit: Bandit | None) -> str:
    """Says in a line what a bandit learns by; nothing of none."""
    if bandit is None:
        return ""
    algorithms = ("thompson_beta", "thompson_normal", "ucb1", "epsilon_greedy")
    algorithm = next((name for name in algorithms if getattr(bandit, name) is not None), algorithms[0])
    told = [f"{algorithm} by {bandit.metric}", f"epoch {bandit.epoch}"]
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
    return ", ".join(told)


def _arm_row(arm: ArmMetrics) -> list[str]:
    interval = "–"
    if arm.mean_low is not None and arm.mean_high is not None:
        interval = f"{printing.rounded(arm.mean_low)} to {printing.rounded(arm.mean_high)}"
    return [
        arm.variant,
        _percent(arm.share),
        _percent(arm.best_probability),
        "–" if arm.mean is None else printing.rounded(arm.mean),
        interval,
        printing.rounded(arm.reward_count),
        str(arm.pulls),
    ]


def _percent(part: float | None) -> str:
    return "–" if part is None else printing.percent(part)
