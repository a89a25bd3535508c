"""Baselines of what a model was asked and answered in a window."""

from collections.abc import Callable
from dataclasses import dataclass

from pointsman.control.drift import models
from pointsman.control.drift.analyses import WindowQuestion
from pointsman.control.drift.baselines import Baselines
from pointsman.domain.drift.baselines import rows_of
from pointsman.domain.drift.windowed import data_of_window, rows_for
from pointsman.domain.drift.windows import window_of
from pointsman.domain.keys import Principal
from pointsman.domain.records.servers import sentence
from pointsman.domain.violations import Violations
from pointsman.errors import FailedPreconditionError
from pointsman.lake.models.records import ModelRecords
from pointsman.lake.models.window_rows import SampleQuestion, WindowSample
from pointsman.store import model_versions
from pointsman.store.database import Database
from pointsman.store.drift import alert_settings, predictions


@dataclass(frozen=True)
class MadeBaseline:
    """A baseline that was made.

    Attributes:
        sample_size: Rows of its features.
        notes: What to know of them, in sentences.
    """

    baseline_id: str
    sample_size: int
    notes: tuple[str, ...]


class WindowBaselines:
    """Makes them.

    Args:
        database: Where models, settings and logged predictions are.
        records: Who reads what was predicted.
        baselines: Who keeps baselines.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self, database: Database, records: ModelRecords, baselines: Baselines, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._records = records
        self._baselines = baselines
        self._clock = clock

    def create(self, caller: Principal, model_id: str, version: str, asked: WindowQuestion) -> MadeBaseline:
        """Keeps a window's predictions as a baseline; the first of a model is active at once.

        Rows of routers that the caller may not read are left out: whoever may read the model reads its
        baselines.

        Args:
            caller: Who asks.
            model_id: The model.
            version: Names the baseline among those of the model.
            asked: Which window.

        Raises:
            AlreadyExistsError: The model has a baseline of the version.
            FailedPreconditionError: The window has too few rows with features.
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
            UnavailableError: The records cannot be read now.
        """
        found = Violations()
        found.check_id("version", version)
        found.raise_if_any()
        with self._database.read() as connection:
            model = models.changeable(connection, caller, model_id)
            settings = alert_settings.of_model(connection, model.row_key)
            task, _ = models.task_of(connection, model)
            window = window_of(
                asked.start_us,
                asked.end_us,
                asked.days,
                settings.time_window_days,
                self._clock(),
                prefix="window.",
            )
            orders = model_versions.class_labels(connection, model_id)
            first = next(predictions.between(connection, model.row_key, window.start_us, window.end_us), None)
        question = SampleQuestion(
            window.start_us,
            window.end_us,
            rows_for,
            models.readable_routers(self._database, caller),
            max((len(row.features) + len(row.probabilities) for row in first or ()), default=0),
        )
        sample = self._records.sample(model_id, model.row_key, question)
        data, notes = data_of_window(sample.rows, task, orders)
        rows = rows_of(data)
        least = settings.min_baseline_sample_size
        if rows < max(least, 1):
            raise FailedPreconditionError(
                f"window: it has {rows} predictions with features that you may read, and "
                f"min_baseline_sample_size is {least}; take a longer one, or lower that with "
                "UpdateAlertConfig",
                reason="WINDOW_TOO_SMALL",
                metadata={"model_id": model_id, "rows": str(rows), "least": str(least)},
            )
        baseline_id = self._baselines.create(caller, model_id, version, data, task)
        return MadeBaseline(baseline_id, rows, (*_notes(sample), *notes))


def _notes(sample: WindowSample) -> list[str]:
    notes = []
    if missing := sentence(sample.unreached):
        notes.append(f"of other servers the baseline lacks {missing}")
    if sample.hidden:
        notes.append(f"{sample.hidden} predictions of routers that you may not read are left out")
    if len(sample.rows) < sample.total:
        notes.append(f"of {sample.total} predictions {len(sample.rows)} were drawn by lot")
    return notes
