"""Applies feedback of the journal: stored once, counted once, in one transaction with the position."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.domain.records.feedback import (
    CLOCK_SKEW_US,
    MAX_VALUE,
    FeedbackOutcome,
    FeedbackTotals,
    FeedbackValue,
)
from pointsman.domain.records.lake import JournalStream
from pointsman.store.feedback.feedback_rows import FeedbackRow, Stored, rows_of
from pointsman.store.feedback.values import raise_totals
from pointsman.store.learning.arm_rewards import RewardChanges, bandit_of
from pointsman.store.recording import erased_predictions, journal_positions
from pointsman.store.routing import routers
from pointsman.store.routing.routers import RouterKey

_Key = tuple[str, int, str]
_Place = tuple[int, str, str]


@dataclass(frozen=True)
class Application:
    """What came of a batch.

    Attributes:
        outcomes: One for each value, in their order.
        dropped_count: Values whose router is gone or whose prediction is erased: their outcome is
            unspecified.
        taught: Whether bandits learn anything by it.
    """

    outcomes: tuple[FeedbackOutcome, ...]
    dropped_count: int
    taught: bool = False


@dataclass
class _Current:
    """The value in force for a key while a batch is gone through.

    Attributes:
        first: What was in the database when the batch began, or its first value; the totals have it.
        value: The value in force.
        revision: Its revision.
        sequence: The row in the database.
        by: The value of the batch that made it so; None for what was there before.
    """

    first: float
    value: float
    revision: int
    sequence: int
    by: FeedbackValue | None = None


def apply(
    connection: Connection, journal_id: str, values: Sequence[FeedbackValue], position: int, now_us: int
) -> Application:
    """Stores a batch of a journal's feedback, raises the totals by what is new and notes the position.

    Of routers that are bandits, what is new is added to the rewards of their arms, too.

    The first value for a prediction, row and metric stays, in the batch as in the database; one that
    ``corrects`` replaces it under a new sequence, and the totals change by the difference. What the position
    says is stored already is not stored again.

    Args:
        connection: A writing transaction.
        journal_id: The journal.
        values: The values in the journal's order.
        position: Where the batch ends.
        now_us: The time.

    Returns:
        What came of each.
    """
    stored_to = journal_positions.position_of(connection, journal_id, JournalStream.FEEDBACK)
    keys = routers.find_keys(connection, sorted({value.router_id for value in values}))
    erased = erased_predictions.erased_of(connection, (value.prediction_id for value in values))
    outcomes = [FeedbackOutcome.UNSPECIFIED] * len(values)
    rows: dict[_Key, FeedbackRow] = {}
    places: list[int] = []
    for place, value in enumerate(values):
        found = keys.get(value.router_id)
        is_known = found is not None and _is_of(value, found) and value.prediction_id not in erased
        if found is None or not is_known or not abs(value.value) <= MAX_VALUE:
            continue
        places.append(place)
        if value.key not in rows:
            rows[value.key] = _row(value, found.row_key, now_us)
    # Read with the keys: a batch without bandits costs no further question.
    rewards = RewardChanges({key.row_key: bandit_of(key.bandit) for key in keys.values() if key.bandit})
    if stored_to >= position:
        _look_up(connection, values, places, rows, outcomes)
    elif rows:
        _store(connection, values, places, rows, outcomes, rewards, now_us)
    journal_positions.raise_position(connection, journal_id, JournalStream.FEEDBACK, position, now_us)
    return Application(tuple(outcomes), len(values) - len(places), rewards.any)


def _is_of(value: FeedbackValue, router: RouterKey) -> bool:
    """Whether a value is for the present router of an id, and not for one that was deleted meanwhile."""
    if value.router_incarnation and router.incarnation:
        return value.router_incarnation == router.incarnation
    # A release took it that knew no incarnations.
    return value.prediction_time_us + CLOCK_SKEW_US >= router.create_time_us


def _store(
    connection: Connection,
    values: Sequence[FeedbackValue],
    places: Sequence[int],
    rows: dict[_Key, FeedbackRow],
    outcomes: list[FeedbackOutcome],
    rewards: RewardChanges,
    now_us: int,
) -> None:
    # The same order everywhere, so that two processes that store at the same time do not block each other.
    ordered = sorted(rows.values())
    inserted = rows_of(connection).insert_new(connection, ordered)
    sums = _Sums(rewards)
    if len(inserted) == len(places):
        for row in ordered:
            sums.add(row)
        for place in places:
            outcomes[place] = FeedbackOutcome.APPLIED
    else:
        fresh, current = _resolve(connection, ordered, inserted)
        for key in fresh:
            sums.add(rows[key])
        for place in places:
            value = values[place]
            if value.key in fresh:
                fresh.remove(value.key)
                outcomes[place] = FeedbackOutcome.APPLIED
            else:
                outcomes[place] = _settle(current[value.key], value)
        _correct(connection, current.values(), rows, sums, now_us)
    raise_totals(connection, sums.totals())
    rewards.store(connection)


def _resolve(
    connection: Connection, ordered: Sequence[FeedbackRow], inserted: Sequence[Stored]
) -> tuple[set[_Key], dict[_Key, _Current]]:
    """Answers which keys are new, and what is stored for each."""
    statements = rows_of(connection)
    fresh: set[_Key] = set()
    current: dict[_Key, _Current] = {}
    missing = ordered
    while True:
        fresh.update(_key(found) for found in inserted)
        current |= {_key(found): _current(found) for found in inserted}
        known = [row for row in missing if row[:3] not in fresh]
        current |= {_key(found): _current(found) for found in statements.find(connection, known)}
        missing = [row for row in known if row[:3] not in current]
        if not missing:
            return fresh, current
        # Deleted by somebody else since it was in the way.
        inserted = statements.insert_new(connection, missing)


def _settle(current: _Current, value: FeedbackValue) -> FeedbackOutcome:
    if value.value == current.value:
        return FeedbackOutcome.DUPLICATE
    if not value.corrects:
        return FeedbackOutcome.CONFLICT
    current.value, current.by = value.value, value
    current.revision += 1
    return FeedbackOutcome.CORRECTED


def _correct(
    connection: Connection,
    current: Iterable[_Current],
    rows: dict[_Key, FeedbackRow],
    sums: "_Sums",
    now_us: int,
) -> None:
    corrected = [(found, found.by) for found in current if found.by is not None]
    if not corrected:
        return
    corrections = []
    for found, by in corrected:
        row = _row(by, rows[by.key].router_key, now_us)._replace(revision=found.revision)
        corrections.append((found.sequence, row))
        sums.move(row, found.first)
    rows_of(connection).correct(connection, corrections)


def _look_up(
    connection: Connection,
    values: Sequence[FeedbackValue],
    places: Sequence[int],
    rows: dict[_Key, FeedbackRow],
    outcomes: list[FeedbackOutcome],
) -> None:
    """Answers a batch that was stored before, when its answer was lost with the connection."""
    found = rows_of(connection).find(connection, sorted(rows.values()))
    stored = {_key(one): one.value for one in found}
    for place in places:
        value = values[place]
        same = stored.get(value.key) == value.value
        outcomes[place] = FeedbackOutcome.DUPLICATE if same else FeedbackOutcome.CONFLICT


def _key(found: Stored) -> _Key:
    return (found.prediction_id, found.row, found.metric)


def _current(found: Stored) -> _Current:
    return _Current(found.value, found.value, found.revision, found.sequence)


def _row(value: FeedbackValue, router_key: int, now_us: int) -> FeedbackRow:
    return FeedbackRow(
        value.prediction_id,
        value.row,
        value.metric,
        router_key,
        value.variant,
        value.epoch,
        value.propensity,
        value.value,
        value.observe_time_us,
        value.prediction_time_us,
        now_us,
        value.counted,
        1,
        False,
    )


class _Sums:
    """Adds up what a batch changes of the totals, and of what bandits learn.

    Args:
        rewards: Takes what they learn.
    """

    def __init__(self, rewards: RewardChanges) -> None:
        self._counts: dict[_Place, int] = {}
        self._rewards = rewards

    def add(self, row: FeedbackRow) -> None:
        """Counts a new value."""
        if row.counted:
            place = (row.router_key, row.variant, row.metric)
            self._counts[place] = self._counts.get(place, 0) + 1
            self._rewards.add(row)

    def move(self, row: FeedbackRow, before: float) -> None:
        """Counts a value in place of another."""
        if row.counted:
            self._rewards.move(row, before)

    def totals(self) -> dict[int, list[FeedbackTotals]]:
        """Answers the changes by router."""
        found: dict[int, list[FeedbackTotals]] = {}
        for (router_key, variant, metric), count in self._counts.items():
            found.setdefault(router_key, []).append(FeedbackTotals(variant, metric, count))
        return found
