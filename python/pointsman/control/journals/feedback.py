"""Feedback that the data plane passes on: about an entity's latest prediction, which only records know.

Which prediction that is, is all that is found out here. The data plane judges every value, before and after.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.control.convert.enums import FEEDBACK_OUTCOME
from pointsman.control.convert.feedback import feedback_call, refusal_of, verdicts_of
from pointsman.control.journals.entity_predictions import EntityPredictions
from pointsman.domain.access import router_not_found
from pointsman.domain.keys import Principal
from pointsman.domain.ports.journal import FeedbackIntake
from pointsman.domain.records.feedback import FeedbackOutcome
from pointsman.domain.records.lake import LatestPredictions
from pointsman.domain.records.servers import UnreachedJournal
from pointsman.domain.routers import Router
from pointsman.errors import PointsmanError
from pointsman.store.database import Database
from pointsman.store.routing import routers
from pointsman.v1 import prediction_pb2

_WAIT_SECONDS = 10.0


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
_OfEntity = tuple[prediction_pb2.RecordFeedbackRequest, tuple[UnreachedJournal, ...]]
"""A value about a prediction, and who may have made a later one for the entity."""


class FeedbackDesk:
    """Takes feedback from callers into the journal.

    Args:
        database: Where routers are kept.
        intake: Who judges feedback and keeps the journal.
        latest: Who knows entities' latest predictions.
    """

    def __init__(self, database: Database, intake: FeedbackIntake, latest: LatestPredictions) -> None:
        self._database = database
        self._intake = intake
        self._entities = EntityPredictions(database, latest)

    def record(self, caller: Principal, given: prediction_pb2.RecordFeedbackRequest) -> Taken:
        """Records one value.

        Args:
            caller: Who brings it.
            given: The value.

        Raises:
            FailedPreconditionError: The router records no entities.
            NotFoundError: A prediction of the entity is not there.
            PointsmanError: The data plane does not take the value.
            UnavailableError: Database or journal do not answer.
        """
        result = self.record_batch(caller, [given], given.wait)[0]
        if isinstance(result, PointsmanError):
            raise result
        return result

    def record_batch(
        self, caller: Principal, batch: Sequence[prediction_pb2.RecordFeedbackRequest], wait: int
    ) -> list[Result]:
        """Records many values; each is answered by itself, in their order.

        Args:
            caller: Who brings them.
            batch: The values.
            wait: What the answer waits for, a number of ``FeedbackWait``.

        Raises:
            PointsmanError: The data plane does not take the call as a whole.
            UnavailableError: Database or journal do not answer.
        """
        results: dict[int, Result] = {}
        values = dict(enumerate(batch))
        by_entity: dict[int, prediction_pb2.RecordFeedbackRequest] = {}
        unreached: dict[int, tuple[UnreachedJournal, ...]] = {}
        checked = verdicts_of(self._intake.check_feedback(feedback_call(caller, batch, wait)))
        for place, verdict in enumerate(checked):
            if verdict.HasField("refusal"):
                results[place] = refusal_of(verdict.refusal)
            elif verdict.needs_prediction:
                by_entity[place] = values[place]
        for place, found in self._about_predictions(by_entity).items():
            if isinstance(found, PointsmanError):
                results[place] = found
            else:
                values[place], unreached[place] = found
        good = {place: value for place, value in values.items() if place not in results}
        results |= self._appended(caller, good, wait, unreached) if good else {}
        return [results[place] for place in range(len(batch))]

    def _about_predictions(
        self, by_entity: dict[int, prediction_pb2.RecordFeedbackRequest]
    ) -> dict[int, _OfEntity | PointsmanError]:
        """Answers values about entities as values about predictions, or why there is none."""
        if not by_entity:
            return {}
        known: dict[str, Router | None] = {}
        with self._database.read() as connection:
            for router_id in {given.router_id for given in by_entity.values()}:
                known[router_id] = routers.find(connection, router_id)
        latest = self._entities.latest(
            (router, given.entity_id)
            for given in by_entity.values()
            if (router := known[given.router_id]) is not None
        )
        found: dict[int, _OfEntity | PointsmanError] = {}
        for place, given in by_entity.items():
            # A router that the data plane knows and the database does not was deleted this moment.
            prediction = latest.get((given.router_id, given.entity_id)) or router_not_found(given.router_id)
            if isinstance(prediction, PointsmanError):
                found[place] = prediction
                continue
            about = prediction_pb2.RecordFeedbackRequest(prediction_id=prediction.prediction_id)
            about.MergeFrom(given)
            about.ClearField("entity_id")
            found[place] = (about, prediction.unreached)
        return found

    def _appended(
        self,
        caller: Principal,
        values: dict[int, prediction_pb2.RecordFeedbackRequest],
        wait: int,
        unreached: dict[int, tuple[UnreachedJournal, ...]],
    ) -> dict[int, Result]:
        call = feedback_call(caller, values.values(), wait, _WAIT_SECONDS)
        verdicts = verdicts_of(self._intake.append_feedback(call))
        results: dict[int, Result] = {}
        for (place, value), verdict in zip(values.items(), verdicts, strict=True):
            if verdict.HasField("refusal"):
                results[place] = refusal_of(verdict.refusal)
            else:
                outcome = FEEDBACK_OUTCOME.word_or(verdict.outcome, FeedbackOutcome.UNSPECIFIED)
                results[place] = Taken(outcome, value.prediction_id, unreached.get(place, ()))
        return results
