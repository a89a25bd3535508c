"""Outcomes of entities in SQL: one can be seen for each model, entity and time of the outcome.

What an upload brings is stored beside what is there, and is seen from the moment on that the upload is
complete: it is then in the place of what was there before, which is deleted later (``truth_uploads``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TextClause,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)

from pointsman.domain.drift.ground_truth import GroundTruth, TakenTruths
from pointsman.domain.drift.outcomes import Outcome
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.store.documents import dump_value
from pointsman.store.drift.ids import new_ids
from pointsman.store.drift.truth_rows import Key, StoredTruth, TruthRow, rows_of
from pointsman.store.schema import drift_truth_uploads, drift_truths

_COLUMNS = drift_truths.c
_UPLOADS = drift_truth_uploads.c
_KEYS_PER_QUERY = 400
_ROWS_AT_A_TIME = 50_000
_TOLD_AGAIN_US = 7 * MICROSECONDS_PER_DAY
"""A repeat that comes so long after is noted: to note each would write a grown file anew each night."""
_OF_UPLOADS = text("drift_truths.upload_key <> 0")
"""What the index of uploads is of, as the databases must read it to use that."""


@dataclass(frozen=True)
class KeptTruths:
    """Outcomes as they are kept, column by column, for there may be millions.

    Attributes:
        entity_hashes: The form in which routers record entities that keep hashes alone.
        outcomes: As JSON.
        outcome_times_us: When they were observed, in UTC microseconds.
        orders: Count outcomes in the order in which they came.
    """

    truth_ids: Sequence[str]
    entity_ids: Sequence[str]
    entity_hashes: Sequence[str]
    outcomes: Sequence[str]
    outcome_times_us: Sequence[int]
    orders: Sequence[int]


NO_TRUTHS = KeptTruths((), (), (), (), (), ())


def put(
    connection: Connection,
    model_key: int,
    records: Sequence[GroundTruth],
    hashed: Callable[[str], str],
    now_us: int,
    upload_key: int = 0,
) -> TakenTruths:
    """Stores outcomes; one of the same entity and time replaces the one before.

    One that is there already counts as told now, if it was told last more than a week ago.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        records: The outcomes, in the order in which they came.
        hashed: Answers the hash under which an entity may be recorded.
        now_us: The time.
        upload_key: The upload that brings them, which is not complete; 0 for none. What others can see stays
            as it is then, and what it would change is stored beside it.
    """
    known = _known(connection, model_key, records, upload_key)
    fresh = iter(new_ids(len(records)))
    ids: list[str] = []
    added: dict[Key, TruthRow] = {}
    changed: dict[int, str] = {}
    told_again: set[int] = set()
    inserted = corrected = repeated = 0
    # Most outcomes are of a few classes.
    written: dict[str, str] = {}
    for record in records:
        key, outcome = (record.entity_id, record.outcome_time_us), _written(record.outcome, written)
        before = known.get(key)
        if before is not None and before.outcome == outcome:
            repeated += 1
            ids.append(before.truth_id)
            if before.update_time_us < now_us - _TOLD_AGAIN_US:
                told_again.add(before.row_key)
            continue
        truth_id = next(fresh) if before is None else before.truth_id
        inserted, corrected = inserted + (before is None), corrected + (before is not None)
        if key in added:
            added[key] = added[key]._replace(outcome=outcome)
        elif before is not None and (not upload_key or before.upload_key == upload_key):
            changed[before.row_key] = outcome
        else:
            revision = 1 if before is None else before.revision + 1
            added[key] = TruthRow(
                truth_id,
                model_key,
                upload_key,
                record.entity_id,
                hashed(record.entity_id),
                record.outcome_time_us,
                outcome,
                now_us,
                revision,
            )
        row_key, own = (0, upload_key) if before is None else (before.row_key, before.upload_key)
        known[key] = StoredTruth(*key, row_key, truth_id, own, outcome, now_us, 0, 0)
        ids.append(truth_id)
    if added:
        # In the order of the index: each of its pages is written once.
        rows_of(connection).insert(connection, [added[key] for key in sorted(added)])
    if changed:
        _change(connection, changed, now_us)
    _tell_again(connection, sorted(told_again - changed.keys()), now_us)
    return TakenTruths(tuple(ids), inserted, corrected, repeated)


def count(connection: Connection, model_key: int) -> int:
    """Answers how many outcomes of a model are kept."""
    return int(connection.execute(select(func.count()).where(_COLUMNS.model_key == model_key)).scalar_one())


def count_with(connection: Connection, model_key: int, upload_key: int) -> int:
    """Answers how many outcomes of a model could be seen if an upload were complete, each of them once.

    Args:
        connection: A transaction.
        model_key: The model's row.
        upload_key: The upload's row.
    """
    visible = (0, upload_key, *_complete(connection, model_key))
    keys = select(_COLUMNS.entity_id, _COLUMNS.outcome_time_us).where(
        _COLUMNS.model_key == model_key, _COLUMNS.upload_key.in_(visible)
    )
    return int(connection.execute(select(func.count()).select_from(keys.distinct().subquery())).scalar_one())


def last_key(connection: Connection) -> int:
    """Answers the greatest number of an outcome of any model; 0 where there is none."""
    return connection.execute(select(func.max(_COLUMNS.row_key))).scalar_one_or_none() or 0


def each(
    connection: Connection,
    model_key: int,
    entity_ids: Sequence[str] | None = None,
    *,
    hashes: Sequence[str] = (),
) -> Iterator[KeptTruths]:
    """Goes through what can be seen of a model's outcomes, in parts: what came last comes last.

    An outcome that an upload has replaced may still be there, before the one that replaced it.

    Args:
        connection: A transaction, open until all are read.
        model_key: The model's row.
        entity_ids: Only those of these entities; None for all.
        hashes: Of some entities also the hashes under which they may be recorded.
    """
    of_model = _COLUMNS.model_key == model_key
    if entity_ids is None:
        yield from _in_parts(connection, of_model, _COLUMNS.upload_key == 0)
        for upload_key in _complete(connection, model_key):
            yield from in_upload(connection, upload_key)
        return
    for column, names in ((_COLUMNS.entity_id, entity_ids), (_COLUMNS.entity_hash, hashes)):
        for start in range(0, len(names), _KEYS_PER_QUERY):
            named = column.in_(names[start : start + _KEYS_PER_QUERY])
            yield _seen(connection, of_model, named)


def in_upload(connection: Connection, upload_key: int) -> Iterator[KeptTruths]:
    """Goes through what an upload has brought, in parts.

    Args:
        connection: A transaction, open until all are read.
        upload_key: The upload's row.
    """
    yield from _in_parts(connection, _COLUMNS.upload_key == upload_key, _OF_UPLOADS)


def remove_before(connection: Connection, time_us: int, most: int) -> int:
    """Deletes outcomes of any model that were told last before a time, at most so many; answers how many.

    Args:
        connection: A transaction.
        time_us: The time, in UTC microseconds.
        most: How many at a time.
    """
    old = select(_COLUMNS.row_key).where(_COLUMNS.update_time_us < time_us)
    return _remove(connection, old.order_by(_COLUMNS.update_time_us).limit(most))


def remove_of_model(connection: Connection, model_key: int, most: int) -> int:
    """Deletes some outcomes of a model; answers how many.

    Args:
        connection: A transaction.
        model_key: The model's row.
        most: How many at a time.
    """
    return _remove(connection, select(_COLUMNS.row_key).where(_COLUMNS.model_key == model_key).limit(most))


def remove_of_upload(connection: Connection, upload_key: int, most: int) -> int:
    """Deletes some of what an upload has brought; answers how many.

    Args:
        connection: A transaction.
        upload_key: The upload's row.
        most: How many at a time.
    """
    brought = select(_COLUMNS.row_key).where(_COLUMNS.upload_key == upload_key, _OF_UPLOADS)
    return _remove(connection, brought.limit(most))


def remove_of_entity(connection: Connection, model_keys: Sequence[int], entity_id: str) -> int:
    """Deletes all outcomes of an entity, those of uploads included; answers how many.

    Args:
        connection: A writing transaction.
        model_keys: The models' rows.
        entity_id: The entity, as clients name it.
    """
    statement = delete(drift_truths).where(
        _COLUMNS.model_key.in_(model_keys), _COLUMNS.entity_id == entity_id
    )
    return connection.execute(statement).rowcount


def _remove(connection: Connection, row_keys: Select[tuple[int]]) -> int:
    return connection.execute(delete(drift_truths).where(_COLUMNS.row_key.in_(row_keys))).rowcount


def _complete(connection: Connection, model_key: int) -> list[int]:
    """Answers the uploads of a model that can be seen, in the order in which they became so."""
    statement = select(_UPLOADS.row_key).where(_UPLOADS.model_key == model_key, _UPLOADS.place.is_not(None))
    return list(connection.execute(statement.order_by(_UPLOADS.place)).scalars())


def _in_parts(connection: Connection, *wanted: ColumnElement[bool] | TextClause) -> Iterator[KeptTruths]:
    after = 0
    while True:
        statement = _SELECT.where(*wanted, _COLUMNS.row_key > after)
        part = _loaded(connection, statement.order_by(_COLUMNS.row_key).limit(_ROWS_AT_A_TIME))
        if part.orders:
            yield part
        if len(part.orders) < _ROWS_AT_A_TIME:
            return
        after = part.orders[-1]


def _seen(connection: Connection, *wanted: ColumnElement[bool]) -> KeptTruths:
    is_seen = (_COLUMNS.upload_key == 0) | _UPLOADS.place.is_not(None)
    of_uploads = drift_truths.outerjoin(drift_truth_uploads, _UPLOADS.row_key == _COLUMNS.upload_key)
    statement = _SELECT.select_from(of_uploads).where(*wanted, is_seen)
    return _loaded(connection, statement.order_by(func.coalesce(_UPLOADS.place, 0), _COLUMNS.row_key))


_SELECT = select(
    _COLUMNS.truth_id,
    _COLUMNS.entity_id,
    _COLUMNS.entity_hash,
    _COLUMNS.outcome,
    _COLUMNS.outcome_time_us,
    _COLUMNS.row_key,
)


def _loaded(connection: Connection, statement: Select[Any]) -> KeptTruths:
    rows = connection.execute(statement).all()
    return KeptTruths(*zip(*rows, strict=True)) if rows else NO_TRUTHS


def _written(outcome: Outcome, known: dict[str, str]) -> str:
    """Writes an outcome as JSON; texts that were written before are looked up."""
    if not isinstance(outcome, str):
        return dump_value(outcome)
    if outcome not in known:
        known[outcome] = dump_value(outcome)
    return known[outcome]


def _known(
    connection: Connection, model_key: int, records: Sequence[GroundTruth], upload_key: int
) -> dict[Key, StoredTruth]:
    """Answers what stands for each key: what the upload itself brought, else what can be seen."""
    keys = sorted({(record.entity_id, record.outcome_time_us) for record in records})
    found: dict[Key, StoredTruth] = {}
    for one in rows_of(connection).find(connection, model_key, keys, upload_key):
        key = (one.entity_id, one.outcome_time_us)
        if key not in found or _rank(one, upload_key) > _rank(found[key], upload_key):
            found[key] = one
    return found


def _rank(one: StoredTruth, upload_key: int) -> tuple[bool, int]:
    """Orders what is stored of one key: what no upload brought lies below all that complete ones did."""
    return (upload_key != 0 and one.upload_key == upload_key, one.place)


def _change(connection: Connection, outcomes: dict[int, str], now_us: int) -> None:
    statement = update(drift_truths).where(_COLUMNS.row_key == bindparam("changed_key"))
    connection.execute(
        statement.values(
            outcome=bindparam("changed_outcome"), update_time_us=now_us, revision=_COLUMNS.revision + 1
        ),
        # In one order, so that two who change several do not wait for each other.
        [{"changed_key": row_key, "changed_outcome": outcomes[row_key]} for row_key in sorted(outcomes)],
    )


def _tell_again(connection: Connection, row_keys: Sequence[int], now_us: int) -> None:
    """Notes that outcomes were told once more."""
    for start in range(0, len(row_keys), _KEYS_PER_QUERY):
        named = select(_COLUMNS.row_key).where(
            _COLUMNS.row_key.in_(row_keys[start : start + _KEYS_PER_QUERY])
        )
        # Whoever changes one at this moment notes that it is told; nobody waits.
        free = named.with_for_update(skip_locked=True)
        connection.execute(
            update(drift_truths).where(_COLUMNS.row_key.in_(free)).values(update_time_us=now_us)
        )
