"""Writes answers to standard output: a table for people, JSON for programs."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import sys
import warnings
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pointsman.cli.line import commandline
from pointsman.cli.output.tables import print_table as print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pointsman.client import UnreachedJournal, Variant


_FIRST_INEXACT = 2.0**53
"""From here on a double without a point would claim digits that it does not have."""
_ONE_SECOND = 0.9995
"""From here on a duration would be written as 1000 ms."""
_FOUR_DIGITS = 1000


def print_json(answer: Any) -> None:
    """Writes an answer as indented JSON: times in RFC 3339, durations in seconds, numbers as everywhere."""
    commandline.echo(json.dumps(plain(answer), indent=2, ensure_ascii=False, allow_nan=False))


@contextlib.contextmanager
def telling_partial_records() -> Iterator[None]:
    """Tells on standard error, once each, what answers within the context lack of other servers."""
    from pointsman.client import PartialRecordsWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PartialRecordsWarning)
        yield
    for text in dict.fromkeys(
        str(found.message) for found in caught if issubclass(found.category, PartialRecordsWarning)
    ):
        commandline.echo(f"warning: {text}", err=True)


def tell_unreached(meaning: str, journals: Sequence[UnreachedJournal]) -> None:
    """Warns on standard error of other servers' records that an answer lacks; nothing without any.

    Args:
        meaning: What that means for the answer.
        journals: The journals that it lacks.
    """
    if journals:
        commandline.echo(f"warning: {meaning}: {'; '.join(map(str, journals))}", err=True)


def plain(answer: Any) -> Any:
    """Makes JSON values of an answer.

    Whole numbers have no point, wherever the value stays the same; what is not finite is text, as in the JSON
    of protobuf: ``"NaN"``, ``"Infinity"``, ``"-Infinity"``.
    """
    if isinstance(answer, float):
        return _number(answer)
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        return {field.name: plain(getattr(answer, field.name)) for field in dataclasses.fields(answer)}
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [plain(item) for item in answer]
    if isinstance(answer, datetime):
        return answer.isoformat().replace("+00:00", "Z")
    if isinstance(answer, timedelta):
        return _number(answer.total_seconds())
    return answer


def _number(value: float) -> int | float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    is_exact = value.is_integer() and abs(value) < _FIRST_INEXACT
    is_negative_zero = value == 0 and math.copysign(1, value) < 0
    return int(value) if is_exact and not is_negative_zero else value


def shown(value: Any) -> str:
    """Writes a model's value as people read it: text as it is, whole numbers without a point, else JSON."""
    told = plain(value)
    return told if isinstance(told, str) else compact(told)


def compact(value: Any) -> str:
    """Writes a value as JSON on one line."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Writes named values one below the other, leaving out the empty ones."""
    shown = [(name, str(value)) for name, value in facts if value not in ("", None, (), [])]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        commandline.echo(f"{name + ':':<{width + 2}}{value}")


@contextlib.contextmanager
def progress(doing: str, things: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Shows progress on standard error while the context lasts, when that is a terminal.

    Args:
        doing: What is being done.
        things: What is counted.
        total: How many there will be; None when that is not known.

    Yields:
        The function that adds to the count.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
    columns += [TextColumn(f"{{task.completed:,.0f}} {things}"), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(doing, total=total)
        yield lambda count: shown.advance(task, count)


def code_name(code: int) -> str:
    """Writes the name of a gRPC status code."""
    import grpc

    return next((found.name for found in grpc.StatusCode if found.value[0] == code), str(code))


def percent(share: float) -> str:
    """Writes a share as a percentage with one decimal at most; what is not all or nothing never looks so."""
    rounded = f"{share:.1%}".replace(".0%", "%")
    if rounded == "0%" and share > 0:
        return "<0.1%"
    if rounded == "100%" and share < 1:
        return ">99.9%"
    return rounded


def milliseconds(seconds: float) -> str:
    """Writes a duration with three digits, in milliseconds or, from a second on, in seconds."""
    amount, unit = (seconds, "s") if seconds >= _ONE_SECOND else (seconds * 1000, "ms")
    decimals = 2 if amount < 10 else 1 if amount < 100 else 0
    return f"{amount:.{decimals}f} {unit}"


def rounded(number: float) -> str:
    """Writes a figure with four digits; whole digits are never left out."""
    return f"{number:.0f}" if abs(number) >= _FOUR_DIGITS else f"{number:.4g}"


def exact(number: float) -> str:
    """Writes a value with all its digits; a whole number without a point."""
    return shown(number)


def local_time(time: datetime | None) -> str:
    """Writes a time in the local zone, to the second."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M:%S") if time else ""


def short_time(time: datetime | None, *, has_hour: bool = False) -> str:
    """Writes a time in the local zone for a list: the time of today, else the day.

    Args:
        time: The time; nothing is written for none.
        has_hour: Whether a time of another year has its hour, in place of the year: where rows are of hours,
            many would be the same day.
    """
    if time is None:
        return ""
    local, now = time.astimezone(), datetime.now().astimezone()
    if local.date() == now.date():
        return local.strftime("%H:%M:%S")
    return local.strftime("%m-%d %H:%M" if has_hour or local.year == now.year else "%Y-%m-%d")


def print_variants(variants: Sequence[Variant]) -> None:
    """Writes the variants of a router."""
    print_table(
        ["!VARIANT", "!MODEL", "!VERSION", ">WEIGHT", ">SHARE", "ENABLED", "ROLE"],
        (
            [
                variant.name,
                variant.model_id,
                variant.model_version,
                exact(variant.weight),
                percent(variant.effective_share),
                "yes" if variant.enabled else "no",
                "" if variant.role == "unspecified" else variant.role,
            ]
            for variant in variants
        ),
    )
