"""What the command says of bandits: ``pointsman routers reset-learning``, and what they have learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli import arguments, commandline, printing
from pointsman.cli.context import context_of
from pointsman.cli.routers import Etag, RouterId

if TYPE_CHECKING:
    from pointsman.client import ArmMetrics, Bandit, BanditMetrics

app = commandline.Group()


@app.command("reset-learning")
def reset_learning(
    context: commandline.Context,
    router_id: RouterId,
    reason: Annotated[str, commandline.Option(help="Why, for the history.")] = "",
    etag: Etag = "",
    yes: arguments.Yes = False,
) -> None:
    """Let a bandit begin anew: what it learnt counts no more, and its shares are even again."""
    options = context_of(context)
    if not yes:
        arguments.confirm(f"Let {router_id} forget what it learnt? It cannot be undone")
    with options.connect() as client:
        router = client.routers.reset_learning(router_id, reason=reason, etag=etag)
    if options.as_json:
        printing.print_json(router)
    else:
        epoch = router.bandit.epoch if router.bandit else 0
        commandline.echo(f"{router_id} begins anew, in epoch {epoch}")


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
