"""``pointsman servers``: the servers on one database, and giving up one that is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing
from pointsman.cli.serving.folders import database_file, sqlite_url

if TYPE_CHECKING:
    from pointsman.domain.records.servers import ServerJournal

app = commandline.Group(help="List the servers on a database; give up a lost one.")

DatabaseUrl = Annotated[
    str,
    commandline.Option(
        metavar="URL", envvar="POINTSMAN_DATABASE", help="The database, if not in that folder."
    ),
]
DataDir = Annotated[Path, commandline.Option(help="The data folder of a server.")]


@app.command("list")
def list_all(
    context: commandline.Context, database: DatabaseUrl = "", data_dir: DataDir = Path("data")
) -> None:
    """List the servers that have recorded on a database, with their journals.

    Needs no server, only the right to write to the database.
    """
    from pointsman.control.journals.given_up import list_servers
    from pointsman.errors import PointsmanError

    try:
        found = list_servers(_url(database, data_dir))
    except PointsmanError as error:
        raise CommandError(str(error)) from error
    if context_of(context).as_json:
        printing.print_json([_facts(server, runs) for server, runs in found])
        return
    printing.print_table(
        ["!JOURNAL", "PLACE", "#STATE", "#LAST SEEN", "#STORED UNTIL"],
        (
            [
                server.journal_id,
                server.place,
                _state(server, runs),
                printing.short_time(_time(server.seen_time_us)),
                "all" if server.ended else printing.short_time(_time(server.stored_until_us)),
            ]
            for server, runs in found
        ),
        empty="No server has used this database yet.",
    )


@app.command("give-up")
def give_up(
    journal: Annotated[
        str, commandline.Argument(metavar="JOURNAL", help="The server's journal, or the beginning of it.")
    ],
    with_files: Annotated[
        bool,
        commandline.Option("--with-files", help="Its files of the lake are lost as well: list them no more."),
    ] = False,
    database: DatabaseUrl = "",
    data_dir: DataDir = Path("data"),
    yes: arguments.Yes = False,
) -> None:
    """Say that a server will never run again.

    What it recorded and did not store is lost. Reads name it no more, and erasures wait for it no longer.
    Needs no server, only the right to write to the database. Nothing on any disk is deleted.
    """
    from pointsman.control.journals.given_up import give_up_server
    from pointsman.errors import PointsmanError

    if not yes:
        arguments.confirm(f"Give up the server with journal {journal} for ever?")
    try:
        rows = give_up_server(_url(database, data_dir), journal, with_files=with_files)
    except PointsmanError as error:
        raise CommandError(str(error)) from error
    files = "are listed no more" if with_files else "stay listed"
    commandline.echo(f"{journal} is given up; {rows} rows in its files {files}")


def _url(database: str, data_dir: Path) -> str:
    if not database and not (file := database_file(data_dir)).exists():
        raise CommandError(f"there is no database {file}; name the server's --data-dir or --database")
    return database or sqlite_url(data_dir)


def _state(server: ServerJournal, runs: bool) -> str:
    return "runs" if runs else "ended" if server.ended else "lost"


def _facts(server: ServerJournal, runs: bool) -> dict[str, object]:
    return {
        "journal_id": server.journal_id,
        "place": server.place,
        "state": _state(server, runs),
        "seen_time": _time(server.seen_time_us),
        "stored_until": _time(server.stored_until_us),
    }


def _time(time_us: int) -> datetime | None:
    return datetime.fromtimestamp(time_us / 1_000_000, UTC) if time_us else None
