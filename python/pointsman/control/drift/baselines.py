"""Baselines of models: keeping them, and which one is active."""

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from pointsman.control.drift import models
from pointsman.domain.drift.baselines import Baseline, BaselineData, check_baseline, rows_of
from pointsman.domain.keys import Principal
from pointsman.domain.models import Task
from pointsman.errors import AlreadyExistsError, NotFoundError, ResourceExhaustedError
from pointsman.store.database import Database
from pointsman.store.drift import baselines


class Baselines:
    """Keeps and tells baselines.

    Args:
        database: Where they are.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def create(self, caller: Principal, model_id: str, version: str, data: BaselineData, task: Task) -> str:
        """Keeps a baseline; the first of a model is active at once. Answers its id.

        Args:
            caller: Who asks.
            model_id: The model.
            version: Names it among those of the model.
            data: Its blocks.
            task: What its target data say that the model does.

        Raises:
            AlreadyExistsError: The model has one of the version.
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
            ResourceExhaustedError: The model has as many as it may.
        """
        found_task, labels = check_baseline(version, data, task)
        try:
            return self._create(caller, model_id, version, data, found_task, labels)
        except IntegrityError:
            # Another one was made at this moment; which of the two is refused, the second look says.
            return self._create(caller, model_id, version, data, found_task, labels)

    def _create(
        self,
        caller: Principal,
        model_id: str,
        version: str,
        data: BaselineData,
        task: Task,
        labels: tuple[str, ...],
    ) -> str:
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            known = baselines.each(connection, model_id, model.row_key)
            if any(one.version == version for one in known):
                raise AlreadyExistsError(
                    f"version: model {model_id!r} has a baseline {version!r} already; baselines do not "
                    "change: choose another version",
                    reason="BASELINE_EXISTS",
                    metadata={"model_id": model_id, "version": version},
                )
            if len(known) >= baselines.MAX_BASELINES:
                raise ResourceExhaustedError(
                    f"model {model_id!r} has {len(known)} baselines, and no model may have more",
                    metadata={"model_id": model_id},
                )
            baseline = Baseline(
                baseline_id="",
                model_id=model_id,
                version=version,
                active=not any(one.active for one in known),
                sample_size=rows_of(data),
                task=task,
                class_labels=labels,
                create_time_us=self._clock(),
            )
            return baselines.add(connection, model.row_key, baseline, data)

    def each(self, caller: Principal, model_id: str) -> list[Baseline]:
        """Lists a model's baselines without their blocks, newest first.

        Raises:
            NotFoundError: There is no such model, or the caller may not know of it.
        """
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            return baselines.each(connection, model_id, model.row_key)

    def active(self, caller: Principal, model_id: str) -> tuple[Baseline, BaselineData]:
        """Answers a model's active baseline with its blocks.

        Raises:
            NotFoundError: There is none; or no such model, or the caller may not know of it.
        """
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            found = baselines.active(connection, model_id, model.row_key)
            if found is None:
                raise NotFoundError(
                    f"model {model_id!r} has no baseline; make one with CreateBaseline",
                    reason="BASELINE_NOT_FOUND",
                    metadata={"model_id": model_id},
                )
            return found, baselines.data_of(connection, found.row_key)

    def activate(self, caller: Principal, model_id: str, baseline_id: str) -> None:
        """Makes a baseline the one that analyses compare with.

        Args:
            caller: Who asks.
            model_id: The model.
            baseline_id: The baseline's id.

        Raises:
            NotFoundError: The model has none of the id; or there is no such model.
            PermissionDeniedError: It belongs to somebody else.
        """
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            if not baselines.activate(connection, model.row_key, baseline_id):
                raise NotFoundError(
                    f"baseline {baseline_id[:64]!r} is none of model {model_id!r}; GetBaselines lists them",
                    reason="BASELINE_NOT_FOUND",
                    metadata={"model_id": model_id, "baseline_id": baseline_id[:64]},
                )
