"""The demo from beginning to end."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.client import AsyncClient, ClientError, RouterMetrics
from pointsman.demo.bandit_story import run_bandit
from pointsman.demo.checks import check_answered, check_counts, check_homes, check_moves
from pointsman.demo.dataset import TrainingResult
from pointsman.demo.drift.mail import MailCatcher, mail_settings
from pointsman.demo.drift.story import run_drift
from pointsman.demo.errors import DemoError
from pointsman.demo.lake_query import ask_lake, check_rows, write_query
from pointsman.demo.lines import command_path, try_line, write_lines
from pointsman.demo.plans import BANDIT, BANDIT_VERSIONS, DRIFT, PLANS, ROUTER, RULES, VERSIONS, Plan, Split
from pointsman.demo.polling import polled_metrics
from pointsman.demo.process import ServerProcess
from pointsman.demo.rules_story import run_rules
from pointsman.demo.screen import Screen, plain_table, traffic_table
from pointsman.demo.setting_up import set_up
from pointsman.demo.tally import Tally
from pointsman.demo.traffic import Traffic

if TYPE_CHECKING:
    from rich.table import Table

METRICS_SECONDS = 1.0


def run_demo(
    *, strategy: str, seed: int, duration_seconds: float, keep_running: bool, with_drift: bool
) -> None:
    """Runs the demo.

    Args:
        strategy: What is shown: one of :data:`~pointsman.demo.plans.PLANS`, ``bandit``, ``rules`` or
            ``drift``.
        seed: Makes training and traffic repeatable.
        duration_seconds: How long traffic is sent.
        keep_running: Whether the server stays up at the end, until Ctrl-C.
        with_drift: Whether drift is shown after the strategy; ``drift`` shows that alone.

    Raises:
        DemoError: Something failed, or the counts of client and server differ.
    """
    # Ended by whatever signal, the demo shall not leave its server behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    screen = Screen()
    folder = Path(tempfile.mkdtemp(prefix="pointsman-demo-"))
    models = folder / "data" / "models"
    models.mkdir(mode=0o700, parents=True)
    with ExitStack() as stack:
        catcher = stack.enter_context(MailCatcher()) if with_drift else None
        # It starts while models are trained: both have much to import.
        server = ServerProcess(folder, mail_settings(catcher.port) if catcher else {})
        stack.callback(server.kill)
        training = _train(screen, models, strategy, seed)
        with screen.step("Waiting for the server, which started meanwhile") as done:
            server.wait_until_ready()
            done(
                f"Started a server of its own: gRPC on {server.grpc}, HTTP on {server.http}, "
                f"data in {server.data_dir}"
            )
        try:
            counted = _show_strategy(screen, server, training, strategy, seed, duration_seconds)
            if catcher is not None:
                is_alone = counted is None
                asyncio.run(
                    run_drift(screen, server.grpc, training, seed, folder, catcher, is_alone=is_alone)
                )
        except ClientError as error:
            raise DemoError(f"{error}\nThe server's log is {server.log_path}") from error
        tried = _show_lines(screen, folder, server, training) if counted is not None else 0
        if keep_running:
            screen.say(f"\nThe server keeps running at {server.grpc}; Ctrl-C ends it.")
            _wait(server)
        server.stop()
        if counted is not None:
            _query_lake(screen, server, training, counted, tried)
        if not keep_running:
            screen.say(
                "\nThe server has ended. To paste the lines, bring it back with its data (or run with "
                f"--keep-running):\n{command_path()} serve --grpc {server.grpc} --http {server.http} "
                f"--data-dir {server.data_dir}"
            )


def _train(screen: Screen, models: Path, strategy: str, seed: int) -> TrainingResult:
    """Trains what the strategy shows, and says how good each model is."""
    versions = BANDIT_VERSIONS if strategy == BANDIT else VERSIONS
    with screen.step("Training models on the breast-cancer data") as done:
        from pointsman.demo.training import train  # takes seconds to import: let the step be seen

        training = train(models, seed, with_stump=strategy == BANDIT)
        told = ", ".join(
            f"{description} ({training.accuracies[file_name]:.1%} right)"
            for _, file_name, description in versions.values()
        )
        done(f"Trained {told}; exported as ONNX; {len(training.rows)} rows are held out for traffic")
    return training


def _show_strategy(
    screen: Screen,
    server: ServerProcess,
    training: TrainingResult,
    strategy: str,
    seed: int,
    duration_seconds: float,
) -> Tally | None:
    """Shows how a router splits traffic; answers what the client counted, None where drift is shown alone."""
    if strategy == DRIFT:
        return None
    has_own = strategy in _OWN_STORIES
    story = partial(_tell_own, strategy=strategy) if has_own else partial(_run, plan=PLANS[strategy])
    return asyncio.run(story(screen, server, training, seed, duration_seconds))


async def _run(
    screen: Screen,
    server: ServerProcess,
    training: TrainingResult,
    seed: int,
    duration_seconds: float,
    *,
    plan: Plan,
) -> Tally:
    """Sets the router up, sends traffic before and after the plan's change, and checks the counts."""
    async with AsyncClient(server.grpc) as client:
        with screen.step("Registering the models and deploying the router") as done:
            await set_up(client, training, plan.router, VERSIONS)
            done(
                f"Registered two model versions, created and deployed router {ROUTER!r}: {plan.first.title}, "
                "sticky on the patient"
            )
        traffic = Traffic(client, ROUTER, list(VERSIONS), training, seed)
        await _send(screen, client, traffic, plan.first, duration_seconds / 2)
        if plan.shadow:
            await _compare(screen, client, plan.shadow)
        first = await _change(screen, client, traffic, server, plan)
        await _send(screen, client, traffic, plan.second, duration_seconds / 2)
        second = traffic.begin_stretch()
        counted = Tally.of(list(VERSIONS))
        counted.add(first)
        counted.add(second)
        metrics = await check_counts(client, ROUTER, counted)
        _summarise(screen, counted, metrics)
        return counted


_OWN_STORIES = {BANDIT: run_bandit, RULES: run_rules}
"""Strategies whose demo is more than a split and a change of it."""


async def _tell_own(
    screen: Screen,
    server: ServerProcess,
    training: TrainingResult,
    seed: int,
    duration_seconds: float,
    *,
    strategy: str,
) -> Tally:
    """Runs the demo of a strategy that has one of its own."""
    async with AsyncClient(server.grpc) as client:
        return await _OWN_STORIES[strategy](screen, client, training, seed, duration_seconds)


async def _send(screen: Screen, client: AsyncClient, traffic: Traffic, split: Split, seconds: float) -> None:
    """Sends traffic for a while and shows it."""
    async with polled_metrics(client, ROUTER, METRICS_SECONDS) as latest:

        def render() -> Table:
            seen = latest[-1] if latest else None
            return traffic_table(f"Traffic at {split.title}", traffic.tally, split.shares, seen)

        async with screen.live(render):
            await traffic.send(seconds)


async def _compare(screen: Screen, client: AsyncClient, shadow: str) -> None:
    """Holds the shadow's answers against those that were given."""
    with screen.step(f"Comparing what {shadow} said to copies of the calls") as done:
        found = (await client.routers.compare_shadow(ROUTER, shadow)).total
        if found.labels is None or found.scores is None or found.backend is None:
            raise DemoError(f"{shadow} answered nothing that can be compared: {found.not_compared}")
        agreement = found.labels.agreement
        done(
            f"{shadow}, the shadow, answered copies of {found.pair_count} of {found.primary_count} calls, "
            f"after their answers: the same label in {agreement.share or 0:.1%} ({agreement.low or 0:.1%} to "
            f"{agreement.high or 0:.1%}), scores {found.scores.ks_statistic:.3f} apart (Kolmogorov-Smirnov), "
            f"{found.backend.mean_difference_seconds * 1e6:+.0f} µs in the mean"
        )


async def _change(
    screen: Screen, client: AsyncClient, traffic: Traffic, server: ServerProcess, plan: Plan
) -> Tally:
    """Changes the split while the server runs, and asks again for every patient seen so far."""
    before = dict(traffic.homes)
    with screen.step(plan.doing) as done:
        await check_homes(server.data_dir, ROUTER, before, (await client.routers.get(ROUTER)).generation)
        moved_share = await plan.change(client)
        generation = (await client.routers.get(ROUTER)).generation
        counted = traffic.begin_stretch()
        await traffic.ask_again(sorted(before))
        await check_homes(server.data_dir, ROUTER, traffic.homes, generation)
        moved = check_moves(before, traffic.homes, plan.gained, moved_share)
        done(
            f"{plan.done} without a restart: {moved_share:.1%} of the slots moved, the "
            f"least possible; asked again for {len(before)} patients: {moved} have moved "
            f"({moved / len(before):.1%}), all from lr to gb"
        )
    return counted


def _summarise(screen: Screen, counted: Tally, metrics: RouterMetrics) -> None:
    """Writes the totals, which client and server agree upon."""
    shares = {figures.variant: figures.effective_share for figures in metrics.variants}
    screen.say("")
    screen.console.print(traffic_table("Both halves together", counted, shares, metrics))
    feedback = sum(tally.feedback for tally in counted.variants.values())
    screen.say(
        f"✓ {counted.requests} answers and {feedback} values of feedback, recounted by the client: "
        "the server's counts are the same"
    )
    check_answered(counted)


def _show_lines(screen: Screen, folder: Path, server: ServerProcess, training: TrainingResult) -> int:
    """Tries the three lines and writes them; answers how many were tried."""
    lines = write_lines(folder, server.grpc, ROUTER, training, training.rows[1], "patient-0001")
    with screen.step("Trying three lines to copy") as done:
        for line in lines:
            if not line.missing:
                try_line(line)
        done("Three lines to copy, tried just now")
    for line in lines:
        note = f", not tried here: {line.missing} is not installed" if line.missing else ""
        screen.say(f"\n# {line.title}{note}\n{line.command}")
    return sum(not line.missing for line in lines)


def _query_lake(
    screen: Screen, server: ServerProcess, training: TrainingResult, counted: Tally, tried: int
) -> None:
    """Asks the files that the server left, and holds their counts against the client's."""
    query = write_query(server.data_dir, ROUTER, training.feature_names[0])
    with screen.step("Asking the lake") as done:
        columns, rows = ask_lake(query)
        check_rows(rows, counted, tried)
        done("Every call and every value of feedback is in the lake, once; asked with DuckDB just now:")
    screen.say(f"\n{query}\n")
    screen.console.print(plain_table(columns, rows))


def _wait(server: ServerProcess) -> None:
    try:
        server.wait()
    except KeyboardInterrupt:
        return
    raise DemoError(f"the server ended by itself; its log is {server.log_path}")
