"""How a router would decide a call, and why; nothing is changed or recorded."""

from pointsman.control.publishing.snapshot import router_snapshot
from pointsman.control.routing.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.keys import Principal
from pointsman.domain.ports.core import RoutingCore
from pointsman.domain.ports.replica import Learning
from pointsman.domain.violations import Violations
from pointsman.store.database import Database
from pointsman.v1 import learning_pb2, router_pb2, snapshot_pb2


class Explanations:
    """Explains decisions of routers as they are stored, whether they run or not.

    Args:
        database: Where routers are.
        core: Who decides, as a server would.
        learning: Who has the shares that bandits decide by at this moment.
    """

    def __init__(self, database: Database, core: RoutingCore, learning: Learning) -> None:
        self._database = database
        self._core = core
        self._learning = learning

    def explain(
        self, caller: Principal, call: router_pb2.ExplainRoutingRequest
    ) -> router_pb2.ExplainRoutingResponse:
        """Says how a router would decide a call.

        Raises:
            InvalidArgumentError: No call could name an entity so.
            NotFoundError: There is no such router, or the caller may not know of it.
        """
        found = Violations()
        found.check_entity("entity_id", call.entity_id)
        found.raise_if_any()
        with self._database.read() as connection:
            router = find_router(connection, caller, call.router_id, Rule.READ_ROUTER)
        snapshot = router_snapshot(router)
        case = snapshot_pb2.RoutingCase(router=snapshot, call=call, bandit=self._shares_of(snapshot))
        answer = self._core.explain_routing(case.SerializeToString())
        return router_pb2.ExplainRoutingResponse.FromString(answer)

    def _shares_of(self, router: snapshot_pb2.RouterSnapshot) -> learning_pb2.BanditState | None:
        """Answers what a bandit decides by; None for other routers, and before anything is learnt."""
        if router.strategy != router_pb2.STRATEGY_BANDIT:
            return None
        states = learning_pb2.BanditStates.FromString(self._learning.bandit_states([router.router_id]))
        wanted = (router.router_id, router.incarnation, router.settings.bandit.epoch)
        for state in states.routers:
            if (state.router_id, state.router_incarnation, state.epoch) == wanted:
                return state
        return None
