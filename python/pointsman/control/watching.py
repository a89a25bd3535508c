"""Reads about routers at work: recorded predictions and live figures."""

from pointsman.control.applier import Applier
from pointsman.control.convert.metrics import counters_from
from pointsman.control.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.counters import Counters, VariantFigures, figures
from pointsman.domain.data_plane import DataPlane
from pointsman.domain.keys import Principal
from pointsman.domain.routers import Router
from pointsman.store import feedback
from pointsman.store.database import Database
from pointsman.v1 import snapshot_pb2


class RouterWatch:
    """Answers what routers did.

    Args:
        database: Where predictions and feedback are kept.
        data_plane: Who counts.
        applier: Who brings acknowledged feedback into the database.
    """

    def __init__(self, database: Database, data_plane: DataPlane, applier: Applier) -> None:
        self._database = database
        self._data_plane = data_plane
        self._applier = applier

    def metrics(
        self, caller: Principal, router_id: str
    ) -> tuple[Router, Counters, list[VariantFigures], VariantFigures]:
        """Answers a router's figures, those of each variant and those of all together.

        Raises:
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        # Access first: nobody makes the server work for a router that they may not read.
        with self._database.read() as connection:
            find_router(connection, caller, router_id, Rule.READ_ROUTER)
        self._applier.apply_now()
        with self._database.read() as connection:
            router = find_router(connection, caller, router_id, Rule.READ_ROUTER)
            totals = feedback.totals_of(connection, router.row_key)
        message = snapshot_pb2.RouterCounters.FromString(self._data_plane.router_counters(router_id))
        counters = counters_from(message)
        each, total = figures(router.variants, counters, totals)
        return router, counters, each, total
