"""A journal in memory and a lake on disk, as the data plane keeps them: for tests of the control plane."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pointsman.errors import PositionGoneError
from pointsman.v1 import record_pb2
from stage.lake import is_of_incarnation, stream_of, table_of, write_file

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
    predictions_end: int = 0
    predictions_released: int = -1
    sealed: list[record_pb2.ShippedSegment] = field(default_factory=list)
    merged: list[record_pb2.MergeRequest] = field(default_factory=list)
    closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

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
            if self.predictions_end > self.segment_start:
                partitions: dict[tuple[str, int, str, str], list[dict[str, Any]]] = defaultdict(list)
                for end, row in self.rows:
                    if end > self.segment_start:
                        date = datetime.fromtimestamp(row["time_us"] // 1_000_000, UTC).date().isoformat()
                        incarnation = row.get("router_incarnation") or 0
                        partitions[row["router_id"], incarnation, row["model_id"], date].append(row)
                segment = record_pb2.ShippedSegment(
                    journal_id=self.journal_id,
                    start_position=self.segment_start,
                    end_position=self.predictions_end,
                    files=[self._write(rows) for rows in partitions.values()],
                )
                self.sealed.append(segment)
                self.segment_start = self.predictions_end
                self.changed.notify_all()
            return self.predictions_end

    def take_shipped(self, timeout_seconds: float) -> bytes:
        def ready() -> bool:
            return self.predictions_released >= 0 and bool(self.sealed)

        with self.changed:
            if timeout_seconds:
                self.changed.wait_for(lambda: ready() or self.closed, timeout_seconds)
            segments = self.sealed if ready() else []
            return record_pb2.ShippedSegments(segments=segments).SerializeToString()

    def release_predictions(self, position: int) -> None:
        with self.changed:
            self.predictions_released = max(self.predictions_released, position)
            self.sealed = [segment for segment in self.sealed if segment.end_position > position]
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

    def merge_lake_files(self, request: bytes) -> bytes:
        asked = record_pb2.MergeRequest.FromString(request)
        self.merged.append(asked)
        tables = [pq.read_table(self.lake_folder / path, partitioning=None) for path in asked.inputs]
        table = pa.concat_tables(tables, promote_options="default")
        if asked.erased_entity_ids:
            erased = pc.is_in(table["entity_id"], value_set=pa.array(list(asked.erased_entity_ids)))
            table = table.filter(pc.invert(erased))
        pq.write_table(table, self.lake_folder / asked.output)
        return self._described(asked.output, table).SerializeToString()

    def _write(self, rows: list[dict[str, Any]]) -> record_pb2.LakeFile:
        table = table_of(rows)
        written = write_file(self.lake_folder, table, self.segment_start, self.predictions_end)
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
        )


def _is_wanted(row: dict[str, Any], asked: record_pb2.TailQuery) -> bool:
    return (
        row["router_id"] == asked.router_id
        and is_of_incarnation(row, asked)
        and (not asked.start_time_us or row["time_us"] >= asked.start_time_us)
        and (not asked.end_time_us or row["time_us"] < asked.end_time_us)
        and asked.prediction_id in ("", row["prediction_id"])
        and (not asked.entity_ids or row.get("entity_id") in asked.entity_ids)
        and asked.variant in ("", row["variant"])
    )
