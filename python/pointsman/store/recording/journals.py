"""Who stores under which journal's id, and what is known of each journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.records.journals import (
    FormerJournal,
    JournalEnds,
    JournalHold,
    JournalStart,
    LeftBehind,
)
from pointsman.domain.records.lake import JournalStream
from pointsman.errors import JournalTakenError
from pointsman.store.recording import journal_positions
from pointsman.store.schema import journal_positions as positions
from pointsman.store.schema import journal_starts, journals

MAX_STARTS = 256
"""Openings that are kept of a journal; its folder keeps as many."""
_COLUMNS = journals.c


@dataclass(frozen=True)
class JournalRecord:
    """What is known of a journal.

    Attributes:
        start_id: The opening that last held it; empty for none yet.
        place: Where the folder was then.
        held: Whether it has not said that it ended.
        renewals: Goes up as long as it lives.
        former: What its folder is a copy of.
        starts: The openings of its folder, oldest first.
        stored: How far its logs are stored.
    """

    journal_id: str
    start_id: str
    place: str
    held: bool
    renewals: int
    former: FormerJournal | None
    starts: tuple[JournalStart, ...]
    stored: JournalEnds

    def hold(self) -> JournalHold:
        """Answers the hold of the opening that holds it."""
        return JournalHold(self.journal_id, self.start_id, self.former)


def lock(connection: Connection, journal_id: str) -> JournalRecord:
    """Answers what is known of a journal; until the transaction ends nobody else takes it or stores under it.

    Args:
        connection: A writing transaction.
        journal_id: The journal, which need not be known yet.
    """
    _insert_new(connection, journal_id)
    row = connection.execute(
        select(journals).where(_COLUMNS.journal_id == journal_id).with_for_update()
    ).one()
    return _record(connection, row)


def take(
    connection: Connection, journal_id: str, starts: Sequence[JournalStart], ends: JournalEnds, now_us: int
) -> JournalRecord:
    """Gives a journal that is locked to the last of its folder's openings.

    Args:
        connection: The transaction that has locked it.
        journal_id: The journal.
        starts: The openings of the folder, oldest first.
        ends: Where its logs end.
        now_us: The time.
    """
    start = starts[-1]
    changes = {"start_id": start.start_id, "place": start.place, "held": True}
    _touch(connection, journal_id, ends, now_us, changes)
    _add_starts(connection, journal_id, starts)
    return lock(connection, journal_id)


def begin(
    connection: Connection,
    journal_id: str,
    former: FormerJournal,
    starts: Sequence[JournalStart],
    stored: JournalEnds,
    now_us: int,
) -> None:
    """Makes the journal of a copied folder; nothing changes when it is there already.

    Args:
        connection: A writing transaction.
        journal_id: The new journal.
        former: What the folder was a copy of.
        starts: The openings that the folder has in common with it.
        stored: The positions before which nothing is to be stored under the new id.
        now_us: The time.
    """
    if not _insert_new(connection, journal_id):
        return
    values = {
        "former_id": former.journal_id,
        "former_predictions": former.until.predictions,
        "former_feedback": former.until.feedback,
    }
    connection.execute(update(journals).where(_COLUMNS.journal_id == journal_id).values(values))
    _add_starts(connection, journal_id, starts)
    for stream in JournalStream:
        journal_positions.raise_position(connection, journal_id, stream, stored.of(stream), now_us)


def set_ended(connection: Connection, journal_id: str, start_id: str) -> None:
    """Notes that an opening of a journal's folder has ended, unless another one has taken the journal.

    Args:
        connection: A writing transaction.
        journal_id: The journal.
        start_id: The opening.
    """
    this = (_COLUMNS.journal_id == journal_id, _COLUMNS.start_id == start_id)
    connection.execute(update(journals).where(*this).values(held=False))


def renew(
    connection: Connection, hold: JournalHold, ends: JournalEnds, now_us: int, *, held: bool = True
) -> None:
    """Shows that the holder lives, or that it has ended.

    Args:
        connection: A writing transaction.
        hold: Under which name it stores, and by which opening.
        ends: Where its logs end now.
        now_us: The time of it, in UTC microseconds.
        held: False when the holder ends, so that the next need not wait.

    Raises:
        JournalTakenError: Another one has taken the journal.
    """
    if not _touch(connection, hold.journal_id, ends, now_us, {"held": held}, start_id=hold.start_id):
        raise taken(hold.journal_id)


def guard(
    connection: Connection, hold: JournalHold, stream: JournalStream, start: int, end: int, now_us: int
) -> bool:
    """Sees to it that a part of a log is stored once, whoever has a copy; to be called before it is stored.

    A part that the folder has in common with the journal that it is a copy of is stored under both ids, so
    that the other folder goes on behind it.

    Args:
        connection: The writing transaction that stores the part.
        hold: The name under which it is stored.
        stream: Which log.
        start: Where the part begins: what is stored already ends there.
        end: Where it ends.
        now_us: The time.

    Returns:
        False when another server stores the common part: the transaction must be rolled back, and what is
        common be left to that one (:func:`leave_common`).

    Raises:
        JournalTakenError: Another server has taken the journal; the transaction must be rolled back.
    """
    # Shared with what else this process stores, but not with one that takes the journal.
    holder = connection.execute(
        select(_COLUMNS.start_id)
        .where(_COLUMNS.journal_id == hold.journal_id)
        .with_for_update(read=True, key_share=True)
    ).scalar_one_or_none()
    if holder != hold.start_id:
        raise taken(hold.journal_id)
    if hold.former is None or start >= hold.former.until.of(stream):
        return True
    former_id = hold.former.journal_id
    held = connection.execute(
        select(_COLUMNS.held).where(_COLUMNS.journal_id == former_id).with_for_update()
    ).scalar_one_or_none()
    if held or journal_positions.position_of(connection, former_id, stream) != start:
        return False
    common_end = min(end, hold.former.until.of(stream))
    journal_positions.raise_position(connection, former_id, stream, common_end, now_us)
    return True


def leave_common(connection: Connection, hold: JournalHold, stream: JournalStream, now_us: int) -> None:
    """Leaves what a copied folder has in common with its former journal to the server that stores it.

    Args:
        connection: A writing transaction.
        hold: Under which name this server stores; without a former journal nothing changes.
        stream: Which of its two logs.
        now_us: The time of it, in UTC microseconds.
    """
    if hold.former is not None:
        until = hold.former.until.of(stream)
        journal_positions.raise_position(connection, hold.journal_id, stream, until, now_us)


def left_behind(connection: Connection, journal_id: str, seen_before_us: int) -> list[LeftBehind]:
    """Answers the journals, but for one, that were not seen since a time, oldest first.

    A journal whose server has ended and whose logs are stored to their ends is not among them.

    Args:
        connection: A transaction.
        journal_id: The one that is left out: the asker's own.
        seen_before_us: The time, in UTC microseconds.
    """
    stored: dict[str, dict[str, int]] = {}
    seen: dict[str, int] = {}
    for row in connection.execute(select(positions)):
        stored.setdefault(row.journal_id, {})[row.stream] = row.position
        seen[row.journal_id] = max(seen.get(row.journal_id, 0), row.update_time_us)
    known = {row.journal_id: row for row in connection.execute(select(journals))}
    found = []
    for other in sorted((stored.keys() | known.keys()) - {journal_id}):
        until, ends, seen_us, is_done = _ends(stored.get(other, {})), JournalEnds(0, 0), 0, False
        if other in known:
            row = known[other]
            ends, seen_us = JournalEnds(row.predictions_end, row.feedback_end), row.renew_time_us
            is_done = not row.held and not ends.is_behind(until)
        seen_us = max(seen_us, seen.get(other, 0))
        if seen_us < seen_before_us and not is_done:
            found.append(LeftBehind(other, seen_us, until, ends))
    return sorted(found, key=lambda journal: journal.seen_time_us)


def whole(connection: Connection, journal_ids: set[str]) -> set[str]:
    """Answers which of several journals are in the manifest to their ends, and whose servers have ended.

    What such a journal gets when its server starts again is of later calls.
    """
    rows = connection.execute(
        select(_COLUMNS.journal_id)
        .join(positions, positions.c.journal_id == _COLUMNS.journal_id)
        .where(
            _COLUMNS.journal_id.in_(journal_ids),
            _COLUMNS.start_id.is_not(None),
            ~_COLUMNS.held,
            positions.c.stream == JournalStream.PREDICTIONS.value,
            positions.c.position >= _COLUMNS.predictions_end,
        )
    )
    return set(rows.scalars())


def taken(journal_id: str) -> JournalTakenError:
    """Makes the error of one whose journal another server has taken."""
    return JournalTakenError(
        f"a copy of this data folder was started elsewhere and stores under its journal id {journal_id}; "
        "what was acknowledged here is in the journal: restart this server, and it goes on under an id of "
        "its own",
        metadata={"journal_id": journal_id},
    )


def _insert_new(connection: Connection, journal_id: str) -> bool:
    """Puts in a journal of which nothing is known; whether it was not there."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    nothing = {"place": "", "held": False, "renewals": 0, "renew_time_us": 0}
    ends = {"predictions_end": 0, "feedback_end": 0}
    statement = dialect.insert(journals).values(journal_id=journal_id, **nothing, **ends)
    statement = statement.on_conflict_do_nothing(index_elements=[_COLUMNS.journal_id])
    done = connection.execute(statement.returning(_COLUMNS.journal_id))
    return done.one_or_none() is not None


def _touch(
    connection: Connection,
    journal_id: str,
    ends: JournalEnds,
    now_us: int,
    changes: dict[str, Any],
    *,
    start_id: str = "",
) -> bool:
    this = [_COLUMNS.journal_id == journal_id] + ([_COLUMNS.start_id == start_id] if start_id else [])
    statement = update(journals).where(*this)
    values = {
        "renewals": _COLUMNS.renewals + 1,
        "renew_time_us": now_us,
        "predictions_end": ends.predictions,
        "feedback_end": ends.feedback,
    }
    return connection.execute(statement.values(values | changes)).rowcount == 1


def _add_starts(connection: Connection, journal_id: str, starts: Sequence[JournalStart]) -> None:
    columns = journal_starts.c
    this = columns.journal_id == journal_id
    known = set(connection.execute(select(columns.start_id).where(this)).scalars())
    last = connection.execute(select(func.coalesce(func.max(columns.number), 0)).where(this)).scalar_one()
    new = [start for start in starts if start.start_id not in known]
    if new:
        rows = [
            {
                "journal_id": journal_id,
                "number": number,
                "start_id": start.start_id,
                "predictions_end": start.ends.predictions,
                "feedback_end": start.ends.feedback,
            }
            for number, start in enumerate(new, last + 1)
        ]
        connection.execute(insert(journal_starts), rows)
        connection.execute(delete(journal_starts).where(this, columns.number <= last + len(new) - MAX_STARTS))


def _record(connection: Connection, row: Row[Any]) -> JournalRecord:
    columns = journal_starts.c
    starts = connection.execute(
        select(columns.start_id, columns.predictions_end, columns.feedback_end)
        .where(columns.journal_id == row.journal_id)
        .order_by(columns.number)
    )
    former = None
    if row.former_id is not None:
        former = FormerJournal(row.former_id, JournalEnds(row.former_predictions, row.former_feedback))
    stored = {
        stream.value: journal_positions.position_of(connection, row.journal_id, stream)
        for stream in JournalStream
    }
    return JournalRecord(
        journal_id=row.journal_id,
        start_id=row.start_id or "",
        place=row.place,
        held=row.held,
        renewals=row.renewals,
        former=former,
        starts=tuple(
            JournalStart(found.start_id, JournalEnds(found.predictions_end, found.feedback_end))
            for found in starts
        ),
        stored=_ends(stored),
    )


def _ends(by_stream: dict[str, int]) -> JournalEnds:
    predictions, feedback = JournalStream.PREDICTIONS.value, JournalStream.FEEDBACK.value
    return JournalEnds(by_stream.get(predictions, 0), by_stream.get(feedback, 0))
