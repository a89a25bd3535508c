"""``pointsman drift baseline``: what is normal for a model."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Annotated

from pointsman.cli.drift.options import ModelArgument, Since, Until
from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing

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
            help="By its ending .parquet, .csv or .tsv with a heading, or .json: an object of lists, or of "
            "blocks as in the REST API. Empty cells are missing.",
        ),
    ] = "",
    version: Annotated[
        str, commandline.Option(help="Names it among the baselines of the model; required.")
    ] = "",
    from_window: Annotated[
        bool,
        commandline.Option(
            "--from-window", help="Instead of a file, take what the model was asked and answered."
        ),
    ] = False,
    days: Annotated[
        float | None,
        commandline.Option(help="With --from-window: the last so many days.  [those of the schedule]"),
    ] = None,
    since: Since = "",
    until: Until = "",
    target: Annotated[
        str, commandline.Option(metavar="COLUMN", help="The column of what came true, which is no feature.")
    ] = "",
    task: Annotated[
        TaskName, commandline.Option(help="With --target: what the model does.")
    ] = TaskName.CLASSIFICATION,
) -> None:
    """Keep a table of training data as a baseline; the first of a model is active at once.

    With --from-window it is of a window of production: features, answers, and outcomes as far as they are
    known, of at most 50000 predictions, drawn by lot.
    """
    from pointsman.cli.drift.baseline_files import read_baseline
    from pointsman.client import DriftTask, TargetData

    if not version:
        raise CommandError("--version is not given; it names the baseline")
    if bool(file) == from_window:
        raise CommandError("give either FILE or --from-window")
    if from_window:
        if target:
            raise CommandError("--target: is of a file, and there is none; leave it out")
        _create_of_window(context, model_id, version, days, since, until)
        return
    if days is not None or since or until:
        raise CommandError("--days, --since and --until go with --from-window")
    read = read_baseline(file)
    if target:
        if target not in read.features:
            raise CommandError(
                f"--target: {file} has no column {target!r}; it has {', '.join(read.features)}"
            )
        values = read.features.pop(target)
        read = dataclasses.replace(read, targets=TargetData(DriftTask(task.value), values))
    options = context_of(context)
    with options.connect(_TIMEOUT_SECONDS) as client:
        try:
            baseline_id = client.drift.create_baseline(
                model_id,
                version,
                read.features,
                target_data=read.targets,
                labeled_predictions=read.labeled,
            )
        except (TypeError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from error
    if options.as_json:
        printing.print_json({"baseline_id": baseline_id})
    else:
        commandline.echo(baseline_id)


def _create_of_window(
    context: commandline.Context, model_id: str, version: str, days: float | None, since: str, until: str
) -> None:
    options = context_of(context)
    with options.connect(_TIMEOUT_SECONDS) as client:
        made = client.drift.create_baseline_of_window(
            model_id,
            version,
            start=arguments.moment(since, "--since"),
            end=arguments.moment(until, "--until"),
            days=days,
        )
    if options.as_json:
        printing.print_json(made)
        return
    for note in made.notes:
        commandline.echo(f"warning: {note}", err=True)
    commandline.echo(f"{made.baseline_id} of {made.sample_size} rows")


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
        ["!BASELINE", "VERSION", "ACTIVE", ">ROWS", "#MADE"],
        (
            [
                one.baseline_id,
                one.version,
                "yes" if one.active else "",
                str(one.sample_size),
                printing.short_time(one.created_at),
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
