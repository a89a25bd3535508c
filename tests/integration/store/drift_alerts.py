"""A model of which results are stored, and told as its rules say."""

from pointsman.control.drift.program.running import store as store_result
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.domain.drift.baselines import Baseline, BaselineData
from pointsman.domain.models import Task
from pointsman.store import models
from pointsman.store.drift import analyses, baselines
from pointsman.store.drift.alerting import events

from .rows import DAY_US, add_model


def add_watched_model(database):
    """Adds the model with a baseline; answers its row."""
    add_model(database)
    with database.write() as connection:
        model = models.find(connection, "cancer")
        assert model is not None
        row_key = model.row_key
        baseline = Baseline("", "cancer", "v1", True, 1, Task.UNSPECIFIED, (), 1)
        baselines.add(connection, row_key, baseline, BaselineData(features={"age": [1.0]}))
    return row_key


def begun(database, key, window_end_us=DAY_US):
    with database.write() as connection:
        baseline = baselines.active(connection, "cancer", key)
        assert baseline is not None
        job_id = analyses.add(
            connection,
            Analysis(
                job_id="",
                model_id="cancer",
                model_key=key,
                baseline_key=baseline.row_key,
                status=AnalysisStatus.RUNNING,
                window_start_us=1,
                window_end_us=window_end_us,
                start_time_us=1,
                deadline_us=DAY_US,
                seen_us=1,
            ),
        )
        return analyses.find(connection, job_id)


def a_body(status):
    return {"status": status, "features": {"age": {"status": status, "algorithms": {}}}}


def told(database, key, status="alert", window_end_us=DAY_US):
    assert store_result(database, begun(database, key, window_end_us), a_body(status), [], lambda: DAY_US)


def history(database, key, limit=100):
    with database.read() as connection:
        return events.newest(connection, key, limit)


def count(database, table):
    with database.read() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
