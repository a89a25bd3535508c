"""The servers of a database, and giving up one that is lost: done on the database itself."""

from pointsman.control.access.bootstrap import opened_directly
from pointsman.control.plane import clock_us
from pointsman.domain.records.servers import ServerJournal
from pointsman.errors import FailedPreconditionError, NotFoundError
from pointsman.store import servers
from pointsman.store.recording import erasures


def list_servers(database_url: str) -> list[tuple[ServerJournal, bool]]:
    """Answers the servers of a database, each with whether it runs.

    Raises:
        DatabaseTooNewError: A newer release has migrated it.
        DatabaseUnavailableError: It does not answer.
        InvalidArgumentError: The URL is of no known kind.
    """
    with opened_directly(database_url) as database, database.read() as connection:
        now_us = servers.clock_us(connection, clock_us())
        return [(server, server.is_running(now_us)) for server in servers.list_all(connection)]


def give_up_server(database_url: str, journal_id: str, *, with_files: bool) -> int:
    """Notes that a server will never come back.

    Args:
        database_url: The database.
        journal_id: The server's journal, or as much of its beginning as only it has.
        with_files: Whether its files of the lake are lost as well.

    Returns:
        How many rows its files hold, or held.

    Raises:
        DatabaseTooNewError: A newer release has migrated the database.
        DatabaseUnavailableError: It does not answer.
        FailedPreconditionError: The server runs, or several have such a journal.
        InvalidArgumentError: The URL is of no known kind.
        NotFoundError: There is no such server.
    """
    with opened_directly(database_url) as database, database.write() as connection:
        now_us = servers.clock_us(connection, clock_us())
        found = [one for one in servers.list_all(connection) if one.journal_id.startswith(journal_id)]
        if not found:
            raise NotFoundError(
                f"no server has the journal {journal_id!r}; 'pointsman servers list' shows all"
            )
        if len(found) > 1:
            raise FailedPreconditionError(
                f"{len(found)} journals begin with {journal_id!r}; write more of it"
            )
        if found[0].is_running(now_us):
            raise FailedPreconditionError(
                f"the server with journal {found[0].journal_id} ({found[0].place}) was seen within "
                "the last minute; give up only servers that will never run again"
            )
        rows = servers.give_up(connection, found[0].journal_id, with_files=with_files)
        erasures.settle(connection, clock_us())
        return rows
