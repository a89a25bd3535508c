"""The demo's second half from beginning to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import AnalysisStatus, AsyncClient, DriftStatus, Router, Strategy, Variant
from pointsman.demo.drift.cases import (
    RULE_FEATURE,
    RULE_LABEL,
    RULE_LIMIT,
    SHIFT_FACTOR,
    SHIFTED_FEATURE,
    as_they_are,
    changed,
    go_through,
)
from pointsman.demo.drift.checks import check_result
from pointsman.demo.drift.findings import changes_told, figures_table, performance_table
from pointsman.demo.drift.telling import RECIPIENT, RULES, count_alerts, set_rules, wait_for_mails
from pointsman.demo.drift.waiting import wait_for
from pointsman.demo.errors import DemoError
from pointsman.demo.lines import report_line, try_line
from pointsman.demo.plans import MODEL, VERSIONS
from pointsman.demo.setting_up import deploy, register

if TYPE_CHECKING:
    from pathlib import Path

    from pointsman.client import AnalysisJob, DriftResult
    from pointsman.demo.dataset import TrainingResult
    from pointsman.demo.drift.cases import Case, Stretch
    from pointsman.demo.drift.mail import CaughtMail, MailCatcher
    from pointsman.demo.screen import Screen

ROUTER = "cancer-watched"
VARIANT = "lr"
REPORT = "drift-report.html"
ANALYSIS_SECONDS = 120.0
MAIL_LINES = 8
"""Lines of a message that are shown."""


async def run_drift(
    screen: Screen,
    grpc: str,
    training: TrainingResult,
    seed: int,
    folder: Path,
    catcher: MailCatcher,
    *,
    is_alone: bool,
) -> None:
    """Analyses traffic as it is, changes a feature and a label rule, and shows how the server tells of it.

    Args:
        screen: Where it is shown.
        grpc: Where the server serves.
        training: The models and the rows to ask for.
        seed: That of the training.
        folder: Where the report goes.
        catcher: Where the server's e-mails arrive.
        is_alone: Whether nobody has registered the models yet.

    Raises:
        DemoError: What the server says is not what it was asked and told, or no alert came.
    """
    screen.say("\nDrift: is the model still asked as it was made to be, and still right?")
    async with AsyncClient(grpc) as client:
        if is_alone:
            await register(client, training, VERSIONS)
        await _prepare(screen, client, seed)
        await _watch(screen, client, training, catcher)
    _write_report(screen, grpc, folder / REPORT)


async def _watch(screen: Screen, client: AsyncClient, training: TrainingResult, catcher: MailCatcher) -> None:
    """Analyses traffic as it is and as it is after the change, and shows what is told of that."""
    stretch = await _send(
        screen,
        client,
        "Asking for the held-out tumours as they are",
        "Asked for the held-out tumours as they are",
        as_they_are(training),
    )
    before = await _analyze(screen, client, stretch, "As they are")
    alerts = await count_alerts(client)
    screen.say(f"✓ The result is {before.status.value}; alerts so far: {alerts}")
    stretch = await _send(
        screen,
        client,
        "Asking for them again after a change",
        f"Asked for them again with {SHIFTED_FEATURE} × {SHIFT_FACTOR:g}, and called {RULE_LABEL} what is "
        f"above {RULE_LIMIT:g} in {RULE_FEATURE}",
        changed(training),
    )
    after = await _analyze(screen, client, stretch, "One feature and one label rule changed")
    screen.say(f"✓ The result turned from {before.status.value} to {after.status.value}")
    for line in changes_told(after):
        screen.say(f"  {line}")
    if after.status is not DriftStatus.ALERT:
        raise DemoError(f"the result is {after.status.value} after the change, where an alert was due")
    with screen.step("Waiting for the alerts") as done:
        mails = await wait_for_mails(client, catcher)
        done(f"E-mails that came to a mail server of this demo, on port {catcher.port}: {len(mails)}")
    for mail in mails:
        _show_mail(screen, mail)


async def _prepare(screen: Screen, client: AsyncClient, seed: int) -> None:
    """Keeps the baseline, sets rules of alerts, and deploys the router that asks the watched model alone."""
    with screen.step("Keeping the training data as the baseline") as done:
        from pointsman.demo.drift.reference import make_reference

        reference = make_reference(seed)
        await client.drift.create_baseline(
            MODEL,
            "training",
            reference.features,
            target_data=reference.targets,
            labeled_predictions=reference.labeled,
        )
        await set_rules(client)
        version, _, description = VERSIONS[VARIANT]
        await deploy(
            client,
            Router(
                ROUTER,
                display_name="Breast cancer, watched",
                strategy=Strategy.WEIGHTED,
                variants=[Variant(VARIANT, MODEL, version, 100.0)],
                allow_single=True,
            ),
        )
        rules = " and ".join(rule.name for rule in RULES)
        done(
            f"Kept the baseline: {reference.rows} training rows, with answers to them by cross-validation "
            f"({reference.accuracy:.1%} right); router {ROUTER!r} asks the {description}; alerts about "
            f"{rules} go to {RECIPIENT}"
        )


async def _send(screen: Screen, client: AsyncClient, doing: str, asked: str, cases: list[Case]) -> Stretch:
    with screen.step(doing) as done:
        stretch = await go_through(client, ROUTER, cases)
        done(
            f"{asked}: {stretch.count} answers, {stretch.accuracy:.1%} right as the client counts; each "
            "outcome told and matched"
        )
    return stretch


async def _analyze(screen: Screen, client: AsyncClient, stretch: Stretch, title: str) -> DriftResult:
    """Has a stretch analysed, holds the result against what the client counted, and shows it."""
    with screen.step("Analysing them against the baseline") as done:
        job = await client.drift.analyze(MODEL, window_start=stretch.start, window_end=stretch.end)

        async def ended() -> AnalysisJob | None:
            found = await client.drift.analysis(MODEL, job.job_id)
            return None if found.status is AnalysisStatus.RUNNING else found

        job = await wait_for(ended, ANALYSIS_SECONDS, f"analysis {job.job_id} has not ended")
        if job.status is not AnalysisStatus.SUCCEEDED:
            raise DemoError(f"analysis {job.job_id} {job.status.value}: {job.error}")
        result = await client.drift.latest_result(MODEL)
        check_result(result, job.job_id, stretch)
        done("Analysed them against the baseline; rows and accuracy are those that the client counted")
    screen.say("")
    screen.console.print(figures_table(title, result))
    screen.console.print(performance_table(result))
    for note in result.notes:
        screen.say(f"  Note: {note}")
    return result


def _show_mail(screen: Screen, mail: CaughtMail) -> None:
    screen.say(f"\n  To: {', '.join(mail.recipients)}\n  Subject: {mail.subject}")
    # The first line says the subject again.
    lines = [line for line in mail.lines if line and line != mail.subject]
    for line in lines[:MAIL_LINES]:
        screen.say(f"  {line}")


def _write_report(screen: Screen, grpc: str, path: Path) -> None:
    line = report_line(grpc, MODEL, path)
    screen.say("")
    with screen.step("Writing the report of that result") as done:
        try_line(line)
        if not path.is_file():
            raise DemoError(f"{path} is not there, although it was written by: {line.command}")
        done(
            f"The report, one HTML file of {path.stat().st_size / 1e3:.0f} kB that needs no network: {path}\n"
            f"  written just now by: {line.command}"
        )
