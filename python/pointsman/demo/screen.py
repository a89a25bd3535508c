"""Shows the demo: a live table on a terminal, the same table now and then anywhere else."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from pointsman.client import BanditMetrics, RouterMetrics
    from pointsman.demo.tally import Tally

LIVE_SECONDS = 0.25
PRINT_SECONDS = 4.0


class Screen:
    """Where the demo writes."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, width=120)

    def say(self, text: str) -> None:
        """Writes a line."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, doing: str) -> Iterator[Callable[[str], None]]:
        """Shows that a step is under way, and at its end what came of it and how long it took.

        Args:
            doing: What is being done.

        Yields:
            A function that says what came of it.
        """
        outcome = [doing]
        started = time.monotonic()
        if not self.console.is_terminal:
            self.say(f"  {doing} …")
        with self.console.status(doing):
            yield lambda text: outcome.__setitem__(0, text)
        self.say(f"✓ {outcome[0]} ({time.monotonic() - started:.1f} s)")

    @asynccontextmanager
    async def live(self, render: Callable[[], Table]) -> AsyncIterator[None]:
        """Keeps a table on show while the context lasts."""
        if self.console.is_terminal:
            with Live(render(), console=self.console, auto_refresh=False) as live:
                task = asyncio.create_task(_repeat(LIVE_SECONDS, lambda: live.update(render(), refresh=True)))
                try:
                    yield
                finally:
                    task.cancel()
                    live.update(render(), refresh=True)
            return
        task = asyncio.create_task(_repeat(PRINT_SECONDS, lambda: self.console.print(render())))
        try:
            yield
        finally:
            task.cancel()
            self.console.print(render())


async def _repeat(seconds: float, act: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        act()


def traffic_table(
    title: str, tally: Tally, shares: Mapping[str, float], metrics: RouterMetrics | None
) -> Table:
    """Makes the table of the variants.

    Args:
        title: What stretch of time it shows.
        tally: What the client counted.
        shares: The configured share of each variant.
        metrics: What the server says it added, if it was asked.

    Returns:
        The table: latencies as the client saw them, added latency as the server measured it.
    """
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in (
        "variant",
        "requests",
        "configured",
        "served",
        "errors",
        "p50",
        "p99",
        "added p50",
        "accuracy",
    ):
        table.add_column(heading, justify="left" if heading == "variant" else "right")
    figures = {variant.variant: variant for variant in metrics.variants} if metrics else {}
    for name, seen in tally.variants.items():
        served = figures.get(name)
        accuracy = seen.accuracy
        table.add_row(
            name,
            str(seen.requests),
            f"{shares[name]:.1%}",
            f"{tally.served_share(name):.1%}",
            str(served.error_count) if served else "–",
            f"{seen.quantile_seconds(0.5) * 1e3:.2f} ms",
            f"{seen.quantile_seconds(0.99) * 1e3:.2f} ms",
            f"{served.overhead.p50_seconds * 1e6:.0f} µs" if served else "–",
            f"{accuracy:.2%}" if accuracy is not None else "–",
        )
    return table


def arms_table(tally: Tally, learnt: BanditMetrics | None) -> Table:
    """Makes the table of a bandit's arms.

    Args:
        tally: What the client counted.
        learnt: What the server says it has learnt, if it was asked.
    """
    table = Table(title=_told(tally, learnt), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("arm", "calls", "feedback", "share now", "best", "mean reward", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "arm" else "right")
    arms = {arm.variant: arm for arm in learnt.arms} if learnt else {}
    for name, seen in tally.variants.items():
        arm = arms.get(name)
        is_known = arm is not None and None not in (arm.mean, arm.mean_low, arm.mean_high)
        table.add_row(
            name,
            str(seen.requests),
            str(seen.feedback),
            f"{arm.share:.1%}" if arm is not None and arm.share is not None else "–",
            f"{arm.best_probability:.1%}" if arm is not None and arm.best_probability is not None else "–",
            f"{arm.mean:.3f}" if is_known and arm is not None else "–",
            f"{arm.mean_low:.3f} to {arm.mean_high:.3f}" if is_known and arm is not None else "–",
        )
    return table


def _told(tally: Tally, learnt: BanditMetrics | None) -> str:
    """Says what was lost beside always the best arm, and what an even split would have lost."""
    means = [arm.mean for arm in learnt.arms if arm.mean is not None] if learnt else []
    if learnt is None or learnt.regret is None or not means:
        return "A bandit at work"
    even = tally.requests * (max(means) - sum(means) / len(means))
    return f"A bandit at work: regret {learnt.regret:.1f} right answers, an even split's {even:.1f}"


def plain_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Makes a table of what a query answered; the first column names the rows."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for value in row))
    return table
