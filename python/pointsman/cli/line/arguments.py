"""Reads the small languages of the command line: ``name=value``, ``lr=cancer:1@70``, JSON or ``@file``."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError
from pointsman.domain import times

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pointsman.client import MetricDefinition, Variant

DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h|d)")
UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
Yes = Annotated[bool, commandline.Option("--yes", "-y", help="Do not ask.")]
VARIANT = re.compile(r"(?P<name>[^=]+)=(?P<model>[^:]+):(?P<version>[^@]+)(?:@(?P<weight>.+))?")


def confirm(question: str) -> None:
    """Asks before something is done that cannot be taken back.

    Args:
        question: What would be done, with a question mark's worth of facts.

    Raises:
        CommandError: Nobody is there to answer.
        commandline.Abort: The answer is no.
    """
    try:
        agreed = commandline.confirm(question, err=True)
    except commandline.Abort:
        if sys.stdin.isatty():
            raise
        commandline.echo(err=True)
        raise CommandError("nobody answered; --yes goes on without asking") from None
    if not agreed:
        raise commandline.Abort


def pairs(items: Iterable[str], option: str) -> dict[str, str]:
    """Reads ``name=value`` items.

    Raises:
        commandline.BadParameter: One has no ``=`` or no name, or two have the same name.
    """
    read: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise commandline.BadParameter(f"{item!r} is not name=value", param_hint=option)
        if name in read:
            raise commandline.BadParameter(
                f"{name} is given twice, as {read[name]!r} and as {value!r}; leave one out", param_hint=option
            )
        read[name] = value
    return read


def numbers(items: Iterable[str], option: str) -> dict[str, float]:
    """Reads ``name=number`` items."""
    read: dict[str, float] = {}
    for name, value in pairs(items, option).items():
        try:
            read[name] = float(value)
        except ValueError:
            raise commandline.BadParameter(
                f"{name}={value}: {value!r} is not a number", param_hint=option
            ) from None
    return read


def all_features(*other_names: str) -> commandline.Declared:
    """Answers the option that takes all features at once, which :func:`features` reads."""
    return commandline.Option(
        "--features", *other_names, metavar="JSON|@FILE|-", help="All features as one JSON object."
    )


def features(items: Iterable[str], source: str) -> dict[str, Any]:
    """Reads features: a JSON object (or ``@file``, or ``-`` for standard input) with single ones put over it.

    Args:
        items: ``name=value`` items; a value that is JSON is read as such, anything else is a string.
        source: The JSON object, ``@file`` or ``-``; empty for none.

    Returns:
        The features by name.

    Raises:
        commandline.BadParameter: The object cannot be read, an item is of another form, or a text holds what
            is no character.
    """
    read = json_object(source, "--features") if source else {}
    read.update({name: json_or_text(value) for name, value in pairs(items, "-f").items()})
    for name, value in read.items():
        if not _is_encodable(name) or not _is_encodable(value):
            raise commandline.BadParameter(
                f"{name!r}: holds half of a pair of surrogates, or bytes that are not UTF-8; neither is a "
                "character",
                param_hint="-f",
            )
    return read


def _is_encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def json_or_text(value: str) -> Any:
    """Reads a value as JSON if it is JSON, else as the string it is."""
    try:
        return json.loads(value)
    except ValueError:
        return value


class NotJsonError(ValueError):
    """A text is no JSON that can be read; the message goes on behind what names the text.

    Args:
        reason: Why.
        told: The message; without one it says that the text is not JSON, and why.
    """

    def __init__(self, reason: str, told: str = "") -> None:
        super().__init__(told or f"is not JSON: {reason}")
        self.reason = reason


def read_json(text: str) -> Any:
    """Reads JSON in which no object names something twice, of which ``json.loads`` would keep the last.

    Raises:
        NotJsonError: It is none, names something twice, or is too deep.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_namesakes)
    except RecursionError:
        too_deep = "has too many lists and objects in one another"
        raise NotJsonError(too_deep, too_deep) from None
    except ValueError as error:
        raise NotJsonError(str(error)) from error


def _without_namesakes(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise ValueError(f"{name!r} occurs twice, as {read[name]!r} and as {value!r}; leave one out")
        read[name] = value
    return read


def json_object(source: str, option: str) -> dict[str, Any]:
    """Reads a JSON object from the line itself, from ``@file`` or, for ``-``, from standard input.

    Raises:
        commandline.BadParameter: The file cannot be read, or it is no JSON object or names something twice.
    """
    try:
        if source == "-":
            text = sys.stdin.read().removeprefix("\ufeff")
        elif source.startswith("@"):
            text = Path(source[1:]).read_text(encoding="utf-8-sig")
        else:
            text = source
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise commandline.BadParameter(f"{source[1:]}: {reason}", param_hint=option) from None
    try:
        read = read_json(text)
    except NotJsonError as error:
        raise commandline.BadParameter(f"not valid JSON: {error.reason}", param_hint=option) from None
    if not isinstance(read, dict):
        raise commandline.BadParameter('must be a JSON object, for example {"age": 42}', param_hint=option)
    return read


def variant(item: str) -> tuple[Variant, bool]:
    """Reads ``name=model:version@weight``; the weight is 100 when it is left out.

    Returns:
        The variant, and whether its weight was said.

    Raises:
        commandline.BadParameter: It is of another form.
    """
    from pointsman.client import Variant

    match = VARIANT.fullmatch(item)
    if match is None:
        raise commandline.BadParameter(
            f"{item!r} is not NAME=MODEL:VERSION@WEIGHT, for example lr=cancer:1@70", param_hint="--variant"
        )
    weight = numbers([f"weight={match['weight'] or 100}"], "--variant")["weight"]
    said = Variant(match["name"], match["model"], match["version"], weight)
    return said, match["weight"] is not None


def shadow(item: str) -> Variant:
    """Reads ``name=model:version`` of a shadow, which has no weight.

    Raises:
        commandline.BadParameter: It is of another form.
    """
    from pointsman.client import Variant, VariantRole

    match = VARIANT.fullmatch(item)
    if match is None or match["weight"]:
        raise commandline.BadParameter(
            f"{item!r} is not NAME=MODEL:VERSION, for example next=cancer:3; a shadow has no weight",
            param_hint="--shadow",
        )
    return Variant(match["name"], match["model"], match["version"], 0.0, role=VariantRole.SHADOW)


def moment(text: str, option: str) -> datetime | None:
    """Reads a time, local when it names no zone, which is told, or how long ago it was; empty means none.

    Raises:
        commandline.BadParameter: It is of another form.
    """
    if not text:
        return None
    if (ago := duration(text, option) if DURATION.fullmatch(text) else None) is not None:
        return _from_now(-ago, text, option)
    taken: list[datetime] = []

    def as_local(time: datetime) -> datetime:
        taken.append(time.astimezone())
        return taken[-1]

    try:
        read = times.datetime_of(times.read_time(text, as_local))
    except (ValueError, OverflowError):
        raise commandline.BadParameter(
            f"{text!r} is neither a time such as 2026-11-22T10:30 or 2026-11-22T10:30:00Z, nor seconds, "
            "milliseconds, microseconds or nanoseconds since 1970, nor how long ago, such as 24h",
            param_hint=option,
        ) from None
    for local in taken:
        zone = f"{local.tzname()}, UTC{local.isoformat()[-6:]}"
        in_utc = f"{text}Z" if ":" in text else f"{text}T00:00Z"
        commandline.echo(
            f"{option}: {text} names no zone and is taken as local time ({zone}); for UTC write {in_utc}",
            err=True,
        )
    return read


def end(text: str, option: str) -> datetime | None:
    """Reads a time to come, local when it names no zone, or how long from now; empty means none.

    Raises:
        commandline.BadParameter: It is of another form, or has passed.
    """
    ahead = duration(text, option) if DURATION.fullmatch(text) else None
    time = moment(text, option) if ahead is None else _from_now(ahead, text, option)
    if ahead == timedelta(0) or (time is not None and time.astimezone(UTC) <= datetime.now(UTC)):
        raise commandline.BadParameter(
            f"{text!r} has passed; name a time to come, or how long from now, such as 30d", param_hint=option
        )
    return time


def _from_now(lasting: timedelta, text: str, option: str) -> datetime:
    try:
        return datetime.now(UTC) + lasting
    except OverflowError:
        raise commandline.BadParameter(
            f"{text!r} from now is no date: years go from 1 to 9999", param_hint=option
        ) from None


def observed(text: str, option: str) -> datetime | None:
    """Reads when something was observed, as ``moment`` does.

    Raises:
        commandline.BadParameter: It is of another form, or nothing can have been observed then.
    """
    time = moment(text, option)
    if time is None:
        return None
    fault = times.observation_fault(times.microseconds_of(time), times.microseconds_of(datetime.now(UTC)))
    if fault is not None:
        raise commandline.BadParameter(f"{text!r}: {fault}", param_hint=option)
    return time


def duration(text: str, option: str) -> timedelta | None:
    """Reads a duration such as ``250ms``, ``90s``, ``15m``, ``24h`` or ``7d``; empty means none.

    Raises:
        commandline.BadParameter: It is of another form.
    """
    if not text:
        return None
    match = DURATION.fullmatch(text)
    if match is None:
        raise commandline.BadParameter(
            f"{text!r} is not a duration such as 250ms, 90s, 15m, 24h or 7d", param_hint=option
        )
    try:
        return timedelta(seconds=float(match["number"]) * UNIT_SECONDS[match["unit"]])
    except OverflowError:
        raise commandline.BadParameter(f"{text!r} is too long", param_hint=option) from None


def metric(item: str) -> MetricDefinition:
    """Reads ``name[:type][:direction][:min..max]``, for example ``clicks:count`` or ``loss:minimise:0..1``.

    Raises:
        commandline.BadParameter: It is of another form.
    """
    from pointsman.client import MetricDefinition, MetricDirection, MetricType

    name, *words = item.split(":")
    found: dict[str, Any] = {}
    for word in words:
        low, dots, high = word.partition("..")
        if dots:
            ends = numbers([f"min_value={low}"] * bool(low) + [f"max_value={high}"] * bool(high), "--metric")
            found |= ends
        elif word in ("number", "binary", "count"):
            found["type"] = MetricType(word)
        elif word in ("maximise", "minimise"):
            found["direction"] = MetricDirection(word)
        else:
            raise commandline.BadParameter(
                f"{item!r}: {word!r} is neither a type (number, binary, count) nor a direction (maximise, "
                "minimise) nor a range such as 0..1",
                param_hint="--metric",
            )
    return MetricDefinition(name, **found)


def status_code(text: str) -> int | None:
    """Reads a gRPC status code, as a name or a number; empty means none.

    Raises:
        commandline.BadParameter: It is none.
    """
    if not text:
        return None
    import grpc

    if text.isdecimal():
        return int(text)
    try:
        return int(grpc.StatusCode[text.upper()].value[0])
    except KeyError:
        raise commandline.BadParameter(
            f"{text!r} is no gRPC status code such as OK, UNAVAILABLE or 14", param_hint="--status"
        ) from None
