"""Uploads of outcomes, as a client without ours would make them."""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select

from pointsman.control.drift.upkeep import DriftUpkeep
from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.control.lanes import Lanes
from pointsman.store.database import Database
from pointsman.store.schema import drift_truth_uploads, drift_truths
from pointsman.v1 import drift_pb2

from .conftest import Bench, User

CSV = drift_pb2.GROUND_TRUTH_FORMAT_CSV
HEAD = "entity_id,actual_outcome,outcome_timestamp\n"
NOON = "2026-06-01T12:00:00Z"
Answer = drift_pb2.UploadGroundTruthFileResponse


def rows(*pairs: tuple[str, str], time: str = NOON) -> str:
    return HEAD + "".join(f"{entity},{outcome},{time}\n" for entity, outcome in pairs)


async def piece(user: User, upload_id: str, chunk: bytes = b"", offset: int = 0, **fields: Any) -> Answer:
    fields.setdefault("format", CSV)
    fields.setdefault("model_id", "cancer")
    answer: Answer = await user.drift.UploadGroundTruthFile(
        drift_pb2.UploadGroundTruthFileRequest(upload_id=upload_id, chunk=chunk, offset=offset, **fields)
    )
    return answer


async def upload(user: User, upload_id: str, text: str, **fields: Any) -> Answer:
    return await piece(user, upload_id, text.encode(), is_last=True, **fields)


async def upload_in_parts(user: User, upload_id: str, text: str, length: int) -> Answer:
    content, offset = text.encode(), 0
    while True:
        end = min(len(content), offset + length)
        answer = await piece(user, upload_id, content[offset:end], offset, is_last=end == len(content))
        if answer.is_complete or answer.is_refused:
            return answer
        offset = answer.received_bytes


def kept(bench: Bench) -> int:
    """Rows of outcomes in the database, whether or not they can be seen."""
    return counted(bench.database_url, drift_truths)


def kept_uploads(bench: Bench) -> int:
    return counted(bench.database_url, drift_truth_uploads)


def counted(database_url: str, table: Any) -> int:
    database = Database(database_url)
    with database.read() as connection:
        found = int(connection.execute(select(func.count()).select_from(table)).scalar_one())
    database.close()
    return found


def run_jobs(bench: Bench, names: Iterable[str], *, days: int = 90) -> None:
    """Runs jobs of drift's upkeep to their ends."""
    lanes = Lanes(1)
    database = Database(bench.database_url)
    try:
        jobs = {job.name: job for job in DriftUpkeep(days, lanes, bench.clock).jobs()}
        for name in names:
            context = JobContext(name, database, 0, _Never())
            while jobs[name].run(context):
                pass
    finally:
        database.close()
        lanes.close()


class _Never(Ending):
    def __init__(self) -> None:
        super().__init__(threading.Event(), 1.0, lambda: 0.0)


def told(answer: Answer) -> Sequence[tuple[int, str]]:
    return [(error.line, error.field) for error in answer.errors]
