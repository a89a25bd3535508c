"""Takes recorded predictions from the data plane into the store."""

import threading

import structlog

from pointsman.control.convert.predictions import prediction_from
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.predictions import Prediction
from pointsman.errors import PointsmanError
from pointsman.store import predictions, routers
from pointsman.store.database import Database
from pointsman.v1 import snapshot_pb2

_log = structlog.get_logger(__name__)

BATCH_ROWS = 500
"""So many rows in one transaction hold SQLite's write lock for some milliseconds."""
_FLUSH_ROWS = 200_000
_TRIM_ROWS = 2000
_TRIM_SLACK_SHARE = 0.02


class Recorder:
    """Drains the data plane's queue, in the background and on demand.

    In the background at a limited pace, so that recording leaves the machine to the calls themselves; what
    the queue cannot hold meanwhile is dropped and counted by the data plane.

    Args:
        database: Where predictions are kept.
        data_plane: Whose queue is drained.
        interval_seconds: How often.
        rows_per_second: The pace in the background.
        rows_per_router: How many predictions of a router are kept.
    """

    def __init__(
        self,
        database: Database,
        data_plane: DataPlane,
        *,
        interval_seconds: float,
        rows_per_second: int,
        rows_per_router: int,
    ) -> None:
        self._database = database
        self._data_plane = data_plane
        self._interval_seconds = interval_seconds
        self._rows_per_interval = max(1, int(rows_per_second * interval_seconds))
        self._rows_per_router = rows_per_router
        self._lock = threading.Lock()
        self._held: list[Prediction] = []
        self._row_counts: dict[int, int] = {}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to drain in the background."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pointsman-recorder", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stores what is left and ends."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            try:
                self.flush()
            except PointsmanError as error:
                _log.warning("the last predictions were not stored", reason=str(error))

    def flush(self) -> None:
        """Stores every prediction that was recorded before this call.

        Raises:
            DatabaseUnavailableError: The database does not answer; what was taken is kept for later.
        """
        self._drain(_FLUSH_ROWS)

    def _run(self) -> None:
        while not self._ended.wait(self._interval_seconds):
            try:
                self._drain(self._rows_per_interval)
            except PointsmanError as error:
                _log.warning("predictions wait to be stored", reason=str(error))
            except Exception:  # noqa: BLE001 - recording must outlive whatever one batch holds
                _log.exception("a batch of predictions was lost")
                self._held = []

    def _drain(self, max_rows: int) -> None:
        with self._lock:
            row_count = 0
            while row_count < max_rows:
                if not self._held:
                    self._held = self._take(min(BATCH_ROWS, max_rows - row_count))
                if not self._held:
                    return
                self._store(self._held)
                row_count += len(self._held)
                self._held = []

    def _take(self, max_rows: int) -> list[Prediction]:
        batch = snapshot_pb2.RecordBatch.FromString(self._data_plane.take_records(max_rows, 0.0))
        return [prediction_from(record) for record in batch.predictions if record.prediction_id]

    def _store(self, batch: list[Prediction]) -> None:
        added: dict[int, int] = {}
        with self._database.write() as connection:
            row_keys = routers.find_row_keys(connection, sorted({found.router_id for found in batch}))
            rows = [(row_keys[found.router_id], found) for found in batch if found.router_id in row_keys]
            if rows:
                predictions.add_many(connection, rows)
            for row_key, _ in rows:
                added[row_key] = added.get(row_key, 0) + 1
            for row_key in added.keys() - self._row_counts.keys():
                self._row_counts[row_key] = predictions.count(connection, row_key) - added[row_key]
        for row_key, count in added.items():
            self._row_counts[row_key] += count
            self._trim(row_key)

    def _trim(self, row_key: int) -> None:
        """Deletes the oldest rows of a router that has too many, some at a time."""
        slack = int(self._rows_per_router * _TRIM_SLACK_SHARE)
        while self._row_counts[row_key] > self._rows_per_router + slack:
            surplus = self._row_counts[row_key] - self._rows_per_router
            with self._database.write() as connection:
                removed = predictions.remove_oldest(connection, row_key, min(surplus, _TRIM_ROWS))
                if removed < min(surplus, _TRIM_ROWS):
                    self._row_counts[row_key] = predictions.count(connection, row_key)
                    return
            self._row_counts[row_key] -= removed
