"""``pointsman predictions``: list, show and export what a router recorded."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.output.pages import Page
from pointsman.cli.routers.commands import RouterId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pointsman.cli.records.exporting import Order
    from pointsman.client import Client, PredictionRecord, ShadowAnswer

PAGE_ROWS = 1000
COUNTED_ROWS = 200
"""How far beyond a page a list counts what it does not show."""

app = commandline.Group(help="List, show and export recorded predictions.")

VariantName = Annotated[
    str, commandline.Option("--variant", complete=names.variants, help="Only of this variant.")
]
Entity = Annotated[str, commandline.Option("--entity", help="Only for this entity.")]
Since = Annotated[
    str,
    commandline.Option(
        "--since", metavar="TIME", help="Only from this time on; a time, or how long ago: 24h."
    ),
]
Before = Annotated[str, commandline.Option("--before", metavar="TIME", help="Only before this time.")]
WithFeedback = Annotated[
    bool | None,
    commandline.Option("--with-feedback/--without-feedback", help="Only with or without feedback."),
]
Status = Annotated[
    str, commandline.Option("--status", metavar="CODE", help="Only with this gRPC status: a name or number.")
]
MinLatency = Annotated[
    str,
    commandline.Option("--min-latency", metavar="DURATION", help="Only calls that took so long, e.g. 250ms."),
]
OldestFirst = Annotated[bool, commandline.Option("--oldest-first", help="Begin with the oldest.")]


class ExportFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@app.command("list")
def list_predictions(
    context: commandline.Context,
    router_id: RouterId,
    variant: VariantName = "",
    entity: Entity = "",
    since: Since = "",
    before: Before = "",
    feedback: WithFeedback = None,
    status: Status = "",
    min_latency: MinLatency = "",
    oldest_first: OldestFirst = False,
    limit: Annotated[int, commandline.Option("-n", "--limit", min=1, help="At most this many.")] = 20,
) -> None:
    """List recorded predictions, newest first."""
    wanted = _wanted(variant, entity, since, before, feedback, status, min_latency, oldest_first)
    options = context_of(context)
    page = Page(limit, options.as_json, counted=COUNTED_ROWS)
    with options.connect() as client, printing.telling_partial_records():
        read = list(islice(_records(client, router_id, wanted, page.asked), page.asked))
    found = page.shown(read)
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        [
            "#TIME",
            "VARIANT",
            "+ENTITY",
            "ANSWER",
            "+>PROPENSITY",
            "+REASON",
            "+STATUS",
            "FEEDBACK",
            *(["#ROW"] if any(record.row_count > 1 for record in found) else []),
            "!ID",
        ],
        (_row(record, found) for record in found),
        empty=_empty(router_id, any(value not in ("", None, False) for value in wanted.values())),
    )
    page.tell(read, "-n shows more")


@app.command()
def get(
    context: commandline.Context,
    router_id: RouterId,
    prediction_id: Annotated[str, commandline.Argument(metavar="PREDICTION", help="The prediction's id.")],
    row: Annotated[int, commandline.Option(min=0, help="The row of a batch, from 0.")] = 0,
) -> None:
    """Show one recorded prediction in full: the decision, features, answer and feedback."""
    options = context_of(context)
    with options.connect() as client:
        record = client.routers.prediction(router_id, prediction_id, row=row)
    if options.as_json:
        printing.print_json(record)
    else:
        _show(record)


@app.command()
def export(
    context: commandline.Context,
    router_id: RouterId,
    file: Annotated[str, commandline.Argument(metavar="FILE", help="Where to write; - is standard output.")],
    export_format: Annotated[
        ExportFormat | None,
        commandline.Option("--format", help="How to write; by the file's ending when it is not said."),
    ] = None,
    variant: VariantName = "",
    entity: Entity = "",
    since: Since = "",
    before: Before = "",
    feedback: WithFeedback = None,
    status: Status = "",
    min_latency: MinLatency = "",
    oldest_first: OldestFirst = False,
    limit: Annotated[
        int | None, commandline.Option("-n", "--limit", min=1, help="At most this many.  [all]")
    ] = None,
) -> None:
    """Write recorded predictions into a file: CSV, JSON lines or Parquet.

    All three have the same names: features as f_NAME, in the order of the models' signatures, and values of
    feedback as feedback_METRIC. The file appears when it is complete. In CSV, text that a spreadsheet would
    take for a formula begins with an apostrophe.
    """
    from pointsman.cli.records import exporting

    chosen = export_format or _format_of(file)
    wanted = _wanted(variant, entity, since, before, feedback, status, min_latency, oldest_first)
    options = context_of(context)
    with options.connect() as client, printing.telling_partial_records():
        records = islice(_records(client, router_id, wanted, limit or PAGE_ROWS), limit)
        count = exporting.export(records, file, chosen.value, _order(client, router_id))
    if options.as_json and file != "-":
        printing.print_json({"file": file, "rows": count})
    else:
        commandline.echo(f"{count} predictions are in {'the output' if file == '-' else file}", err=True)


def _wanted(
    variant: str,
    entity: str,
    since: str,
    before: str,
    feedback: bool | None,
    status: str,
    min_latency: str,
    oldest_first: bool,
) -> dict[str, Any]:
    """Reads the filters as arguments of the client's call; the order is added when the call is made."""
    return {
        "variant": variant,
        "entity_id": entity,
        "start_time": arguments.moment(since, "--since"),
        "end_time": arguments.moment(before, "--before"),
        "has_feedback": feedback,
        "status_code": arguments.status_code(status),
        "min_latency": arguments.duration(min_latency, "--min-latency"),
        "oldest_first": oldest_first,
    }


def _records(
    client: Client, router_id: str, wanted: dict[str, Any], count: int
) -> Iterator[PredictionRecord]:
    from pointsman.client import PredictionOrder

    filters = {name: value for name, value in wanted.items() if name != "oldest_first"}
    order = PredictionOrder.OLDEST_FIRST if wanted["oldest_first"] else PredictionOrder.NEWEST_FIRST
    return client.routers.predictions(router_id, **filters, order=order, page_size=min(count, PAGE_ROWS))


def _order(client: Client, router_id: str) -> Order:
    """Answers the order of the signatures' features and of the router's metrics, as far as it is known."""
    from pointsman.cli.records.exporting import Order
    from pointsman.client import ClientError

    try:
        router = client.routers.get(router_id)
    except ClientError:
        # Records can be read by more callers, and for longer, than what they were made with.
        return Order()
    features: dict[str, None] = {}
    for variant in router.variants:
        try:
            signature = client.models.get(variant.model_id, variant.model_version).signature
        except ClientError:
            continue
        for tensor in signature.inputs if signature else ():
            features.update(dict.fromkeys(tensor.features or [tensor.name]))
    return Order(list(features), [metric.name for metric in router.metrics])


def _format_of(file: str) -> ExportFormat:
    ending = file.rpartition(".")[2].lower()
    known = {"csv": ExportFormat.CSV, "parquet": ExportFormat.PARQUET, "jsonl": ExportFormat.JSONL}
    if ending in known:
        return known[ending]
    if file == "-" or ending == "ndjson":
        return ExportFormat.JSONL
    raise commandline.BadParameter(
        f"{file!r} does not end in .csv, .jsonl or .parquet; say --format", param_hint="FILE"
    )


def _row(record: PredictionRecord, all_records: Sequence[PredictionRecord]) -> list[str]:
    batch = [f"{record.row} of {record.row_count}"] if any(one.row_count > 1 for one in all_records) else []
    status = printing.code_name(record.status_code)
    return [
        printing.short_time(record.time),
        record.variant,
        record.entity_id,
        (status if record.status_code else "")
        if record.prediction is None
        else printing.shown(record.prediction),
        f"{record.propensity:.4f}",
        record.reason,
        status,
        ", ".join(f"{item.metric} {printing.exact(item.value)}" for item in record.feedback),
        *batch,
        record.prediction_id,
    ]


def _empty(router_id: str, filtered: bool) -> str:
    if filtered:
        return "No predictions match. Fewer filters, or an earlier --since, may find some."
    return (
        f"{router_id} has recorded no predictions yet; 'pointsman predict {router_id} -f NAME=VALUE' makes "
        "one. A router with --no-record keeps none."
    )


def _show(record: PredictionRecord) -> None:
    eligible = ", ".join(f"{item.variant} {item.propensity:.4f}" for item in record.eligible_variants)
    batch = f", row {record.row} of {record.row_count}" if record.row_count > 1 else ""
    added = record.overhead.total_seconds() if record.overhead else 0.0
    backend = record.backend_latency.total_seconds() if record.backend_latency else None
    printing.print_facts(
        [
            ("prediction id", record.prediction_id + batch),
            ("time", record.time.isoformat().replace("+00:00", "Z") if record.time else ""),
            ("router", f"{record.router_id}, generation {record.router_generation} of {record.generation}"),
            ("revision", record.router_revision or "not kept"),
            ("variant", f"{record.variant} ({record.model_id} {record.model_version})"),
            ("decided by", f"{record.reason}, propensity {record.propensity:.4f}"),
            ("stood in for", record.decided_variant),
            ("rule", record.rule),
            ("randomised by", record.randomised_by),
            ("eligible", eligible),
            ("draw", "" if record.draw is None else f"{record.draw:#018x}"),
            ("slot", "" if record.slot is None else record.slot),
            ("entity", record.entity_id),
            ("status", printing.code_name(record.status_code)),
            ("added", printing.milliseconds(added)),
            ("backend", "" if backend is None else printing.milliseconds(backend)),
            ("request id", record.request_id),
            ("trace id", record.trace_id),
            ("features", _content(record.features, record.features_content)),
            ("prediction", "" if record.prediction is None else printing.shown(record.prediction)),
            ("probabilities", ", ".join(f"{value:.4f}" for value in record.probabilities)),
            ("outputs", _content(record.outputs, record.answer_content)),
            ("answer notes", ", ".join(record.answer_notes)),
        ]
    )
    if record.shadow_answers:
        printing.print_table(
            ["SHADOW", "MODEL", "STATUS", "PREDICTION", ">CONFIDENCE", ">BACKEND"],
            (_shadow_row(answer) for answer in record.shadow_answers),
        )
    printing.tell_unreached("an answer of a shadow may be missing", record.unreached)
    printing.print_table(
        ["#METRIC", ">VALUE", ">ROW", "#OBSERVED"],
        (
            [item.metric, printing.exact(item.value), str(item.row), printing.local_time(item.observe_time)]
            for item in record.feedback
        ),
        empty="No feedback came for it yet.",
    )


def _shadow_row(answer: ShadowAnswer) -> list[str]:
    backend = answer.backend_latency
    if answer.prediction is not None:
        said = printing.shown(answer.prediction)
    else:
        said = "" if answer.status_code else _content(answer.outputs, answer.answer_content)
    return [
        answer.variant,
        f"{answer.model_id} {answer.model_version}",
        printing.code_name(answer.status_code),
        said,
        "" if answer.confidence is None else f"{answer.confidence:.4f}",
        "" if backend is None else printing.milliseconds(backend.total_seconds()),
    ]


def _content(values: Any, content: str) -> str:
    """Writes features or outputs as JSON, or why there are none."""
    if values:
        return printing.shown(dict(values))
    why = {
        "cut": "not recorded: above the router's limit",
        "unreadable": "not recorded: not readable by the model's signature",
        "none": "not recorded",
    }
    return why.get(content, "")
