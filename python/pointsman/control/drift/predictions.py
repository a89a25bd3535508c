"""Predictions and outcomes of models: logging, listing, matching."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy.exc import IntegrityError

from pointsman.control.drift import models
from pointsman.control.drift.truth_uploads import MAX_TRUTHS, too_many_truths
from pointsman.domain.drift.ground_truth import GroundTruth, TakenTruths, check_truths
from pointsman.domain.drift.predictions import LoggedPrediction, check_logged
from pointsman.domain.keys import Principal
from pointsman.domain.models import Model
from pointsman.domain.recording import entity_hasher
from pointsman.domain.values import JsonValue
from pointsman.errors import InvalidArgumentError, ResourceExhaustedError
from pointsman.lake.models.records import ModelPage, ModelRecords, PageQuestion
from pointsman.store import installation
from pointsman.store.database import Database
from pointsman.store.drift import predictions, truths, waiting
from pointsman.store.drift.room import ModelRoom

MAX_LOGGED = 100_000_000
"""Logged predictions of a model that are kept at a time."""
MAX_WAITING = 1_000_000
"""Those of them that are in no file of the lake yet: each read goes through them in SQL."""
MAX_OFFSET = 100_000
MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100

GivenTruth = tuple[str, JsonValue, int | None]
"""An entity, its outcome, and when that was observed; None for now."""


class PredictionDesk:
    """Takes and tells predictions and outcomes.

    Args:
        database: Where they are kept.
        records: Who reads them beside what routers recorded.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, records: ModelRecords, clock: Callable[[], int]) -> None:
        self._database = database
        self._records = records
        self._clock = clock
        self._log_room = ModelRoom(predictions, MAX_LOGGED)
        self._waiting_room = ModelRoom(waiting, MAX_WAITING)
        self._truth_room = ModelRoom(truths, MAX_TRUTHS)

    def log(self, caller: Principal, model_id: str, given: LoggedPrediction, time_us: int | None) -> str:
        """Keeps a prediction that no router made; answers its id.

        Args:
            caller: Who asks.
            model_id: The model.
            given: What the caller said.
            time_us: When it was made; None for now.

        Raises:
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
            ResourceExhaustedError: As many are kept as may be.
        """
        now_us = self._clock()
        timed = LoggedPrediction(**{**vars(given), "time_us": now_us if time_us is None else time_us})
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            task, classes = models.task_of(connection, model, given.model_version)
            checked = check_logged(timed, task, classes, now_us)
            if not self._log_room.is_enough(connection, model.row_key, 1):
                raise ResourceExhaustedError(
                    f"{MAX_LOGGED} logged predictions of model {model_id!r} are kept; wait until the oldest "
                    "are past their time, or have a router record them, which has no such limit",
                    metadata={"model_id": model_id},
                )
            if not self._waiting_room.is_enough(connection, model.row_key, 1):
                raise ResourceExhaustedError(
                    f"{MAX_WAITING} logged predictions of model {model_id!r} wait to be written into the "
                    "lake; try again in a minute; if it stays so, the job logged-predictions fails, and the "
                    "server's log says why",
                    metadata={"model_id": model_id},
                )
            return predictions.add(connection, model.row_key, checked)

    def page(self, caller: Principal, model_id: str, asked: PageQuestion) -> ModelPage:
        """Lists predictions, newest first.

        Args:
            caller: Who asks; predictions of routers that the caller may not read are left out.
            model_id: The model.
            asked: Which of them; a limit of 0 means the default.

        Raises:
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            UnavailableError: The records cannot be read now.
        """
        limit = limit_of(asked.limit, DEFAULT_LIMIT)
        if not 0 <= asked.offset <= MAX_OFFSET:
            raise InvalidArgumentError.at(
                "offset", f"{asked.offset} is not between 0 and {MAX_OFFSET}; narrow the dates instead"
            )
        question = PageQuestion(asked.start_us, asked.end_us, asked.has_outcome, limit, asked.offset)
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)

        readable_since = models.readable_routers(self._database, caller)
        return self._records.page(model_id, model.row_key, question, readable_since)

    def add_truths(
        self, caller: Principal, model_id: str, given: Sequence[GivenTruth], paths: Sequence[str]
    ) -> TakenTruths:
        """Keeps outcomes: all of them, or none when one is wrong.

        Args:
            caller: Who asks.
            model_id: The model.
            given: The outcomes.
            paths: For each what stands before its fields' names.

        Raises:
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
            ResourceExhaustedError: As many are kept as may be.
            UnavailableError: They are kept, but the records cannot be read now, by which they are matched.
        """
        now_us = self._clock()
        records = [
            GroundTruth(entity_id, outcome, now_us if time_us is None else time_us)  # type: ignore[arg-type]
            for entity_id, outcome, time_us in given
        ]
        try:
            model, taken = self._keep(caller, model_id, records, paths, now_us)
        except IntegrityError:
            # Somebody else brought one of them at this moment; it is a repeated one, or a correction.
            model, taken = self._keep(caller, model_id, records, paths, now_us)
        entity_ids = [record.entity_id for record in records]
        matched = self._records.matched_count(model_id, model.row_key, taken.ids, entity_ids)
        return replace(taken, matched=matched)

    def _keep(
        self,
        caller: Principal,
        model_id: str,
        records: Sequence[GroundTruth],
        paths: Sequence[str],
        now_us: int,
    ) -> tuple[Model, TakenTruths]:
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            task, _ = models.task_of(connection, model)
            check_truths(records, task, now_us, paths)
            key = installation.entity_key(connection)
            if not self._truth_room.is_enough(connection, model.row_key, len(records)):
                raise too_many_truths(model_id)
            taken = truths.put(connection, model.row_key, records, entity_hasher(key), now_us)
        return model, taken


def limit_of(asked: int, default: int) -> int:
    """Answers how many items are asked for; 0 is the default.

    Raises:
        InvalidArgumentError: It is not between 0 and 1000.
    """
    if not 0 <= asked <= MAX_LIMIT:
        raise InvalidArgumentError.at("limit", f"{asked} is not between 1 and {MAX_LIMIT}; 0 means {default}")
    return asked or default
