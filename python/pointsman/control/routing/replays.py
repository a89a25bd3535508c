"""Decides recorded calls again, by the revisions that were in force."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.convert.replays import recorded_decision, replay_router
from pointsman.control.router_records import RouterRecords
from pointsman.control.routing.revisions import SeenRevision
from pointsman.control.routing.router_access import find_router
from pointsman.domain.access import Rule, can_change
from pointsman.domain.keys import Principal
from pointsman.domain.pages import decode_token, encode_token
from pointsman.domain.ports.core import Redeciding
from pointsman.domain.records.prediction_ids import router_id_of
from pointsman.domain.records.predictions import Prediction
from pointsman.domain.routers import Router
from pointsman.errors import InvalidArgumentError
from pointsman.lake.reader import LakeReader
from pointsman.lake.replaying import ReplayedPart
from pointsman.store.database import Database
from pointsman.store.routing import router_revisions
from pointsman.v1 import prediction_pb2, record_pb2

MAX_EXAMPLES = 100


@dataclass(frozen=True)
class Explanation:
    """How a prediction was decided.

    Attributes:
        revision: What the router was then; None when it is not kept.
        redecision: The decision made again from it.
    """

    prediction: Prediction
    revision: SeenRevision | None
    redecision: prediction_pb2.Redecision


@dataclass(frozen=True)
class ReplayedPage:
    """A part of a window, decided again, and the token of the next; empty on the last."""

    part: ReplayedPart
    next_page_token: str


class Replays:
    """Makes decisions again, one or those of a window.

    Args:
        database: Where revisions are.
        core: Who decides.
        records: Who finds single predictions.
        reader: Who reads those of a window.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        core: Redeciding,
        records: RouterRecords,
        reader: LakeReader,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._core = core
        self._records = records
        self._reader = reader
        self._clock = clock

    def explain(self, caller: Principal, router_id: str, prediction_id: str) -> Explanation:
        """Answers how a recorded prediction was decided, and whether that comes out again.

        Args:
            caller: Who asks; decides whether the router is seen.
            router_id: The router; empty for the one that the prediction's id names.
            prediction_id: The id that its call was answered with.

        Raises:
            InvalidArgumentError: No prediction is named, or its id names no router and none is given.
            NotFoundError: There is no such router or prediction, or the caller may not know of it.
        """
        if prediction_id and not router_id:
            router_id = router_id_of(prediction_id)
            if not router_id:
                raise InvalidArgumentError.at(
                    "prediction_id", "names no router, so it is none of this server's; send it as it is"
                )
        prediction = self._records.get_prediction(caller, router_id, prediction_id, 0)
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
            kept = router_revisions.find_at(connection, router.row_key, prediction.router_generation)
            newest = router_revisions.newest(connection, router.row_key)
        query = record_pb2.RedecisionQuery(decision=recorded_decision(prediction))
        if kept is not None:
            query.router.CopyFrom(replay_router(kept))
        answer = self._core.redecide(query.SerializeToString())
        return Explanation(
            prediction,
            None if kept is None else SeenRevision(kept, newest, can_change(caller, router)),
            prediction_pb2.Redecision.FromString(answer),
        )

    def replay(
        self,
        caller: Principal,
        router_id: str,
        *,
        start_time_us: int | None,
        end_time_us: int | None,
        max_examples: int,
        page_token: str,
    ) -> ReplayedPage:
        """Decides the calls of a part of a window again.

        Args:
            caller: Who asks; decides whether the router is seen.
            router_id: The router.
            start_time_us: Where the window begins; None for the first prediction that is kept.
            end_time_us: Where it ends; None means the present.
            max_examples: At most so many decisions that differ are told.
            page_token: Where the part before ended; empty for the first.

        Raises:
            InvalidArgumentError: The window, the number or the token is not valid.
            NotFoundError: There is no such router, or the caller may not know of it.
            UnavailableError: The records cannot be read now.
        """
        if not 0 <= max_examples <= MAX_EXAMPLES:
            raise InvalidArgumentError.at(
                "max_examples", f"{max_examples} is not between 0 and {MAX_EXAMPLES}"
            )
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
        filters = ("replay", router.row_key, start_time_us, end_time_us)
        token = decode_token(page_token, filters, (int, int))
        start_us = start_time_us or 0 if token is None else int(token[0])
        # What comes while parts are asked for is in none of them.
        end_us = (self._clock() if end_time_us is None else end_time_us) if token is None else int(token[1])
        if end_us < start_us:
            raise InvalidArgumentError.at("end_time", "is before start_time; exchange them")
        part = self._reader.replay(
            router,
            start_us,
            end_us,
            lambda generations: self._routers_of(router, generations),
            max_examples=max_examples,
        )
        is_last = part.end_time_us >= end_us
        return ReplayedPage(part, "" if is_last else encode_token((part.end_time_us, end_us), filters))

    def _routers_of(self, router: Router, generations: Collection[int]) -> list[record_pb2.ReplayRouter]:
        """Answers what a router was in some generations, as far as that is kept."""
        with self._database.read() as connection:
            return _kept_routers(connection, router, generations)


def _kept_routers(
    connection: Connection, router: Router, generations: Collection[int]
) -> list[record_pb2.ReplayRouter]:
    found = router_revisions.find_many_at(connection, router.row_key, generations)
    by_number = {kept.revision.number: kept for kept in found.values()}
    return [replay_router(by_number[number]) for number in sorted(by_number)]
