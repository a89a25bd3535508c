"""``pointsman feedback``: tell what came of predictions, one at a time or from a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing

app = commandline.Group(help="Record what happened after predictions.")

Applied = Annotated[
    bool, commandline.Option("--applied", help="Wait until it is counted, and say whether it was new.")
]


class FileFormat(StrEnum):
    """What a file of feedback is."""

    CSV = "csv"
    JSONL = "jsonl"


@app.command(context_settings={"ignore_unknown_options": True})
def record(
    context: commandline.Context,
    given: Annotated[
        list[str],
        commandline.Argument(
            metavar="[PREDICTION] VALUE",
            help="The prediction's id, from its answer, and the value; with --entity the value only.",
        ),
    ],
    metric: Annotated[str, commandline.Option(help="What was measured.")] = "reward",
    row: Annotated[int, commandline.Option(min=0, help="The row of a batch, from 0.")] = 0,
    observed: Annotated[str, commandline.Option(metavar="TIME", help="When it was observed.  [now]")] = "",
    router: Annotated[
        str,
        commandline.Option(
            complete=names.routers, help="With --entity: the router that made the prediction."
        ),
    ] = "",
    entity: Annotated[str, commandline.Option(help="Whose latest prediction it is about.")] = "",
    applied: Annotated[
        bool,
        commandline.Option(
            "--applied/--durable",
            help="Wait until it is counted, and say what came of it; or only until it is on disk.",
        ),
    ] = True,
) -> None:
    """Record what happened after a prediction.

    The first value for a prediction, row and metric stays, unless its router allows corrections.
    """
    from pointsman.client import FeedbackOutcome, FeedbackWait

    prediction_id, value = _prediction_and_value(given, router, entity)
    observe_time = arguments.observed(observed, "--observed")
    wait = FeedbackWait.APPLIED if applied else FeedbackWait.DURABLE
    options = context_of(context)
    with options.connect() as client:
        if entity:
            receipt = client.record_entity_feedback(
                router, entity, value, metric=metric, observe_time=observe_time, wait=wait
            )
        else:
            receipt = client.record_feedback(
                prediction_id, value, metric=metric, row=row, observe_time=observe_time, wait=wait
            )
    printing.tell_unreached("a later prediction of this entity may be another server's", receipt.unreached)
    if options.as_json:
        printing.print_json(receipt)
        if receipt.outcome is FeedbackOutcome.CONFLICT:
            raise commandline.Exit(1)
    elif receipt.outcome is FeedbackOutcome.CONFLICT:
        raise CommandError(f"another {metric} was recorded before for this prediction, and stays")
    else:
        said = {
            FeedbackOutcome.DUPLICATE: "was recorded before",
            FeedbackOutcome.CORRECTED: "replaces what was recorded before",
            FeedbackOutcome.RECORDED: "is on disk, and will count if it is the first",
        }
        commandline.echo(f"{metric} {printing.exact(value)} {said.get(receipt.outcome, 'is recorded')}")


@app.command("import")
def import_file(
    context: commandline.Context,
    file: Annotated[
        str,
        commandline.Argument(metavar="FILE", help="CSV or JSON lines; - is standard input, as JSON lines."),
    ],
    file_format: Annotated[
        FileFormat | None,
        commandline.Option("--format", help="What it is; by the file's ending when it is not said."),
    ] = None,
    metric: Annotated[str, commandline.Option(help="The metric of rows that name none.")] = "reward",
    router: Annotated[
        str,
        commandline.Option(complete=names.routers, help="The router of rows with an entity that name none."),
    ] = "",
    errors: Annotated[
        str, commandline.Option(metavar="FILE", help="Write every refused row with its reason here, as CSV.")
    ] = "",
    applied: Applied = False,
) -> None:
    """Record feedback from a file.

    Columns or names: prediction_id (or entity_id and router_id), value, and if wanted row, metric and
    observe_time. Cells of CSV are parted by commas, semicolons or tabs, as its first line tells. A value is a
    number, or true or false; a time names its zone, as in 2026-11-22T10:30:00Z, or is a number of seconds,
    milliseconds, microseconds or nanoseconds since 1970. To import a file again is safe: what is recorded
    already is not counted twice. Exit code 1 says that rows were refused, or that the rest of the file could
    not be read.
    """
    from pointsman.cli.feedback import importing

    options = context_of(context)
    kind = file_format.value if file_format else _format_of(file)
    timeout_seconds = importing.TIMEOUT_SECONDS
    with options.connect(timeout_seconds) as client, printing.telling_partial_records():
        report = importing.import_feedback(
            client, file, kind, importing.Defaults(metric, router), errors_file=errors, applied=applied
        )
    if options.as_json:
        printing.print_json(report.facts())
    else:
        commandline.echo(report.sentence())
    if report.unread:
        raise CommandError(f"{file}: {report.unread}")
    if report.refused:
        raise commandline.Exit(1)


def _prediction_and_value(given: list[str], router: str, entity: str) -> tuple[str, float]:
    for item in given:
        if item.startswith("--"):
            raise commandline.BadParameter(f"there is no option {item}")
    if bool(router) != bool(entity):
        raise commandline.BadParameter("--router and --entity go together")
    if len(given) != (1 if entity else 2):
        words = "VALUE alone" if entity else "PREDICTION and VALUE"
        raise commandline.BadParameter(
            f"takes {words}, not {len(given)} words", param_hint="[PREDICTION] VALUE"
        )
    value = arguments.numbers([f"VALUE={given[-1]}"], "VALUE")["VALUE"]
    return ("" if entity else given[0]), value


def _format_of(file: str) -> str:
    ending = file.rpartition(".")[2].lower()
    if ending in ("csv", "tsv"):
        return FileFormat.CSV.value
    if file == "-" or ending in ("jsonl", "ndjson"):
        return FileFormat.JSONL.value
    raise commandline.BadParameter(
        f"{file!r} ends in none of .csv, .tsv and .jsonl; say --format", param_hint="FILE"
    )
