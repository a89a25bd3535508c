"""Notes what becomes of routers, in the transaction that changes them."""

from sqlalchemy import Connection

from pointsman.control.convert.revisions import snapshot_bytes
from pointsman.control.publishing import snapshot
from pointsman.control.publishing.changes import Change
from pointsman.domain.keys import Principal
from pointsman.domain.revision_words import summary
from pointsman.domain.revisions import Cause, RevisionKind
from pointsman.domain.routers import Router
from pointsman.store.routing import router_revisions

SERVER = Principal("", frozenset())
"""Who does what nobody asked for."""


def note(
    change: Change,
    after: Router,
    kind: RevisionKind,
    caller: Principal,
    *,
    before: Router | None = None,
    comment: str = "",
    source: int | None = None,
) -> int:
    """Notes a change of a router as a revision; to be called for each that gives it a new generation.

    Args:
        change: The change, which has stored the router.
        after: The router as it is stored.
        kind: What is done.
        caller: Who does it.
        before: The router as it was; None when it is new.
        comment: What is said about it.
        source: The revision whose split a rollback gives back.

    Returns:
        The revision's number.
    """
    message = snapshot.router_snapshot(after)
    change.published = (after, message)
    cause = Cause(kind, caller.user_id, caller.key_id, comment, source)
    words = summary(before, after)
    connection, kept = change.connection, snapshot_bytes(message)
    number = router_revisions.append(connection, after, cause, change.now_us, words, kept)
    if number == 1 and before is not None:
        # What it was before has not been imported yet, and records of it are there.
        router_revisions.remove(connection, after.row_key, [number])
        append_imported(connection, before, change.now_us)
        number = router_revisions.append(connection, after, cause, change.now_us, words, kept)
    return number


def append_imported(connection: Connection, router: Router, time_us: int) -> None:
    """Notes what a router is that has no history.

    Args:
        connection: A routing transaction.
        router: The router as it is stored.
        time_us: The time, in UTC microseconds.
    """
    kept = snapshot_bytes(snapshot.router_snapshot(router))
    cause = Cause(RevisionKind.IMPORTED)
    router_revisions.append(connection, router, cause, time_us, summary(None, router), kept)


def extend(change: Change, before: Router, after: Router) -> None:
    """Notes a change of a router that leaves its definition as it is, as when a deployment begins or ends.

    Args:
        change: The change, which has stored the router.
        before: The router as it was; its newest revision goes on.
        after: The router as it is stored, with the change's generation.
    """
    known = router_revisions.extend(
        change.connection, after.row_key, before.changed_generation, after.changed_generation
    )
    if not known:
        # A server of an older release changed the router, and noted nothing.
        note(change, after, RevisionKind.IMPORTED, SERVER)
