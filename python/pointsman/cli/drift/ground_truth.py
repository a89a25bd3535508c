"""``pointsman drift ground-truth``: tell what came true."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.drift.options import ModelArgument
from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing
from pointsman.domain import times
from pointsman.domain.batching import batched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.client import GroundTruth

app = commandline.Group(help="Tell what came true for entities.")
BATCH_ROWS = 5_000
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
        commandline.Argument(metavar="FILE", help="CSV or JSON lines; - is standard input, as JSON lines."),
    ],
) -> None:
    """Add what came true from a file.

    Columns or names: entity_id, actual_outcome and, if wanted, outcome_timestamp, a time with its zone;
    without it the outcome was observed now. The whole file is read and checked for its form before anything
    is sent. It goes in parts of 5000 rows, each of which is kept whole or not at all; to upload a file with
    times again is safe.
    """
    options = context_of(context)
    rows = list(_truths(file))
    total: Counter[str] = Counter()
    progress = printing.progress("uploading", "outcomes", len(rows))
    with options.connect(_TIMEOUT_SECONDS) as client, progress as advance:
        for batch in batched(iter(rows), BATCH_ROWS):
            report = client.drift.upload_ground_truth(model_id, batch)
            total.update(vars(report))
            advance(len(batch))
    if options.as_json:
        printing.print_json({name: total[name] for name in ("inserted", "matched", "corrected", "repeated")})
    else:
        commandline.echo(
            f"{len(rows)} outcomes: {total['inserted']} inserted, {total['corrected']} corrected, "
            f"{total['repeated']} repeated, {total['matched']} matched"
        )


def _truths(file: str) -> Iterator[GroundTruth]:
    from pointsman.cli.drift.files import rows_of
    from pointsman.client import GroundTruth

    for line, row in rows_of(file, _NAMES):
        for name in ("entity_id", "actual_outcome"):
            if row.get(name) in (None, ""):
                raise CommandError(f"{file}: line {line}: {name} is empty; it is required")
        yield GroundTruth(
            str(row["entity_id"]), row["actual_outcome"], _time(file, line, row.get("outcome_timestamp"))
        )


def _time(file: str, line: int, given: Any) -> Any:
    if given in (None, ""):
        return None
    try:
        return times.datetime_of(times.read_time(given))
    except ValueError as error:
        raise CommandError(f"{file}: line {line}: outcome_timestamp: {error}") from error
