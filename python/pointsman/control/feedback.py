"""Feedback: verified by the prediction id alone, stored many at a time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.lanes import Lanes
from pointsman.domain.access import Rule, check_router_access, router_not_found
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.keys import Principal
from pointsman.domain.predictions import DEFAULT_METRIC, Feedback, FeedbackOutcome, FeedbackTotals
from pointsman.domain.routers import Router
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.domain.violations import Violations
from pointsman.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    InvalidPredictionIdError,
    PointsmanError,
)
from pointsman.store import feedback, routers
from pointsman.store.database import Database

MAX_BATCH = 500
MAX_VALUE = 1e100
"""The square of a value beyond might not be a number any more."""
MAX_PREDICTION_ID_CHARS = 1024
_Answer = FeedbackOutcome | PointsmanError


@dataclass(frozen=True)
class _Waiting:
    caller: Principal
    given: Feedback
    answer: asyncio.Future[FeedbackOutcome]


class FeedbackBook:
    """Takes feedback. What arrives while a batch is being stored makes the next batch.

    Args:
        database: Where it is kept.
        data_plane: Who reads prediction ids.
        signing_keys: Answers the signing keys in force.
        lanes: The threads for it.
        horizon_days: How long after a prediction its feedback is taken.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        data_plane: DataPlane,
        signing_keys: Callable[[], bytes],
        lanes: Lanes,
        horizon_days: int,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._data_plane = data_plane
        self._signing_keys = signing_keys
        self._lanes = lanes
        self._horizon_days = horizon_days
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None

    async def record(
        self, caller: Principal, prediction_id: str, metric: str, value: float, observe_time_us: int | None
    ) -> FeedbackOutcome:
        """Records a value of feedback; the first for a prediction and metric stays.

        Returns:
            Whether it was new, the same as before, or in conflict with what was recorded first. It is
            stored for good when this returns.

        Raises:
            FailedPreconditionError: The prediction is too old.
            InvalidArgumentError: The id is not one of ours, or the metric or value is wrong.
            NotFoundError: The router went away, or the caller may not know of it.
            PermissionDeniedError: The caller may not call the router.
        """
        given = self._verified(prediction_id, metric or DEFAULT_METRIC, value, observe_time_us)
        waiting = _Waiting(caller, given, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_waiting())
        return await waiting.answer

    def _verified(
        self, prediction_id: str, metric: str, value: float, observe_time_us: int | None
    ) -> Feedback:
        found = Violations()
        if not prediction_id:
            found.add("prediction_id", "is empty; send the prediction_id of the answer")
        if len(prediction_id) > MAX_PREDICTION_ID_CHARS:
            found.add(
                "prediction_id",
                f"has {len(prediction_id)} characters; ours have at most {MAX_PREDICTION_ID_CHARS}",
            )
        found.check_id("metric", metric)
        if not abs(value) <= MAX_VALUE:
            found.add("value", f"{value:g} is not a number from {-MAX_VALUE:g} to {MAX_VALUE:g}")
        found.raise_if_any()
        try:
            decoded = self._data_plane.decode_prediction_id(prediction_id, self._signing_keys())
        except InvalidPredictionIdError as error:
            raise InvalidArgumentError.at(
                "prediction_id", str(error).removeprefix("prediction_id: ")
            ) from error
        now_us = self._clock()
        if decoded.time_us < now_us - self._horizon_days * MICROSECONDS_PER_DAY:
            raise FailedPreconditionError(
                f"prediction_id: the prediction is older than {self._horizon_days} days, "
                "and feedback is taken no longer than that",
                reason="PREDICTION_TOO_OLD",
            )
        return Feedback(
            prediction_id=prediction_id,
            router_id=decoded.router_id,
            variant=decoded.variant,
            metric=metric,
            value=value,
            observe_time_us=now_us if observe_time_us is None else observe_time_us,
            prediction_time_us=decoded.time_us,
            counted=not decoded.pinned,
        )

    async def _store_waiting(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                try:
                    answers = await self._lanes.feed(self._store, batch)
                except Exception as error:  # noqa: BLE001 - it goes to everyone who waits for this batch
                    for waiting in batch:
                        _answer(waiting, error)
                else:
                    for waiting, answer in zip(batch, answers, strict=True):
                        _answer(waiting, answer)
        finally:
            self._storing = None

    def _store(self, batch: Sequence[_Waiting]) -> list[_Answer]:
        """Stores a batch in one transaction, the totals included; answers each in the batch's order."""
        answers: dict[int, _Answer] = {}
        # The same order in every process keeps two from blocking each other; what came first stays first.
        order = sorted(range(len(batch)), key=lambda i: (batch[i].given.prediction_id, batch[i].given.metric))
        with self._database.write() as connection:
            known: dict[str, Router | None] = {}
            sums: dict[int, dict[tuple[str, str], FeedbackTotals]] = {}
            for index in order:
                waiting = batch[index]
                try:
                    router = _router_for(connection, waiting, known)
                except PointsmanError as error:
                    answers[index] = error
                    continue
                outcome = feedback.record(connection, router.row_key, waiting.given)
                if outcome is FeedbackOutcome.APPLIED and waiting.given.counted:
                    _add(sums.setdefault(router.row_key, {}), waiting.given)
                answers[index] = outcome
            feedback.raise_totals(
                connection, {router_key: totals.values() for router_key, totals in sums.items()}
            )
        return [answers[index] for index in range(len(batch))]


def _router_for(connection: Connection, waiting: _Waiting, known: dict[str, Router | None]) -> Router:
    router_id = waiting.given.router_id
    if router_id not in known:
        known[router_id] = routers.find(connection, router_id)
    router = check_router_access(waiting.caller, known[router_id], router_id, Rule.PREDICT_ROUTER)
    if waiting.given.prediction_time_us < router.create_time_us:
        # It was made by an earlier router of this id, which is deleted.
        raise router_not_found(router_id)
    return router


def _add(sums: dict[tuple[str, str], FeedbackTotals], given: Feedback) -> None:
    place = (given.variant, given.metric)
    before = sums.get(place, FeedbackTotals(given.variant, given.metric, 0, 0.0, 0.0))
    sums[place] = FeedbackTotals(
        given.variant,
        given.metric,
        before.count + 1,
        before.total + given.value,
        before.total_squares + given.value * given.value,
    )


def _answer(waiting: _Waiting, answer: FeedbackOutcome | Exception) -> None:
    if waiting.answer.done():
        return
    if isinstance(answer, Exception):
        waiting.answer.set_exception(answer)
    else:
        waiting.answer.set_result(answer)
