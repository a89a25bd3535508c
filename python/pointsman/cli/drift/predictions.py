"""``pointsman drift log``, ``predictions`` and ``performance``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.drift.metrics import band, number, print_divergence
from pointsman.cli.drift.options import MOST_ROWS, ModelArgument, Since, Until
from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import pages, printing
from pointsman.domain import times

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES = frozenset(
    {
        "features",
        "prediction",
        "probabilities",
        "entity_id",
        "model_version",
        "latency_ms",
        "timestamp",
    }
)


class StepName(StrEnum):
    """The length of a step."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


def log(
    context: commandline.Context,
    model_id: ModelArgument,
    file: Annotated[str, commandline.Argument(metavar="FILE", help="JSON lines; - is standard input.")],
) -> None:
    """Log predictions that no router made.

    Each line is an object: features, prediction, probabilities of a classifier and, if wanted, entity_id,
    model_version, latency_ms and timestamp, a time with its zone. Lines are sent in their order; at the first
    one that is refused the command ends and names it, so that those after it can be sent again.
    """
    from pointsman.cli.drift.files import rows_of
    from pointsman.cli.line.words import in_command_words
    from pointsman.client import ClientError

    options = context_of(context)
    count = 0
    with options.connect() as client, printing.progress("logging", "predictions", None) as advance:
        for line, row in rows_of(file, _NAMES):
            try:
                client.drift.log_prediction(model_id, **_fields(row))
            except (ClientError, TypeError, ValueError) as error:
                told = in_command_words(str(error), context) if isinstance(error, ClientError) else error
                raise CommandError(f"{file}: line {line}: {told} ({count} were logged before)") from error
            count += 1
            advance(1)
    if options.as_json:
        printing.print_json({"logged": count})
    else:
        commandline.echo(f"{count} predictions are logged")


def predictions(
    context: commandline.Context,
    model_id: ModelArgument,
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, commandline.Option(min=0, max=MOST_ROWS, help="At most so many.  [100]")] = 0,
    unmatched: Annotated[
        bool, commandline.Option("--unmatched", help="Only those whose outcome is not known.")
    ] = False,
) -> None:
    """List a model's predictions, newest first: logged ones and those of routers."""
    options = context_of(context)
    with options.connect() as client:
        found = client.drift.predictions(
            model_id,
            limit=limit,
            start_date=arguments.moment(since, "--since"),
            end_date=arguments.moment(until, "--until"),
            has_ground_truth=False if unmatched else None,
        )
    _tell(found.notes)
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["#MADE", "ENTITY", "PREDICTION", "OUTCOME", "+ROUTER", "+VERSION", "!ID"],
        (
            [
                printing.short_time(one.timestamp),
                one.entity_id,
                _value(one.prediction),
                _value(one.actual_outcome),
                one.router_id,
                one.model_version,
                one.prediction_id,
            ]
            for one in found.predictions
        ),
        empty="No predictions match.",
    )
    if found.total > len(found.predictions):
        pages.tell_rest(len(found.predictions), found.total, f"--limit shows up to {MOST_ROWS}")


def performance(
    context: commandline.Context,
    model_id: ModelArgument,
    days: Annotated[float | None, commandline.Option(help="Over so many days up to now.  [30]")] = None,
    step: Annotated[StepName, commandline.Option(help="The length of a step.")] = StepName.DAILY,
) -> None:
    """Show how right a model was, step by step.

    Beside what came true stands what was estimated of all predictions, what of those with outcomes
    (compared), and the band in which it is expected of these. Values that stay outside are concept drift:
    outcomes follow from scores otherwise than in the baseline.
    """
    from pointsman.client import PerformanceGranularity

    options = context_of(context)
    with options.connect() as client:
        found = client.drift.performance(
            model_id, window_days=days, granularity=PerformanceGranularity(step.value)
        )
    _tell(found.notes)
    if options.as_json:
        printing.print_json(found)
        return
    accuracies = [one.metrics.get("accuracy") for one in found.history]
    printing.print_table(
        [
            "#FROM",
            ">?ACCURACY",
            ">?ESTIMATE",
            ">?COMPARED",
            "#?BAND",
            ">?MAE",
            ">?RMSE",
            ">OUTCOMES",
            "+>COVERAGE",
        ],
        (
            [
                printing.short_time(one.timestamp, has_hour=step is StepName.HOURLY),
                number(one.accuracy),
                number(None if accuracy is None else accuracy.estimate),
                number(None if accuracy is None else accuracy.compared),
                band(accuracy),
                number(one.mae),
                number(one.rmse),
                str(one.sample_size),
                f"{one.coverage:.1%}",
            ]
            for one, accuracy in zip(found.history, accuracies, strict=True)
        ),
        empty="No predictions in this time.",
    )
    print_divergence(found.divergence)


def _value(value: Any) -> str:
    """Writes a prediction or an outcome; nothing for none."""
    return "" if value is None else printing.shown(value)


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(row.get("features"), dict):
        raise ValueError("features: is no object of values by name")
    fields = {name: value for name, value in row.items() if value is not None}
    fields.setdefault("prediction", None)
    if "timestamp" in fields:
        fields["timestamp"] = times.datetime_of(times.read_time(fields["timestamp"]))
    return fields


def _tell(notes: Sequence[str]) -> None:
    for note in notes:
        commandline.echo(f"warning: {note}", err=True)
