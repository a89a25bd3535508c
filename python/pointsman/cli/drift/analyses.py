"""``pointsman drift analyze`` and ``results``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.drift.metrics import print_metrics
from pointsman.cli.drift.options import MOST_ROWS, ModelArgument, Since, Until
from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import CommandContext, CommandError, context_of
from pointsman.cli.line.words import with_commands
from pointsman.cli.output import printing
from pointsman.cli.output.pages import Page

if TYPE_CHECKING:
    from pointsman.client import AnalysisJob, Client, DriftResult

WARNING_EXIT, ALERT_EXIT = 3, 4
_RESULTS = 50
"""So many results are listed where the line does not say how many."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 2.0
_MOST_TURNS = 5
"""Analyses of other windows, before and after, that are waited for."""
_SAME = timedelta(milliseconds=1)
"""Ends of windows that are no further apart are the same: days are fractions, and rounded."""
_NOW = timedelta(minutes=5)
"""A window that ends so shortly before or after its analysis began, by two clocks, ends now."""


_ORIGINS = {
    "inputs": "inputs move",
    "world": "inputs of all variants move",
    "some_variants": "inputs of some variants move, and of others not",
    "model": "answers or performance move, and inputs do not",
}


class StatusName(StrEnum):
    """What an analysis says."""

    OK = "ok"
    WARNING = "warning"
    ALERT = "alert"


def analyze(
    context: commandline.Context,
    model_id: ModelArgument,
    days: Annotated[
        float | None, commandline.Option(help="The last so many days.  [those of the schedule]")
    ] = None,
    since: Since = "",
    until: Until = "",
    wait: Annotated[
        bool, commandline.Option("--wait", help="Wait for the result and show it; the exit code says it.")
    ] = False,
) -> None:
    """Compare a window of a model's predictions with its active baseline.

    With --wait the exit code is 0 when nothing drifts, 3 for a warning, 4 for an alert, and 1 when the
    analysis fails. While an analysis of the model runs, that one is answered; if it is of another window than
    is named here, --wait lets it end and begins then, and without --wait the exit code is 1.
    """
    options = context_of(context)
    asked = _Window(days, arguments.moment(since, "--since"), arguments.moment(until, "--until"))
    with options.connect() as client:
        job = _begun(client, model_id, asked, wait=wait)
        if not wait:
            _show_job(options, job)
            return
        job = _ended(client, job)
        if job.status.value != "succeeded":
            why = f": {with_commands(job.error)}" if job.error else ""
            raise CommandError(f"analysis {job.job_id} of model {model_id!r} {job.status.value}{why}")
        result = client.drift.latest_result(model_id)
        if result.job_id != job.job_id:
            raise CommandError(
                f"analysis {job.job_id} of model {model_id!r} has ended, and after it {result.job_id}, whose "
                f"result is the latest; 'pointsman drift results {model_id}' lists both"
            )
    _show(options, result)
    code = {"warning": WARNING_EXIT, "alert": ALERT_EXIT}.get(result.status.value, 0)
    if code:
        raise commandline.Exit(code)


def results(
    context: commandline.Context,
    model_id: ModelArgument,
    latest: Annotated[
        bool, commandline.Option("--latest", help="Show the newest one with its figures.")
    ] = False,
    limit: Annotated[int, commandline.Option(min=0, max=MOST_ROWS, help="At most so many.  [50]")] = 0,
    status: Annotated[StatusName | None, commandline.Option(help="Only those of this status.")] = None,
) -> None:
    """List what analyses of a model said, newest first."""
    from pointsman.client import DriftStatus

    options = context_of(context)
    with options.connect() as client:
        if latest:
            _show(options, client.drift.latest_result(model_id))
            return
        wanted = DriftStatus(status.value) if status else DriftStatus.UNSPECIFIED
        page = Page(limit or _RESULTS, options.as_json, most=MOST_ROWS)
        read = client.drift.results(model_id, limit=page.asked, status=wanted)
    found = page.shown(read)
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["!RESULT", "STATUS", "#MADE", "#FROM", "#UNTIL"],
        (
            [
                one.result_id,
                one.status.value,
                printing.short_time(one.created_at),
                printing.short_time(one.window_start),
                printing.short_time(one.window_end),
            ]
            for one in found
        ),
        empty=f"No results. 'pointsman drift analyze {model_id} --wait' makes one.",
    )
    page.tell(read, f"--limit shows up to {MOST_ROWS}")


@dataclass(frozen=True)
class _Window:
    """The window that a line names; None where it leaves it to the server."""

    days: float | None
    start: datetime | None
    end: datetime | None

    def is_of(self, job: AnalysisJob) -> bool:
        """Whether an analysis is of it.

        Where no end is named it is now, and an analysis that began with the end of its time is taken for it.
        """
        if (self.days, self.start, self.end) == (None, None, None):
            return True
        start, end, began = job.window_start, job.window_end, job.started_at
        if start is None or end is None or began is None:
            return False
        is_end = abs(end - began) <= _NOW if self.end is None else abs(end - self.end) <= _SAME
        if self.start is not None:
            return is_end and abs(start - self.start) <= _SAME
        return is_end and (self.days is None or abs(end - start - timedelta(days=self.days)) <= _SAME)


def _begun(client: Client, model_id: str, asked: _Window, *, wait: bool) -> AnalysisJob:
    """Begins an analysis of a window, after those of others where the caller waits.

    Raises:
        CommandError: Another analysis runs, and the caller does not wait; or the model's turn never comes.
    """
    for _ in range(_MOST_TURNS):
        job = client.drift.analyze(
            model_id, window_days=asked.days, window_start=asked.start, window_end=asked.end
        )
        if asked.is_of(job):
            return job
        other = f"analysis {job.job_id} of model {model_id!r} runs, of another window ({_window_of(job)})"
        if not wait:
            raise CommandError(f"{other}; yours has not begun. With --wait it begins when that one has ended")
        commandline.echo(f"{other}; yours begins when it has ended", err=True)
        _ended(client, job)
    raise CommandError(f"{_MOST_TURNS} analyses of other windows came before yours; try again later")


def _window_of(job: AnalysisJob) -> str:
    return f"{printing.local_time(job.window_start)} to {printing.local_time(job.window_end)}"


def _ended(client: Client, job: AnalysisJob) -> AnalysisJob:
    """Waits until an analysis has ended; the server bounds how long that takes."""
    pause = _FIRST_PAUSE_SECONDS
    while job.status.value == "running":
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        job = client.drift.analysis(job.model_id, job.job_id)
    return job


def _show_job(options: CommandContext, job: AnalysisJob) -> None:
    if options.as_json:
        printing.print_json(job)
    else:
        commandline.echo(f"analysis {job.job_id} is {job.status.value}")


def _show(options: CommandContext, result: DriftResult) -> None:
    if options.as_json:
        printing.print_json(result)
        return
    printing.print_facts(
        [
            ("model", result.model_id),
            ("status", result.status.value),
            (
                "window",
                f"{printing.local_time(result.window_start)} to {printing.local_time(result.window_end)}",
            ),
            ("origin", _ORIGINS.get(result.origin.value, "")),
            ("rows", f"{result.current_rows} against {result.reference_rows} of the baseline"),
            *(("not judged", line) for line in _unjudged(result)),
            *(
                (f"{one.by} {one.value}", with_commands(one.reason) or one.status.value)
                for one in result.slices
            ),
            *(("changed", line) for line in _changes(result)),
            *(("note", note) for note in result.notes),
        ]
    )
    printing.print_table(
        ["#FEATURE", "ALGORITHM", "STATUS", ">SCORE", ">P"],
        [_cells(*row) for row in _figures(result)],
        empty="Nothing could be judged.",
    )
    print_metrics(result.performance)


def _unjudged(result: DriftResult) -> list[str]:
    """Says what is not judged, and why, once for all of a reason."""
    names: dict[str, list[str]] = {}
    for one in (*result.insufficient_data, *result.not_measured):
        name = f"{one.feature} by {one.algorithm}" if one.algorithm else one.feature
        names.setdefault(one.reason, []).append(name)
    return [f"{', '.join(sorted(of))}: {with_commands(reason)}" for reason, of in names.items()]


def _changes(result: DriftResult) -> list[str]:
    """Says when detectors of changes saw one, and why those begin anew that do not go on from before."""
    found = []
    for feature, algorithm, figure in _figures(result):
        details = figure.get("details") or {}
        if changes := details.get("changes"):
            count = int(figure["score"])
            beside = f" (of {count} the newest)" if count > len(changes) else ""
            times = ", ".join(printing.local_time(datetime.fromisoformat(time)) for time in changes)
            found.append(f"{feature} by {algorithm}: {times}{beside}")
    return found


def _figures(result: DriftResult) -> list[tuple[str, str, dict[str, Any]]]:
    """Answers all figures, the worst first."""
    ranks = {"alert": 0, "warning": 1, "ok": 2}
    found = [
        (feature, algorithm, figure)
        for feature, figures in result.features.items()
        for algorithm, figure in figures.items()
    ]
    return sorted(found, key=lambda one: (ranks.get(one[2]["status"], 3), -one[2]["score"], one[0], one[1]))


def _cells(feature: str, algorithm: str, figure: dict[str, Any]) -> list[str]:
    p_value = figure["pValue"]
    return [
        feature,
        algorithm,
        figure["status"],
        f"{figure['score']:.4g}",
        "" if p_value is None else f"{p_value:.3g}",
    ]
