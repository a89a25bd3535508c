"""What shadows answered to copies of one call, from files and from what is in none yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pointsman.domain.ports.core import LakeQueries
from pointsman.domain.ports.journal import JournalTail
from pointsman.domain.records.predictions import DecisionReason, Prediction
from pointsman.lake.conditions import Conditions
from pointsman.lake.file_rows import PLACE, FileReader
from pointsman.lake.keys import READ_FILES, files_of
from pointsman.lake.rows import predictions_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.tail import read_tail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PLACES = f"""
SELECT file_index, {PLACE} FROM {READ_FILES}
WHERE time_us = $time_us AND prediction_id = $prediction_id
    AND ("row" = $row OR "row" = 0 AND status_code <> 0)
"""


def answers_of(
    connection: DuckDBPyConnection,
    queries: LakeQueries,
    journal: JournalTail,
    snapshot: Snapshot,
    conditions: Conditions,
    call: Prediction,
) -> tuple[Prediction, ...]:
    """Answers what shadows said of one row of a call, ordered by variant.

    Args:
        connection: Where to query files.
        queries: Who reads rows of files.
        journal: Who knows what is in no file yet.
        snapshot: The state that is read, with the files of shadows.
        conditions: The call's time.
        call: The row of the call. A copy that failed has row 0 alone, which stands for all rows.

    Raises:
        PositionGoneError: The manifest has gone on.
    """
    found: list[Prediction] = []
    if snapshot.shadow_files:
        paths = [file.path for file in snapshot.shadow_files]
        values = {"time_us": call.time_us, "prediction_id": call.prediction_id, "row": call.row}
        places = connection.execute(_PLACES, values | files_of(paths)).fetchall()
        files = FileReader(queries, replace(snapshot, files=snapshot.shadow_files))
        for _, table in files.read([(paths[index], place) for index, place in places]):
            found += predictions_of(table)
    tail = read_tail(
        journal, snapshot, conditions, prediction_id=call.prediction_id, with_bodies=True, shadows=True
    )
    for table in tail.tables:
        found += predictions_of(table)
    return tuple(sorted((answer for answer in found if _is_of(answer, call)), key=lambda one: one.variant))


def _is_of(answer: Prediction, call: Prediction) -> bool:
    # By reason, too: from a server of another release the tail may hold predictions.
    if answer.reason is not DecisionReason.SHADOW or answer.prediction_id != call.prediction_id:
        return False
    return answer.row == call.row or (answer.row == 0 and answer.status_code != 0)
