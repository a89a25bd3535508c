"""Feedback that the data plane passes on: about an entity's latest prediction, which only records know."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from pointsman.control.applier import Applier
from pointsman.control.entity_predictions import EntityPredictions
from pointsman.control.feedback_checks import FeedbackChecks, GivenFeedback, check_fields
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.feedback import FeedbackOutcome
from pointsman.domain.keys import Principal
from pointsman.domain.lake import LatestPredictions
from pointsman.domain.routers import Router
from pointsman.domain.servers import UnreachedJournal
from pointsman.errors import InvalidArgumentError, PointsmanError, UnavailableError
from pointsman.store import routers
from pointsman.store.database import Database
from pointsman.v1 import record_pb2

MAX_BATCH = 10_000
_APPLY_SECONDS = 10.0


@dataclass(frozen=True)
class Taken:
    """A value that is on disk.

    Attributes:
        outcome: What came of it; recorded when that was not waited for.
        prediction_id: The prediction it is about.
        unreached: For an entity's latest prediction: other servers that may have made a later one.
    """

    outcome: FeedbackOutcome
    prediction_id: str
    unreached: tuple[UnreachedJournal, ...] = ()


Result = Taken | PointsmanError
_Found = TypeVar("_Found")
_Unreached = tuple[UnreachedJournal, ...]


class FeedbackDesk:
    """Takes feedback from callers into the journal.

    Args:
        database: Where routers are kept.
        data_plane: Who reads prediction ids and keeps the journal.
        applier: Who applies what is in the journal.
        latest: Who knows entities' latest predictions.
        signing_keys: Answers the signing keys in force.
        horizon_days: How long after a prediction its feedback is taken.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        data_plane: DataPlane,
        applier: Applier,
        latest: LatestPredictions,
        signing_keys: Callable[[], bytes],
        horizon_days: int,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._data_plane = data_plane
        self._applier = applier
        self._entities = EntityPredictions(database, latest)
        self._signing_keys = signing_keys
        self._horizon_days = horizon_days
        self._clock = clock

    def record(self, caller: Principal, given: GivenFeedback, *, wait_applied: bool) -> Taken:
        """Records one value.

        Args:
            caller: Who brings it.
            given: The value.
            wait_applied: Whether to wait until it is applied, and not only until it is on disk.

        Raises:
            FailedPreconditionError: The prediction is too old, or the router records no entities.
            InvalidArgumentError: A field is wrong, or the router does not take the value.
            NotFoundError: The router or a prediction of the entity is not there.
            PermissionDeniedError: The caller may not call the router.
            UnavailableError: Database or journal do not answer.
        """
        result = self.record_batch(caller, [given], wait_applied=wait_applied)[0]
        if isinstance(result, PointsmanError):
            raise result
        return result

    def record_batch(
        self, caller: Principal, batch: Sequence[GivenFeedback], *, wait_applied: bool
    ) -> list[Result]:
        """Records many values; each is answered by itself, in their order.

        Args:
            caller: Who brings them.
            batch: The values.
            wait_applied: Whether to wait until they are applied, and not only until they are on disk.

        Raises:
            InvalidArgumentError: There are too many.
            UnavailableError: Database or journal do not answer.
        """
        if len(batch) > MAX_BATCH:
            raise InvalidArgumentError.at(
                "feedback", f"{len(batch)} values are more than one batch takes; send at most {MAX_BATCH}"
            )
        checked, unreached_of_each = self._checked(caller, batch)
        entries = [found for found in checked if isinstance(found, record_pb2.FeedbackEntry)]
        outcomes = iter(self._append(entries, wait_applied=wait_applied) if entries else ())
        return [
            found
            if isinstance(found, PointsmanError)
            else Taken(next(outcomes), found.prediction_id, unreached)
            for found, unreached in zip(checked, unreached_of_each, strict=True)
        ]

    def _checked(
        self, caller: Principal, batch: Sequence[GivenFeedback]
    ) -> tuple[list[record_pb2.FeedbackEntry | PointsmanError], list[_Unreached]]:
        """Answers the entry of each value or what is wrong, and who may know of a later prediction."""
        now_us = self._clock()
        checks = FeedbackChecks(self._data_plane, self._signing_keys(), caller, self._horizon_days, now_us)
        known: dict[str, Router | None] = {}

        def router_of(given: GivenFeedback) -> Router:
            check_fields(given, now_us)
            router_id = checks.router_id_of(given)
            if router_id not in known:
                with self._database.read() as connection:
                    known[router_id] = routers.find(connection, router_id)
            return checks.router(known[router_id], router_id)

        found = [_attempted(router_of, given) for given in batch]
        latest = self._entities.latest(
            (router, given.entity_id)
            for router, given in zip(found, batch, strict=True)
            if given.names_entity and isinstance(router, Router)
        )

        def entry_of(given: GivenFeedback, router: Router) -> record_pb2.FeedbackEntry:
            if given.names_entity:
                prediction = latest[router.router_id, given.entity_id]
                if isinstance(prediction, PointsmanError):
                    raise prediction
                given = given.about(prediction.prediction_id)
            return checks.entry(given, router)

        def unreached_of(given: GivenFeedback, router: Router | PointsmanError) -> _Unreached:
            if isinstance(router, PointsmanError) or not given.names_entity:
                return ()
            prediction = latest[router.router_id, given.entity_id]
            return () if isinstance(prediction, PointsmanError) else prediction.unreached

        pairs = list(zip(found, batch, strict=True))
        entries = [
            router if isinstance(router, PointsmanError) else _attempted(entry_of, given, router)
            for router, given in pairs
        ]
        return entries, [unreached_of(given, router) for router, given in pairs]

    def _append(
        self, entries: Sequence[record_pb2.FeedbackEntry], *, wait_applied: bool
    ) -> list[FeedbackOutcome]:
        batch = record_pb2.FeedbackAppend(entries=entries).SerializeToString()
        if not wait_applied:
            self._data_plane.append_feedback(batch)
            return [FeedbackOutcome.RECORDED] * len(entries)
        expected = [(entry, self._applier.expect(entry)) for entry in entries]
        try:
            self._data_plane.append_feedback(batch)
            self._applier.apply_now()
            return [_outcome_of(future) for _, future in expected]
        finally:
            for entry, future in expected:
                self._applier.forget(entry, future)


def _attempted(work: Callable[..., _Found], *arguments: object) -> _Found | PointsmanError:
    """Answers what some work answers, or what is wrong with this value alone."""
    try:
        return work(*arguments)
    except UnavailableError:
        # Neither database nor journal answers the next value any better.
        raise
    except PointsmanError as error:
        return error


def _outcome_of(expected: Future[FeedbackOutcome]) -> FeedbackOutcome:
    try:
        return expected.result(_APPLY_SECONDS)
    except TimeoutError as error:
        raise UnavailableError(
            "the feedback is recorded and will be applied once, but was not in time; send it again to learn "
            "what came of it, or do not wait for it",
            reason="OUTCOME_FORGOTTEN",
        ) from error
