"""Reads about routers at work: recorded predictions and live figures."""

from pointsman.control.convert.metrics import counters_from
from pointsman.control.recorder import Recorder
from pointsman.control.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.counters import Counters, VariantFigures, figures
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.keys import Principal
from pointsman.domain.pages import Page
from pointsman.domain.predictions import Prediction
from pointsman.domain.routers import Router
from pointsman.domain.violations import Violations, shown
from pointsman.errors import InvalidArgumentError, NotFoundError
from pointsman.store import feedback, predictions
from pointsman.store.database import Database
from pointsman.store.predictions import PredictionFilter
from pointsman.v1 import snapshot_pb2

_MAX_ENTITY_CHARS = 4096


class RouterWatch:
    """Answers what routers did.

    Args:
        database: Where predictions and feedback are kept.
        data_plane: Who counts.
        recorder: Who brings the newest predictions into the database.
    """

    def __init__(self, database: Database, data_plane: DataPlane, recorder: Recorder) -> None:
        self._database = database
        self._data_plane = data_plane
        self._recorder = recorder

    def metrics(
        self, caller: Principal, router_id: str
    ) -> tuple[Router, Counters, list[VariantFigures], VariantFigures]:
        """Answers a router's figures, those of each variant and those of all together.

        Raises:
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
            totals = feedback.totals_of(connection, router.row_key)
        message = snapshot_pb2.RouterCounters.FromString(self._data_plane.router_counters(router_id))
        counters = counters_from(message)
        each, total = figures(router.variants, counters, totals)
        return router, counters, each, total

    def list_predictions(
        self, caller: Principal, router_id: str, wanted: PredictionFilter, *, page_size: int, page_token: str
    ) -> Page[Prediction]:
        """Lists recorded predictions of a router, newest first, up to the last call that was answered.

        Raises:
            InvalidArgumentError: A filter or the token is not valid.
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        found = Violations()
        if wanted.variant:
            found.check_id("variant", wanted.variant)
        found.check_text("entity_id", wanted.entity_id, _MAX_ENTITY_CHARS)
        found.raise_if_any()
        if (
            wanted.start_time_us is not None
            and wanted.end_time_us is not None
            and wanted.end_time_us < wanted.start_time_us
        ):
            raise InvalidArgumentError.at("end_time", "is before start_time; exchange them")
        # Access first: nobody makes the server work for a router that they may not read.
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
        if not page_token:
            self._recorder.flush()
        with self._database.read() as connection:
            return predictions.list_page(
                connection, router.row_key, router_id, wanted, page_size=page_size, page_token=page_token
            )

    def get_prediction(self, caller: Principal, router_id: str, prediction_id: str) -> Prediction:
        """Answers one recorded prediction with its feedback.

        Raises:
            InvalidArgumentError: No prediction is named.
            NotFoundError: There is no such router or prediction, or the caller may not know of it.
        """
        if not prediction_id:
            raise InvalidArgumentError.at("prediction_id", "is empty; send the prediction_id of the answer")
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
        self._recorder.flush()
        with self._database.read() as connection:
            prediction = None
            if "\x00" not in prediction_id:
                prediction = predictions.find(connection, router.row_key, router_id, prediction_id)
        if prediction is None:
            raise NotFoundError(
                f"prediction {shown(prediction_id)} of router {router_id!r} is not recorded; it may be older "
                "than what is kept, or the router does not record predictions",
                reason="PREDICTION_NOT_FOUND",
                metadata={"router_id": router_id},
            )
        return prediction
