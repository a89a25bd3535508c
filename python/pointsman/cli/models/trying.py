"""``pointsman models test``: run one row through a model version before any router uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import context_of
from pointsman.cli.models.commands import ModelId, Version
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.client import ModelTest

FROM = {"given": "given", "default": "default", "sample": "made up", "unused": "given, not taken"}
"""What people read for where a value comes from."""


def run(
    context: commandline.Context,
    model_id: ModelId,
    version: Version,
    item: Annotated[
        list[str] | None,
        commandline.Option(
            "-f",
            "--feature",
            metavar="NAME=VALUE",
            complete=names.features,
            help="A feature; JSON, else a string.",
        ),
    ] = None,
    row: Annotated[str, arguments.all_features("--row")] = "",
    timeout: Annotated[
        str,
        commandline.Option(metavar="DURATION", help="How long its backend may take, e.g. 30s.  [2s]"),
    ] = "",
) -> None:
    """Run one row through a model version, before any router uses it.

    The answer, or the error, is what a call would get; nothing is recorded or counted. Without features the
    row is made up: of the signature's defaults and, where there is none, of 0, false or empty text.
    """
    from pointsman.cli.line.likely import telling_likely_features

    features = arguments.features(item or [], row)
    time = arguments.duration(timeout, "--timeout")
    options = context_of(context)
    with options.connect() as client, telling_likely_features(features):
        answer = client.models.test(
            model_id, version, features, timeout_seconds=None if time is None else time.total_seconds()
        )
    if options.as_json:
        printing.print_json(answer)
    else:
        _show(answer)
    for warning in _warnings(answer):
        commandline.echo(warning, err=True)


def _show(answer: ModelTest) -> None:
    """Writes the row and what the model answered."""
    printing.print_table(
        ["#FEATURE", "VALUE", "FROM"],
        ([one.name, printing.shown(one.value), FROM.get(one.origin, one.origin)] for one in answer.row),
        empty="The model takes no features.",
    )
    took = answer.backend_latency
    printing.print_facts(
        [
            ("prediction", printing.shown(answer.prediction)),
            ("probabilities", ", ".join(f"{probability:.4f}" for probability in answer.probabilities)),
            ("note", ", ".join(answer.notes)),
            ("outputs", printing.shown(dict(answer.outputs)) if len(answer.outputs) > 1 else ""),
            ("backend", printing.milliseconds(took.total_seconds()) if took else ""),
        ]
    )


def _warnings(answer: ModelTest) -> Iterator[str]:
    """Says what of the row is not what it may seem to be."""
    from pointsman.cli.line.likely import likely

    taken = [one.name for one in answer.row if one.origin != "unused"]
    for one in answer.row:
        if one.origin == "unused":
            question = likely(one.name, taken)
            yield f"warning: the model takes no feature {one.name!r}. {question}".rstrip()
    if any(one.origin == "sample" for one in answer.row):
        yield "The row is made up, so its prediction means nothing; give one by -f NAME=VALUE or --features."
