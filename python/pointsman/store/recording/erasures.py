"""Erasures that were asked for: kept until every server has carried them out in its own journal and files."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Exists, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.store.schema import erasure_predictions, erasure_servers, erasures

_COLUMNS = erasures.c
_SERVERS = erasure_servers.c
_PREDICTIONS = erasure_predictions.c
_IDS_PER_STATEMENT = 500


@dataclass(frozen=True)
class KeptErasure:
    """An erasure that is not complete, as one server is to carry it out.

    Attributes:
        row_key: Its key.
        router_id: The router.
        entity_id: The entity, as clients name it.
        revision: How often it was asked for of this server.
        erased: Whether the server has deleted its predictions, so that only feedback is left.
    """

    row_key: int
    router_id: str
    entity_id: str
    revision: int
    erased: bool


@dataclass(frozen=True)
class ErasureState:
    """How far an erasure is.

    Attributes:
        prediction_count: How many predictions are deleted so far, by all servers.
        feedback_count: How many values of feedback.
        pending: The journals from which predictions are still to be deleted.
        unfinished: Those from whose files feedback may still have to be deleted.
    """

    prediction_count: int
    feedback_count: int
    pending: tuple[str, ...]
    unfinished: tuple[str, ...]


def ask(
    connection: Connection, router_id: str, entity_id: str, journal_ids: Collection[str], now_us: int
) -> int:
    """Keeps an erasure for these journals; one of the same entity that is kept already begins anew.

    Args:
        connection: A transaction.
        router_id: The router.
        entity_id: The entity, as clients name it.
        journal_ids: The journals to delete it from.
        now_us: The time.

    Returns:
        The erasure's key.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    same = select(_COLUMNS.row_key).where(_COLUMNS.router_id == router_id, _COLUMNS.entity_id == entity_id)
    # Not one that the last of its servers is forgetting at this moment.
    same = same.with_for_update()
    row_key = connection.execute(same).scalar_one_or_none()
    if row_key is None:
        added = dialect.insert(erasures).values(
            router_id=router_id,
            entity_id=entity_id,
            request_time_us=now_us,
            prediction_count=0,
            feedback_count=0,
        )
        # Another server may be asked for the same at this moment.
        connection.execute(added.on_conflict_do_nothing())
        row_key = connection.execute(same).scalar_one()
    for journal_id in sorted(journal_ids):
        wanted = dialect.insert(erasure_servers).values(
            erasure_key=row_key, journal_id=journal_id, revision=1, erased=False
        )
        again = wanted.on_conflict_do_update(
            index_elements=[_SERVERS.erasure_key, _SERVERS.journal_id],
            set_={"erased": False, "revision": _SERVERS.revision + 1},
        )
        connection.execute(again)
    return int(row_key)


def waiting_for(connection: Connection, journal_id: str) -> list[KeptErasure]:
    """Answers the erasures that a journal's server has work with, oldest first.

    Those of which it has deleted the predictions come when all servers have: then all are known whose
    feedback may be in its files.
    """
    statement = (
        select(_COLUMNS.row_key, _COLUMNS.router_id, _COLUMNS.entity_id, _SERVERS.revision, _SERVERS.erased)
        .join(erasure_servers, _SERVERS.erasure_key == _COLUMNS.row_key)
        .where(*_has_work(journal_id))
        .order_by(_COLUMNS.row_key)
    )
    return [KeptErasure(*row) for row in connection.execute(statement)]


def any_waiting(journal_id: str) -> Exists:
    """Answers the condition that a journal's server has work with any erasure, for a larger question."""
    return select(_SERVERS.erasure_key).where(*_has_work(journal_id)).exists()


def state(connection: Connection, row_key: int) -> ErasureState:
    """Answers how far an erasure is."""
    counts = select(_COLUMNS.prediction_count, _COLUMNS.feedback_count).where(_COLUMNS.row_key == row_key)
    row = connection.execute(counts).one_or_none()
    targets = connection.execute(
        select(_SERVERS.journal_id, _SERVERS.erased)
        .where(_SERVERS.erasure_key == row_key)
        .order_by(_SERVERS.journal_id)
    ).all()
    return ErasureState(
        0 if row is None else row.prediction_count,
        0 if row is None else row.feedback_count,
        tuple(target.journal_id for target in targets if not target.erased),
        tuple(target.journal_id for target in targets),
    )


def add_predictions(connection: Connection, row_key: int, prediction_ids: Collection[str]) -> None:
    """Notes predictions of the entity, whose feedback may be in any server's files.

    Args:
        connection: A writing transaction.
        row_key: The erasure's key, as :func:`ask` answers it.
        prediction_ids: Their ids; those noted before stay.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    ordered = sorted(prediction_ids)
    for start in range(0, len(ordered), _IDS_PER_STATEMENT):
        rows = [
            {"erasure_key": row_key, "prediction_id": found}
            for found in ordered[start : start + _IDS_PER_STATEMENT]
        ]
        connection.execute(dialect.insert(erasure_predictions).on_conflict_do_nothing(), rows)


def prediction_ids(connection: Connection, row_key: int) -> set[str]:
    """Answers the predictions of the entity that servers have found so far."""
    statement = select(_PREDICTIONS.prediction_id).where(_PREDICTIONS.erasure_key == row_key)
    return set(connection.execute(statement).scalars())


def count(connection: Connection, row_key: int, prediction_count: int, feedback_count: int) -> None:
    """Adds to what is deleted.

    Args:
        connection: A writing transaction.
        row_key: The erasure's key, as :func:`ask` answers it.
        prediction_count: How many more predictions are deleted.
        feedback_count: How many more values of feedback.
    """
    statement = update(erasures).where(_COLUMNS.row_key == row_key)
    connection.execute(
        statement.values(
            prediction_count=_COLUMNS.prediction_count + prediction_count,
            feedback_count=_COLUMNS.feedback_count + feedback_count,
        )
    )


def erased(connection: Connection, erasure: KeptErasure, journal_id: str) -> None:
    """Notes that a journal and its files have no predictions any more, unless it was asked for again.

    Args:
        connection: A writing transaction.
        erasure: The erasure as :func:`waiting_for` answered it.
        journal_id: The server's journal.
    """
    _hold(connection, erasure.row_key)
    statement = update(erasure_servers).where(*_unchanged(erasure, journal_id))
    connection.execute(statement.values(erased=True))


def finish(connection: Connection, erasure: KeptErasure, journal_id: str, now_us: int) -> None:
    """Notes that a server has nothing left to do, unless it was asked for again since.

    After the last one the database forgets the entity.

    Args:
        connection: A writing transaction.
        erasure: The erasure as :func:`waiting_for` answered it.
        journal_id: The server's journal.
        now_us: The time of it, in UTC microseconds.
    """
    _hold(connection, erasure.row_key)
    connection.execute(delete(erasure_servers).where(*_unchanged(erasure, journal_id)))
    settle(connection, now_us)


def drop(connection: Connection, row_key: int, journal_id: str) -> None:
    """Waits no longer for a journal, of which another server has deleted everything.

    Args:
        connection: A writing transaction.
        row_key: The erasure's key, as :func:`ask` answers it.
        journal_id: The journal that is not waited for.
    """
    _hold(connection, row_key)
    connection.execute(
        delete(erasure_servers).where(_SERVERS.erasure_key == row_key, _SERVERS.journal_id == journal_id)
    )


def settle(connection: Connection, now_us: int) -> None:
    """Forgets the entities of erasures that no server has work with any more."""
    left = select(_SERVERS.erasure_key)
    done = _COLUMNS.entity_id.is_not(None) & _COLUMNS.row_key.not_in(left)
    row_keys = list(connection.execute(select(_COLUMNS.row_key).where(done)).scalars())
    if not row_keys:
        return
    connection.execute(delete(erasure_predictions).where(_PREDICTIONS.erasure_key.in_(row_keys)))
    statement = update(erasures).where(_COLUMNS.row_key.in_(row_keys))
    connection.execute(statement.values(entity_id=None, complete_time_us=now_us))


def remove_complete(connection: Connection, completed_before_us: int) -> int:
    """Deletes what is left of complete erasures; answers how many."""
    return connection.execute(
        delete(erasures).where(_COLUMNS.complete_time_us < completed_before_us)
    ).rowcount


def pending_count(connection: Connection) -> int:
    """Answers how many erasures are not complete."""
    statement = select(func.count()).select_from(erasures).where(_COLUMNS.entity_id.is_not(None))
    return int(connection.execute(statement).scalar_one())


def _hold(connection: Connection, row_key: int) -> None:
    """Has servers write of an erasure in turns: each of the last two would see the other still there."""
    connection.execute(select(_COLUMNS.row_key).where(_COLUMNS.row_key == row_key).with_for_update())


def _has_work(journal_id: str) -> tuple[ColumnElement[bool], ...]:
    others = erasure_servers.alias("others")
    others_pending = (
        select(others.c.journal_id)
        .where(others.c.erasure_key == _SERVERS.erasure_key, others.c.erased.is_(False))
        .exists()
    )
    return _SERVERS.journal_id == journal_id, _SERVERS.erased.is_(False) | ~others_pending


def _unchanged(erasure: KeptErasure, journal_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _SERVERS.erasure_key == erasure.row_key,
        _SERVERS.journal_id == journal_id,
        _SERVERS.revision == erasure.revision,
    )
