"""Predictions that were erased, by digests of their ids: no feedback is stored for them any more.

An id itself would tell that there was such a call; of a digest nobody finds the id again.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, ScalarSelect, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.batching import batched
from pointsman.domain.records.prediction_ids import digest_of, time_us_of
from pointsman.store.schema import erased_predictions

_COLUMNS = erased_predictions.c
# Below the number of parameters that every build of SQLite takes.
_DIGESTS_PER_STATEMENT = 300
_BITS = 64


def add(connection: Connection, prediction_ids: Iterable[str]) -> None:
    """Notes that predictions are erased; those noted before stay."""
    is_postgresql = connection.dialect.name == "postgresql"
    dialect = postgresql if is_postgresql else sqlite
    if is_postgresql:
        # One after the other, so that whoever has read a sequence has read all before it.
        connection.exec_driver_sql("LOCK TABLE erased_predictions IN SHARE ROW EXCLUSIVE MODE")
    for ids in batched(sorted(prediction_ids), _DIGESTS_PER_STATEMENT):
        rows = [
            {"digest": _signed(digest_of(found)), "prediction_time_us": time_us_of(found) or 0}
            for found in ids
        ]
        connection.execute(dialect.insert(erased_predictions).on_conflict_do_nothing(), rows)


def erased_of(connection: Connection, prediction_ids: Iterable[str]) -> set[str]:
    """Answers those of some predictions that are erased."""
    if connection.execute(select(_COLUMNS.sequence).limit(1)).scalar() is None:
        return set()
    by_digest = {_signed(digest_of(found)): found for found in prediction_ids}
    erased: set[str] = set()
    for digests in batched(by_digest, _DIGESTS_PER_STATEMENT):
        found = connection.execute(select(_COLUMNS.digest).where(_COLUMNS.digest.in_(digests)))
        erased.update(by_digest[digest] for digest in found.scalars())
    return erased


def digests_behind(connection: Connection, sequence: int) -> tuple[list[int], int]:
    """Answers the digests that were noted behind a sequence, and the sequence of the last one."""
    statement = (
        select(_COLUMNS.sequence, _COLUMNS.digest)
        .where(_COLUMNS.sequence > sequence)
        .order_by(_COLUMNS.sequence)
    )
    rows = connection.execute(statement).all()
    return [row.digest % (1 << _BITS) for row in rows], rows[-1].sequence if rows else sequence


def last_sequence() -> ScalarSelect[int]:
    """Answers the sequence of the last one, 0 without any, for a larger question."""
    return select(func.coalesce(func.max(_COLUMNS.sequence), 0)).scalar_subquery()


def remove_before(connection: Connection, prediction_time_us: int) -> int:
    """Forgets those made before a time, for which no feedback is taken anyway; answers how many."""
    statement = delete(erased_predictions).where(_COLUMNS.prediction_time_us < prediction_time_us)
    return connection.execute(statement).rowcount


def _signed(digest: int) -> int:
    return digest - (1 << _BITS) if digest >> (_BITS - 1) else digest
