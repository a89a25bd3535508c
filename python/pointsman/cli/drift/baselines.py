"""``pointsman drift baseline``: what is normal for a model."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.drift.options import ModelArgument
from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from pointsman.client import LabeledPredictions, TargetData

app = commandline.Group(help="Keep what is normal for a model.")
_TIMEOUT_SECONDS = 60.0


class TaskName(StrEnum):
    """What a model does."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@app.command()
def create(
    context: commandline.Context,
    model_id: ModelArgument,
    file: Annotated[
        str,
        commandline.Argument(
            metavar="FILE",
            help="Parquet, CSV with a heading, or JSON: an object of lists, or of blocks as in the REST API.",
        ),
    ],
    version: Annotated[str, commandline.Option(help="Names it among the baselines of the model.")],
    target: Annotated[
        str, commandline.Option(metavar="COLUMN", help="The column of what came true, which is no feature.")
    ] = "",
    task: Annotated[
        TaskName, commandline.Option(help="With --target: what the model does.")
    ] = TaskName.CLASSIFICATION,
) -> None:
    """Keep a table of training data as a baseline; the first of a model is active at once."""
    from pointsman.cli.drift.files import blocks_of
    from pointsman.client import DriftTask, TargetData

    columns, blocks = blocks_of(file)
    targets = _targets(file, blocks)
    if target:
        if target not in columns:
            raise CommandError(f"--target: {file} has no column {target!r}; it has {', '.join(columns)}")
        targets = TargetData(DriftTask(task.value), columns.pop(target))
    options = context_of(context)
    with options.connect(_TIMEOUT_SECONDS) as client:
        baseline_id = client.drift.create_baseline(
            model_id,
            version,
            columns,
            target_data=targets,
            labeled_predictions=_labeled(file, blocks),
        )
    if options.as_json:
        printing.print_json({"baseline_id": baseline_id})
    else:
        commandline.echo(baseline_id)


@app.command("list")
def list_baselines(context: commandline.Context, model_id: ModelArgument) -> None:
    """List the baselines of a model, newest first."""
    options = context_of(context)
    with options.connect() as client:
        found = client.drift.baselines(model_id)
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["#BASELINE", "VERSION", "ACTIVE", ">ROWS", "MADE"],
        (
            [
                one.baseline_id,
                one.version,
                "yes" if one.active else "",
                str(one.sample_size),
                printing.local_time(one.created_at),
            ]
            for one in found
        ),
        empty=f"No baselines. 'pointsman drift baseline create {model_id} FILE --version V' makes one.",
    )


@app.command()
def activate(
    context: commandline.Context,
    model_id: ModelArgument,
    baseline_id: Annotated[str, commandline.Argument(metavar="BASELINE", help="The baseline's id.")],
) -> None:
    """Make a baseline the one that analyses compare with."""
    options = context_of(context)
    with options.connect() as client:
        client.drift.activate_baseline(model_id, baseline_id)
    if options.as_json:
        printing.print_json({"activated": True, "baseline_id": baseline_id})
    else:
        commandline.echo(f"{baseline_id} is active")


def _targets(file: str, blocks: Mapping[str, Any]) -> TargetData | None:
    from pointsman.client import DriftTask, TargetData

    block = blocks.get("targetData")
    if block is None:
        return None
    try:
        return TargetData(DriftTask(block["type"]), block["values"])
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{file}: targetData: is no object with type and values ({error})") from error


def _labeled(file: str, blocks: Mapping[str, Any]) -> LabeledPredictions | None:
    from pointsman.client import LabeledPredictions

    block = blocks.get("labeledPredictions")
    if block is None:
        return None
    try:
        return LabeledPredictions(
            block.get("probabilities", []), block["predictedLabels"], block["actualLabels"]
        )
    except (AttributeError, KeyError) as error:
        raise CommandError(
            f"{file}: labeledPredictions: is no object with predictedLabels and actualLabels ({error})"
        ) from error
