"""``pointsman serve``: runs the whole server in this process."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pointsman.cli.line import commandline, late
from pointsman.cli.line.context import CommandError


class LogFormat(StrEnum):
    """How log lines are written."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


def serve(
    grpc: Annotated[
        str | None,
        commandline.Option(metavar="HOST:PORT", help="The public gRPC port; port 0: any.  [127.0.0.1:8500]"),
    ] = None,
    http: Annotated[
        str | None,
        commandline.Option(
            metavar="HOST:PORT", help="The HTTP port for REST, health, metrics; 0: any.  [127.0.0.1:8501]"
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, commandline.Option(metavar="DIR", help="Folder of database, models and state.  [./data]")
    ] = None,
    threads: Annotated[
        int | None,
        commandline.Option(metavar="N", help="Threads of the data plane; 0: one per processor.  [0]"),
    ] = None,
    database: Annotated[
        str | None, commandline.Option(metavar="URL", help="Database; empty: SQLite in the data folder.")
    ] = None,
    log_format: Annotated[
        LogFormat | None,
        commandline.Option(help="JSON log lines, or text for people; auto: text on a terminal.  [auto]"),
    ] = None,
    config: Annotated[
        Path | None,
        commandline.Option(metavar="FILE", help="Settings file.  [./pointsman.toml, if there is one]"),
    ] = None,
    ready_file: Annotated[
        Path | None,
        commandline.Option(metavar="FILE", help="Write addresses and pid here, as JSON, once serving."),
    ] = None,
) -> None:
    """Run the server until SIGTERM or Ctrl-C.

    Calls in flight are finished then. Every setting can also come from the environment (POINTSMAN_…) or the
    settings file; see docs/reference/settings.md.
    """
    late.stop()
    from pointsman.cli.serving.server import run_server
    from pointsman.settings import SettingsError, load

    flags = {"grpc": grpc, "http": http, "data_dir": data_dir, "threads": threads, "database": database}
    flags["log_format"] = log_format and log_format.value
    try:
        settings = load(config, flags)
    except SettingsError as error:
        raise CommandError(str(error)) from error
    run_server(settings, ready_file)
