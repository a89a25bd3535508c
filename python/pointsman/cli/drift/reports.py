"""``pointsman drift report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from pointsman.cli.drift.options import ModelArgument
from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError, context_of


def report(
    context: commandline.Context,
    model_id: ModelArgument,
    result: Annotated[
        str, commandline.Option("--result", metavar="ID", help="Which result.  [the newest]")
    ] = "",
    out: Annotated[
        Path | None,
        commandline.Option("--out", metavar="FILE", help="Where to write; a file there is replaced."),
    ] = None,
) -> None:
    """Write the report of a result: one HTML file that needs no network, or with -o json its content.

    The path is printed. JSON without --out goes to standard output.
    """
    options = context_of(context)
    if out is None and not options.as_json:
        raise CommandError("--out: name the file to write, for example --out report.html; or use -o json")
    with options.connect() as client:
        text = client.drift.report(model_id, result, as_json=options.as_json)
    if out is None:
        sys.stdout.write(text + "\n")
        return
    scratch = out.with_name(out.name + ".new")
    try:
        scratch.write_text(text, encoding="utf-8", newline="")
        scratch.replace(out)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise CommandError(f"{out}: cannot be written: {error.strerror}") from error
    commandline.echo(str(out))
