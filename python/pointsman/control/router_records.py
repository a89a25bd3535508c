"""Reads about routers at work: recorded predictions, live figures and figures of a window."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Protocol

from sqlalchemy import Connection

from pointsman.control.convert.metrics import counters_from
from pointsman.control.journals.applier import Applier
from pointsman.control.learning.assessing import BanditWatch
from pointsman.control.routing.revisions import Revisions
from pointsman.control.routing.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.keys import Principal
from pointsman.domain.measures.counters import Counters, figures
from pointsman.domain.measures.figures import RouterFigures, with_bandit
from pointsman.domain.measures.windows import Window, window_figures, window_of
from pointsman.domain.ports.journal import JournalName
from pointsman.domain.ports.replica import Counting
from pointsman.domain.recording import hashed_entity
from pointsman.domain.records.predictions import Prediction, PredictionFilter, PredictionPage
from pointsman.domain.records.servers import elsewhere, unreached_metadata, unreached_of
from pointsman.domain.routers import Router
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.domain.violations import Violations, shown
from pointsman.errors import InvalidArgumentError, NotFoundError
from pointsman.lake.reader import LakeReader
from pointsman.store import installation, servers
from pointsman.store.database import Database
from pointsman.store.feedback.feedback_reading import window_feedback
from pointsman.v1 import snapshot_pb2

_MAX_STATUS_CODE = 16


class OwnCounts(Counting, JournalName, Protocol):
    """Counts the calls of one server, and says which it is."""


class RouterRecords:
    """Answers what routers did.

    Args:
        database: Where feedback and the lake's manifest are.
        replica: Who counts the calls that this server answers.
        applier: Who brings acknowledged feedback into the database.
        reader: Who reads recorded predictions.
        revisions: Who knows what decided them.
        bandits: Who knows what was learnt.
        clock: Answers the time in UTC microseconds.
        feedback_horizon_days: For so long after a prediction its feedback is kept value by value.
    """

    def __init__(
        self,
        database: Database,
        replica: OwnCounts,
        applier: Applier,
        reader: LakeReader,
        revisions: Revisions,
        bandits: BanditWatch,
        clock: Callable[[], int],
        feedback_horizon_days: int,
    ) -> None:
        self._horizon_us = feedback_horizon_days * MICROSECONDS_PER_DAY
        self._database = database
        self._replica = replica
        self._applier = applier
        self._reader = reader
        self._revisions = revisions
        self._bandits = bandits
        self._clock = clock

    def metrics(self, caller: Principal, router_id: str) -> tuple[Router, Counters, RouterFigures]:
        """Answers a router's figures of all that is recorded, or live ones where it records nothing.

        Raises:
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        router = self._find(caller, router_id)
        if not router.record_predictions:
            return self._live_figures(router)
        return self._window_figures(router, window_of(None, None, 0, self._clock()))

    def live_metrics(self, caller: Principal, router_id: str) -> tuple[Router, Counters, RouterFigures]:
        """Answers what this server counted of a router since it started, with the feedback for these calls.

        Raises:
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        return self._live_figures(self._find(caller, router_id))

    def window_metrics(
        self,
        caller: Principal,
        router_id: str,
        *,
        start_time_us: int | None,
        end_time_us: int | None,
        step_us: int,
    ) -> tuple[Router, Counters, RouterFigures]:
        """Answers a router's figures of a window, from what is recorded.

        Args:
            caller: Who asks.
            router_id: The router.
            start_time_us: Where the window begins; None for the first prediction that is kept, at most
                the feedback horizon ago unless the window ends before that. Calls from before the horizon
                are counted without feedback, and the answer says so.
            end_time_us: Where it ends; None means the present.
            step_us: The length of a step of the series; 0 for no series.

        Raises:
            InvalidArgumentError: The window is not valid.
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        router = self._find(caller, router_id)
        return self._window_figures(router, window_of(start_time_us, end_time_us, step_us, self._clock()))

    def list_predictions(
        self,
        caller: Principal,
        router_id: str,
        wanted: PredictionFilter,
        *,
        page_size: int,
        page_token: str,
    ) -> PredictionPage:
        """Lists recorded predictions of a router, up to the last call that this server answered.

        Args:
            caller: Who asks; decides whether the router is seen.
            router_id: The router.
            wanted: Which of them, and in which order; the entity as clients name it.
            page_size: At most so many; a page may be shorter and still have one after it.
            page_token: Where the page before ended; empty for the first page.

        Raises:
            InvalidArgumentError: A filter or the token is not valid.
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        _check(wanted)
        # Access first: nobody makes the server work for a router that they may not read.
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
            entity_ids = _recorded_forms(connection, wanted.entity_id)
        self._prepare()
        page = self._reader.list_page(router, wanted, entity_ids, page_size=page_size, page_token=page_token)
        return replace(page, items=tuple(self._revisions.named(router, page.items)))

    def get_prediction(self, caller: Principal, router_id: str, prediction_id: str, row: int) -> Prediction:
        """Answers one recorded prediction with the feedback for all rows of its call.

        Args:
            caller: Who asks; decides whether the router is seen.
            router_id: The router.
            prediction_id: The id that its call was answered with.
            row: The row of a batch, from 0.

        Raises:
            InvalidArgumentError: No prediction is named, or no row.
            NotFoundError: There is no such router or prediction, or the caller may not know of it.
        """
        if not prediction_id:
            raise InvalidArgumentError.at("prediction_id", "is empty; send the prediction_id of the answer")
        if row < 0:
            raise InvalidArgumentError.at("row", f"{row} is below 0; rows of a batch are counted from 0")
        router = self._find(caller, router_id)
        self._prepare()
        found = self._reader.find(router, prediction_id, row)
        if found.prediction is None:
            which = f"row {row} of prediction" if row else "prediction"
            raise NotFoundError(
                f"{which} {shown(prediction_id)} of router {router_id!r} is not recorded; it may be older "
                f"than what is kept, or the router does not record predictions{elsewhere(found.unreached)}",
                reason="PREDICTION_NOT_FOUND",
                metadata={"router_id": router_id, **unreached_metadata(found.unreached)},
            )
        return self._revisions.named(router, [found.prediction])[0]

    def _prepare(self) -> None:
        """Brings the database up to date, and loads what figures need before somebody waits for it."""
        _load_statistics()
        self._applier.apply_now()

    def _live_figures(self, router: Router) -> tuple[Router, Counters, RouterFigures]:
        self._prepare()
        # Its end comes before the counters are read: no feedback may be counted without its call.
        end_time_us = self._clock()
        counters = self._own_counters(router.router_id)
        window = Window(counters.start_time_us or None, end_time_us)
        with self._database.read() as connection:
            values = window_feedback(connection, router.row_key, window)
            others = servers.others(connection, self._replica.journal_id)
            now_us = servers.clock_us(connection, self._clock())
        running = (server for server in others if server.is_running(now_us))
        # Each server counts its own calls.
        missing = tuple(unreached_of(server, 0, tail_missing=True) for server in running)
        found = replace(figures(router, counters, window, values), unreached=missing)
        return router, counters, with_bandit(found, self._bandits.figures(router))

    def _window_figures(self, router: Router, window: Window) -> tuple[Router, Counters, RouterFigures]:
        self._prepare()
        # Feedback for older calls is deleted: counted without it, they would look as if they had none.
        feedback_from_us = max(0, self._clock() - self._horizon_us)
        is_whole = window.start_time_us is None
        if is_whole:
            is_kept = feedback_from_us < window.end_time_us
            window = replace(window, start_time_us=feedback_from_us if is_kept else 0)
        counts = self._reader.counts(router, window, feedback_from_us)
        if is_whole:
            # Feedback outlives predictions: only that for what is counted belongs to the same window.
            first_us = window.end_time_us if counts.first_time_us is None else counts.first_time_us
            window = replace(window, start_time_us=max(first_us, window.start_time_us or 0))
        with self._database.read() as connection:
            values = window_feedback(connection, router.row_key, window, feedback_from_us)
        found = window_figures(router, window, counts, values, feedback_from_us=feedback_from_us)
        learnt = with_bandit(found, self._bandits.figures(router))
        return router, self._own_counters(router.router_id), learnt

    def _find(self, caller: Principal, router_id: str) -> Router:
        with self._database.read() as connection:
            return find_router(connection, caller, router_id, Rule.READ_ROUTER)

    def _own_counters(self, router_id: str) -> Counters:
        return counters_from(snapshot_pb2.RouterCounters.FromString(self._replica.router_counters(router_id)))


@cache
def _load_statistics() -> None:
    """Begins, the first time, to load the library of statistics, which takes half a second."""
    threading.Thread(target=_import_statistics, name="pointsman-load", daemon=True).start()


def _import_statistics() -> None:
    import scipy.special  # noqa: F401


def _check(wanted: PredictionFilter) -> None:
    found = Violations()
    if wanted.variant:
        found.check_id("variant", wanted.variant)
    found.check_entity("entity_id", wanted.entity_id)
    if wanted.status_code is not None and not 0 <= wanted.status_code <= _MAX_STATUS_CODE:
        found.add(
            "status_code",
            f"{wanted.status_code} is no gRPC status code; they go from 0 (OK) to {_MAX_STATUS_CODE}",
        )
    if wanted.min_latency_ns < 0:
        found.add("min_latency", f"{wanted.min_latency_ns / 1e9:g}s is below 0; leave it out for any")
    found.raise_if_any()
    if (
        wanted.start_time_us is not None
        and wanted.end_time_us is not None
        and wanted.end_time_us < wanted.start_time_us
    ):
        raise InvalidArgumentError.at("end_time", "is before start_time; exchange them")


def _recorded_forms(connection: Connection, entity_id: str) -> list[str]:
    """Answers the forms in which an entity may be recorded; a router may have changed from one to another."""
    if not entity_id:
        return []
    key = installation.entity_key(connection)
    return [entity_id, hashed_entity(key, entity_id)] if key else [entity_id]
