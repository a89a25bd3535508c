"""``pointsman drift ground-truth``: tell what came true."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

from pointsman.cli.drift.options import ModelArgument
from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.client import GroundTruthFormat, GroundTruthRowError

app = commandline.Group(help="Tell what came true for entities.")
_TIMEOUT_SECONDS = 60.0
_NAMES = frozenset({"entity_id", "actual_outcome", "outcome_timestamp"})


@app.command()
def add(
    context: commandline.Context,
    model_id: ModelArgument,
    entity: Annotated[
        str, commandline.Argument(metavar="ENTITY", help="Whom it is about, as predictions name it.")
    ],
    outcome: Annotated[str, commandline.Argument(metavar="OUTCOME", help="What came true.")],
    observed: Annotated[str, commandline.Option(metavar="TIME", help="When it was observed.  [now]")] = "",
) -> None:
    """Add what came true for an entity.

    It is of the entity's latest prediction at or before that time, else of the earliest one after it. One of
    the same entity and time replaces the one before.
    """
    options = context_of(context)
    with options.connect() as client:
        receipt = client.drift.add_ground_truth(
            model_id, entity, outcome, outcome_timestamp=arguments.observed(observed, "--observed")
        )
    if options.as_json:
        printing.print_json(receipt)
    else:
        matched = "is matched with a prediction" if receipt.matched else "waits for its prediction"
        commandline.echo(f"{outcome} of {entity} {matched}")


@app.command()
def upload(
    context: commandline.Context,
    model_id: ModelArgument,
    file: Annotated[
        str,
        commandline.Argument(metavar="FILE", help="CSV or JSON lines; - is standard input."),
    ],
    form: Annotated[
        str,
        commandline.Option(
            "--format",
            metavar="FORMAT",
            help="csv, tsv or json_lines.  [by the file's ending; json_lines of standard input]",
        ),
    ] = "",
) -> None:
    """Add what came true from a file.

    Columns or names: entity_id, actual_outcome and, if wanted, outcome_timestamp, a time with its zone;
    without it the outcome was observed when the upload began. The file is read part by part, and nothing of
    it can be seen before its end. When a row is wrong, none is kept, and the first 100 such rows are told
    with their lines. To upload a file with times again is safe.
    """
    from pointsman.cli.line.words import in_command_words
    from pointsman.client import InvalidArgumentError

    options = context_of(context)
    with options.connect(_TIMEOUT_SECONDS) as client, _opened(file) as (source, size_bytes):
        shown = 0
        with printing.progress("uploading", "bytes", size_bytes) as advance:

            def tell(received: int) -> None:
                nonlocal shown
                advance(received - shown)
                shown = received

            try:
                report = client.drift.upload_ground_truth_file(
                    model_id, source, _format_of(file, form), on_progress=tell
                )
            except InvalidArgumentError as error:
                raise CommandError(f"{file}: {in_command_words(error.message, context)}") from error
    if report.is_refused:
        raise CommandError("\n".join([f"{file}: nothing is kept", *map(_sentence, report.errors)]))
    if options.as_json:
        names = ("row_count", "inserted", "matched", "corrected", "repeated")
        printing.print_json({name: getattr(report, name) for name in names})
    else:
        commandline.echo(
            f"{report.row_count} outcomes: {report.inserted} inserted, {report.corrected} corrected, "
            f"{report.repeated} repeated; {report.matched} of the new ones matched"
        )


def _sentence(error: GroundTruthRowError) -> str:
    place = f"line {error.line}: " if error.line else ""
    return place + (f"{error.field}: " if error.field else "") + error.description


def _format_of(file: str, given: str) -> GroundTruthFormat:
    from pointsman.client import GroundTruthFormat

    if given:
        try:
            return GroundTruthFormat(given.replace("-", "_"))
        except ValueError as error:
            words = ", ".join(one.value for one in GroundTruthFormat)
            raise commandline.BadParameter(
                f"{given!r} is no format; there are {words}", param_hint="--format"
            ) from error
    ending = file.lower().rpartition(".")[2]
    return {"csv": GroundTruthFormat.CSV, "tsv": GroundTruthFormat.TSV}.get(
        ending, GroundTruthFormat.JSON_LINES
    )


@contextlib.contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """Opens a file for reading bytes; answers it with its length, where that is known."""
    if file == "-":
        yield sys.stdin.buffer, None
        return
    try:
        with Path(file).open("rb") as source:
            yield source, os.fstat(source.fileno()).st_size or None
    except OSError as error:
        raise CommandError(f"{file}: cannot be read: {error.strerror or error}") from error
