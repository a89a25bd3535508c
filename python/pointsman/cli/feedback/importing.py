"""Records feedback from a file in batches, several under way at a time, and keeps account of every row."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
import time
from collections import Counter, deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pointsman.cli.feedback.csv_lines import UnreadRestError
from pointsman.cli.feedback.rows import Row, rows_of
from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError
from pointsman.cli.line.words import with_commands
from pointsman.cli.output import printing
from pointsman.domain.batching import batched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.client import Client, FeedbackResult

BATCH_ROWS = 1000
IN_FLIGHT = 4
TIMEOUT_SECONDS = 60.0
_SHOWN_ERRORS = 20
_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 0.25
# RESOURCE_EXHAUSTED and UNAVAILABLE: the journal is full or the server starts again; it may do later.
_PASSING_CODES = frozenset({8, 14})


@dataclass(frozen=True)
class Defaults:
    """What rows mean that do not say it."""

    metric: str
    router_id: str


@dataclass
class Report:
    """What came of the rows of a file."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    unread: str = ""
    """Why the rest of the file was not read; empty where all of it was."""

    @property
    def taken(self) -> int:
        """How many rows were taken."""
        return self.outcomes.total()

    def facts(self) -> dict[str, Any]:
        """Answers it for programs."""
        return {"taken": self.taken, "refused": self.refused, "outcomes": dict(self.outcomes)} | (
            {"unread": self.unread} if self.unread else {}
        )

    def sentence(self) -> str:
        """Answers it for people."""
        if not self.taken and not self.refused:
            return "no row was read" if self.unread else "the file has no rows"
        parts = [f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items())]
        if self.refused:
            parts.append(f"{self.refused} refused")
        return f"{self.taken + self.refused} values: {', '.join(parts)}"


def import_feedback(
    client: Client, file: str, kind: str, defaults: Defaults, *, errors_file: str, applied: bool
) -> Report:
    """Records the rows of a file.

    Args:
        client: Where to.
        file: The file; ``-`` is standard input.
        kind: ``csv`` or ``jsonl``.
        defaults: What rows mean that do not say it.
        errors_file: Where refused rows are told; empty for standard error, as far as they fit.
        applied: Whether to wait until each is counted.

    Raises:
        CommandError: The file cannot be read, or the server cannot be reached for a while.
    """
    report = Report()
    with _opened(file) as text, _errors(errors_file) as complain:
        rows = _readable(rows_of(text, kind, defaults.metric, defaults.router_id), report)
        with printing.progress("recording", "values", None) as advance:
            for batch, results in _sent(client, batched(rows, BATCH_ROWS), applied):
                advance(len(batch))
                for row, result in zip(batch, results, strict=True):
                    if isinstance(result, str) or result.code:
                        report.refused += 1
                        complain(row, result if isinstance(result, str) else with_commands(result.message))
                    else:
                        report.outcomes[result.outcome.value] += 1
    return report


def _readable(rows: Iterator[Row], report: Report) -> Iterator[Row]:
    """Answers rows as far as they can be read, so that those before a break are recorded all the same."""
    try:
        yield from rows
    except UnreadRestError as error:
        report.unread = str(error)


def _sent(
    client: Client, batches: Iterator[list[Row]], applied: bool
) -> Iterator[tuple[list[Row], list[FeedbackResult | str]]]:
    """Sends batches, several at a time; answers each with what came of it, in the file's order."""
    waiting: deque[tuple[list[Row], Future[list[FeedbackResult | str]]]] = deque()
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        try:
            for batch in batches:
                waiting.append((batch, threads.submit(_send, client, batch, applied)))
                if len(waiting) >= IN_FLIGHT:
                    done, results = waiting.popleft()
                    yield done, results.result()
            while waiting:
                done, results = waiting.popleft()
                yield done, results.result()
        finally:
            threads.shutdown(cancel_futures=True)


def _send(client: Client, batch: list[Row], applied: bool) -> list[FeedbackResult | str]:
    """Sends a batch, and again what was refused for a passing reason: a value recorded twice does no harm."""
    from pointsman.client import FeedbackWait, ResourceExhaustedError, UnavailableError

    wait = FeedbackWait.APPLIED if applied else FeedbackWait.DURABLE
    results: dict[int, FeedbackResult | str] = {
        place: row.error for place, row in enumerate(batch) if row.value is None
    }
    left = [place for place in range(len(batch)) if place not in results]
    for attempt in range(_ATTEMPTS):
        if not left:
            break
        if attempt:
            time.sleep(_FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
        try:
            values = [value for place in left if (value := batch[place].value) is not None]
            answers = client.record_feedback_batch(values, wait=wait)
        except (ResourceExhaustedError, UnavailableError) as error:
            if attempt == _ATTEMPTS - 1:
                raise CommandError(
                    f"the values from line {batch[left[0]].line} on are not recorded: "
                    f"{with_commands(str(error))}\n"
                    "Import the file again later; what is recorded already is not counted twice."
                ) from error
            continue
        answered = dict(zip(left, answers, strict=True))
        results |= answered
        left = [place for place, answer in answered.items() if answer.code in _PASSING_CODES]
    return [results[place] for place in range(len(batch))]


@contextlib.contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    name = "standard input" if file == "-" else file
    try:
        with _standard_input() if file == "-" else Path(file).open(encoding="utf-8-sig", newline="") as text:
            yield text
    except OSError as error:
        raise CommandError(f"{name}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error


@contextlib.contextmanager
def _standard_input() -> Iterator[IO[str]]:
    """Opens standard input as a file would be: UTF-8 whatever the terminal speaks, with or without a mark."""
    text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    try:
        yield text
    finally:
        # It is not ours to close.
        text.detach()


@contextlib.contextmanager
def _errors(file: str) -> Iterator[Any]:
    """Answers the function that tells why a row was refused: into a file, or some on standard error."""
    if file:
        try:
            with Path(file).open("w", encoding="utf-8", newline="") as output:
                writer = csv.writer(output)
                writer.writerow(["line", "prediction_id", "metric", "reason"])
                yield lambda row, reason: writer.writerow([row.line, row.prediction_id, row.metric, reason])
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise CommandError(f"{file}: cannot be written ({reason}); name another file") from error
        return
    told = 0

    def tell(row: Row, reason: str) -> None:
        nonlocal told
        told += 1
        if told <= _SHOWN_ERRORS:
            commandline.echo(f"line {row.line}: {reason}", err=True)

    yield tell
    if told > _SHOWN_ERRORS:
        commandline.echo(
            f"{told - _SHOWN_ERRORS} more rows were refused; --errors FILE tells them all", err=True
        )
