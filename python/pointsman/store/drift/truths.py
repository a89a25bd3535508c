"""Outcomes of entities in SQL: one for each model, entity and time of the outcome."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, tuple_, update

from pointsman.domain.drift.ground_truth import GroundTruth, TakenTruths
from pointsman.domain.drift.outcomes import Outcome
from pointsman.store.documents import dump_value, load_value
from pointsman.store.drift.ids import new_id
from pointsman.store.schema import drift_truths

_COLUMNS = drift_truths.c
_KEYS_PER_QUERY = 400
_ROWS_AT_A_TIME = 50_000


@dataclass(frozen=True)
class KeptTruth:
    """An outcome as it is kept.

    Attributes:
        entity_hash: The form in which routers record the entity that keep hashes alone.
        order: Counts outcomes in the order in which they came.
    """

    truth_id: str
    entity_id: str
    entity_hash: str
    outcome: Outcome
    outcome_time_us: int
    order: int


def put(
    connection: Connection,
    model_key: int,
    records: Sequence[GroundTruth],
    hashed: Callable[[str], str],
    now_us: int,
) -> TakenTruths:
    """Stores outcomes; one of the same entity and time replaces the one before.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        records: The outcomes, in the order in which they came.
        hashed: Answers the hash under which an entity may be recorded.
        now_us: The time.
    """
    known = _known(connection, model_key, records)
    ids: list[str] = []
    added: dict[tuple[str, int], dict[str, object]] = {}
    inserted = corrected = repeated = 0
    for record in records:
        key, outcome = (record.entity_id, record.outcome_time_us), dump_value(record.outcome)
        before = known.get(key)
        if before is None:
            truth_id = new_id()
            added[key] = {
                "truth_id": truth_id,
                "model_key": model_key,
                "entity_id": record.entity_id,
                "entity_hash": hashed(record.entity_id),
                "outcome_time_us": record.outcome_time_us,
                "outcome": outcome,
                "update_time_us": now_us,
                "revision": 1,
            }
            inserted += 1
        elif before[1] == outcome:
            truth_id = before[0]
            repeated += 1
        else:
            truth_id = before[0]
            corrected += 1
            if key in added:
                added[key]["outcome"] = outcome
            else:
                _correct(connection, truth_id, outcome, now_us)
        known[key] = (truth_id, outcome)
        ids.append(truth_id)
    if added:
        connection.execute(insert(drift_truths), list(added.values()))
    return TakenTruths(tuple(ids), inserted, corrected, repeated)


def count(connection: Connection, model_key: int) -> int:
    """Answers how many outcomes of a model are kept."""
    return int(connection.execute(select(func.count()).where(_COLUMNS.model_key == model_key)).scalar_one())


def each(
    connection: Connection, model_key: int, entity_ids: Sequence[str] | None = None
) -> Iterator[list[KeptTruth]]:
    """Goes through a model's outcomes, in parts.

    Args:
        connection: A transaction, open until all are read.
        model_key: The model's row.
        entity_ids: Only those of these entities; None for all.
    """
    if entity_ids is not None:
        for start in range(0, len(entity_ids), _KEYS_PER_QUERY):
            named = _COLUMNS.entity_id.in_(entity_ids[start : start + _KEYS_PER_QUERY])
            yield from _in_parts(connection, _COLUMNS.model_key == model_key, named)
        return
    yield from _in_parts(connection, _COLUMNS.model_key == model_key)


def _in_parts(connection: Connection, *wanted: object) -> Iterator[list[KeptTruth]]:
    after = 0
    while True:
        part = _loaded(connection, *wanted, _COLUMNS.row_key > after)
        if part:
            yield part
        if len(part) < _ROWS_AT_A_TIME:
            return
        after = part[-1].order


def _loaded(connection: Connection, *wanted: object) -> list[KeptTruth]:
    statement = select(
        _COLUMNS.truth_id,
        _COLUMNS.entity_id,
        _COLUMNS.entity_hash,
        _COLUMNS.outcome,
        _COLUMNS.outcome_time_us,
        _COLUMNS.row_key,
    )
    rows = connection.execute(
        statement.where(*wanted).order_by(_COLUMNS.row_key).limit(_ROWS_AT_A_TIME)  # type: ignore[arg-type]
    )
    return [
        KeptTruth(truth_id, entity_id, entity_hash, load_value(outcome), time_us, order)
        for truth_id, entity_id, entity_hash, outcome, time_us, order in rows
    ]


def _known(
    connection: Connection, model_key: int, records: Sequence[GroundTruth]
) -> dict[tuple[str, int], tuple[str, str]]:
    keys = sorted({(record.entity_id, record.outcome_time_us) for record in records})
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        named = tuple_(_COLUMNS.entity_id, _COLUMNS.outcome_time_us).in_(
            keys[start : start + _KEYS_PER_QUERY]
        )
        statement = select(
            _COLUMNS.entity_id, _COLUMNS.outcome_time_us, _COLUMNS.truth_id, _COLUMNS.outcome
        ).where(_COLUMNS.model_key == model_key, named)
        found |= {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(statement)}
    return found


def _correct(connection: Connection, truth_id: str, outcome: str, now_us: int) -> None:
    statement = update(drift_truths).where(_COLUMNS.truth_id == truth_id)
    connection.execute(
        statement.values(outcome=outcome, update_time_us=now_us, revision=_COLUMNS.revision + 1)
    )
