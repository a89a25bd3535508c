"""Notes what becomes of routers, in the transaction that changes them."""

from pointsman.control import snapshot
from pointsman.control.changes import Change
from pointsman.control.convert.revisions import snapshot_bytes
from pointsman.domain.keys import Principal
from pointsman.domain.revision_words import summary
from pointsman.domain.revisions import Cause, RevisionKind
from pointsman.domain.routers import Router
from pointsman.store import router_revisions

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
    return router_revisions.append(
        change.connection, after, cause, change.now_us, words, snapshot_bytes(message)
    )


def extend(change: Change, before: Router, after: Router) -> None:
    """Notes a change of a router that leaves its definition as it is, as when a deployment begins or ends."""
    known = router_revisions.extend(
        change.connection, after.row_key, before.changed_generation, after.changed_generation
    )
    if not known:
        # A server of an older release changed the router, and noted nothing.
        note(change, after, RevisionKind.IMPORTED, SERVER)
