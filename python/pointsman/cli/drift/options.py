"""What several commands about drift take."""

from __future__ import annotations

from typing import Annotated

from pointsman.cli.line import commandline, names

MOST_ROWS = 1000
"""So many rows of a list the server answers at most."""

ModelArgument = Annotated[
    str, commandline.Argument(metavar="MODEL", complete=names.models, help="The model.")
]
Since = Annotated[
    str,
    commandline.Option(
        "--since", metavar="TIME", help="Only from this time on; a time, or how long ago: 24h."
    ),
]
Until = Annotated[str, commandline.Option("--until", metavar="TIME", help="Only before this time.")]
