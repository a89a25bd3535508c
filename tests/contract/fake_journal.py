"""A journal in memory and a lake on disk, as a replica keeps them: for tests of the control plane."""

import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pointsman.domain.records.journals import JournalEnds, JournalStart
from pointsman.errors import PositionGoneError
from pointsman.v1 import record_pb2
from stage.lake import is_of_incarnation, is_of_kind, stream_of, table_of, write_file

ENTRY_BYTES = 100


@dataclass
class FakeJournal:
    """Two logs; each entry takes 100 positions. Predictions are rows of the lake."""

    lake_folder: Path
    journal_id: str = "0123456789abcdef0123456789abcdef"
    feedback: list[tuple[int, record_pb2.FeedbackEntry]] = field(default_factory=list)
    feedback_end: int = 0
    feedback_released: int = 0
    outcomes: dict[int, int] = field(default_factory=dict)
    full: str = ""
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    segment_start: int = 0
    segment_ends: list[int] = field(default_factory=list)
    predictions_end: int = 0
    predictions_released: int = -1
    sealed: list[record_pb2.ShippedSegment] = field(default_factory=list)
    closed: bool = False
    starts: list[JournalStart] = field(default_factory=list)
    place: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Notes an opening of the folder, as a process does when it starts."""
        self.starts.append(JournalStart(uuid.uuid4().hex, self.ends(), self.place))

    def copy(self, place: str = "") -> "FakeJournal":
        """Answers a journal on a copy of the folder, or the same folder after a crash; opens it there."""
        with self.changed:
            # What was made of it since the start is not in the folder.
            return replace(
                self,
                feedback=list(self.feedback),
                outcomes=dict(self.outcomes),
                rows=list(self.rows),
                sealed=[],
                starts=list(self.starts),
                place=place,
                segment_start=0,
                segment_ends=[self.predictions_end] if self.predictions_end else [],
                predictions_released=-1,
                changed=threading.Condition(),
            )

    def ends(self) -> JournalEnds:
        return JournalEnds(self.predictions_end, self.feedback_end)

    def confirm(self, journal_id: str) -> None:
        """Takes the name under which the database knows the journal."""
        assert self.predictions_released < 0 or journal_id == self.journal_id, "files were named already"
        self.journal_id = journal_id
        self.starts = [replace(start, is_known=True) for start in self.starts]

    def bring(self, *entries: record_pb2.FeedbackEntry) -> list[int]:
        """Appends feedback, as the data plane itself does when it answers; answers the positions behind."""
        positions = []
        with self.changed:
            for entry in entries:
                self.feedback_end += ENTRY_BYTES
                self.feedback.append((self.feedback_end, entry))
                positions.append(self.feedback_end)
            self.changed.notify_all()
        return positions

    def outcomes_of(self, positions: list[int], timeout_seconds: float) -> dict[int, int]:
        """Waits until feedback is applied; answers what came of each."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.outcomes.keys() >= set(positions), timeout_seconds)
            return {position: self.outcomes[position] for position in positions}

    def close(self) -> None:
        """Lets nobody wait any more, as when the data plane has stopped."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait_for_feedback(self, position: int) -> bool:
        """Waits until everything before a position is applied."""
        with self.changed:
            return self.changed.wait_for(lambda: self.feedback_released >= position, 30)

    def predict(self, *rows: dict[str, Any]) -> None:
        """Appends predictions, each a row of ``stage.lake.a_row``."""
        with self.changed:
            for row in rows:
                self.predictions_end += ENTRY_BYTES
                self.rows.append((self.predictions_end, row))

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        def found() -> list[tuple[int, record_pb2.FeedbackEntry]]:
            return [one for one in self.feedback if one[0] > after_position][:max_entries]

        with self.changed:
            if timeout_seconds:
                self.changed.wait_for(lambda: found() or self.closed, timeout_seconds)
            batch = found()
        return record_pb2.FeedbackBatch(
            entries=[entry for _, entry in batch],
            end_positions=[end for end, _ in batch],
            next_position=batch[-1][0] if batch else after_position,
        ).SerializeToString()

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        message = record_pb2.FeedbackOutcomes.FromString(outcomes)
        with self.changed:
            self.feedback_released = max(self.feedback_released, position)
            self.feedback = [one for one in self.feedback if one[0] > position]
            self.outcomes |= dict(zip(message.end_positions, message.outcomes, strict=True))
            self.changed.notify_all()

    def seal_predictions(self) -> int:
        with self.changed:
            if self.predictions_end > max([self.segment_start, *self.segment_ends]):
                self.segment_ends.append(self.predictions_end)
                self.changed.notify_all()
            return self.predictions_end

    def take_shipped(self, timeout_seconds: float) -> bytes:
        def ready() -> bool:
            # Before the first release it is not known what is registered.
            return self.predictions_released >= 0 and bool(self.sealed or self.segment_ends)

        with self.changed:
            if timeout_seconds:
                self.changed.wait_for(lambda: ready() or self.closed, timeout_seconds)
            if ready():
                for end in self.segment_ends:
                    self.sealed.append(self._ship(end))
                    self.segment_start = end
                self.segment_ends.clear()
            segments = self.sealed if self.predictions_released >= 0 else []
            return record_pb2.ShippedSegments(segments=segments).SerializeToString()

    def _ship(self, end_position: int) -> record_pb2.ShippedSegment:
        partitions: dict[tuple[bool, str, int, str, str], list[dict[str, Any]]] = defaultdict(list)
        for end, row in self.rows:
            if self.segment_start < end <= end_position:
                date = datetime.fromtimestamp(row["time_us"] // 1_000_000, UTC).date().isoformat()
                incarnation = row.get("router_incarnation") or 0
                is_shadows = row["reason"] == "shadow"
                partitions[is_shadows, row["router_id"], incarnation, row["model_id"], date].append(row)
        return record_pb2.ShippedSegment(
            journal_id=self.journal_id,
            start_position=self.segment_start,
            end_position=end_position,
            files=[self._write(rows, end_position) for rows in partitions.values()],
        )

    def release_predictions(self, position: int) -> None:
        with self.changed:
            self.predictions_released = max(self.predictions_released, position)
            self.sealed = [segment for segment in self.sealed if segment.end_position > position]
            if self.sealed and self.sealed[0].start_position < position:
                # Of a part that is registered elsewhere, the rest is shipped again.
                self.segment_ends[:0] = [segment.end_position for segment in self.sealed]
                self.sealed, self.segment_start = [], position
            self.segment_start = max(self.segment_start, position)
            self.segment_ends = [end for end in self.segment_ends if end > position]
            self.rows = [one for one in self.rows if one[0] > position]
            self.changed.notify_all()

    def read_tail(self, query: bytes) -> bytes:
        asked = record_pb2.TailQuery.FromString(query)
        with self.changed:
            if asked.from_position < self.predictions_released:
                raise PositionGoneError(f"from_position: {asked.from_position} is released")
            rows = [row for end, row in self.rows if end > asked.from_position and _is_wanted(row, asked)]
        of_models: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            of_models[row["model_id"], row.get("router_incarnation")].append(row)
        streams = [stream_of(table_of(found)) for found in of_models.values()]
        return record_pb2.TailAnswer(arrow_streams=streams, row_count=len(rows)).SerializeToString()

    def _write(self, rows: list[dict[str, Any]], end_position: int) -> record_pb2.LakeFile:
        table = table_of(rows)
        written = write_file(
            self.lake_folder,
            table,
            self.segment_start,
            end_position,
            journal_id=self.journal_id,
        )
        return self._described(written.path, table)

    def _described(self, path: str, table: pa.Table) -> record_pb2.LakeFile:
        times = pc.min_max(table["time_us"])
        return record_pb2.LakeFile(
            path=path,
            router_id=table["router_id"][0].as_py(),
            model_id=table["model_id"][0].as_py(),
            date=path.split("date=")[1][:10],
            row_count=table.num_rows,
            byte_count=(self.lake_folder / path).stat().st_size,
            min_time_us=times["min"].as_py(),
            max_time_us=times["max"].as_py(),
            router_incarnation=table["router_incarnation"][0].as_py() or 0,
            shadows=path.startswith("shadows/"),
        )


def _is_wanted(row: dict[str, Any], asked: record_pb2.TailQuery) -> bool:
    return (
        asked.router_id in ("", row["router_id"])
        and asked.model_id in ("", row["model_id"])
        and is_of_incarnation(row, asked)
        and is_of_kind(row, asked)
        and (not asked.start_time_us or row["time_us"] >= asked.start_time_us)
        and (not asked.end_time_us or row["time_us"] < asked.end_time_us)
        and asked.prediction_id in ("", row["prediction_id"])
        and (not asked.entity_ids or row.get("entity_id") in asked.entity_ids)
        and asked.variant in ("", row["variant"])
    )
