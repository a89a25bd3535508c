"""Says what bandits have learnt: what SQL knows, weighed by the core, and the shares of this replica."""

from collections.abc import Callable, Iterable

from pointsman.control.convert.routers import router_to
from pointsman.control.learning.loop import LearningLoop
from pointsman.control.learning.messages import totals_of
from pointsman.control.learning.reading import read_arms
from pointsman.domain.learning import KnownArm
from pointsman.domain.measures.bandits import ArmFigures, BanditFigures
from pointsman.domain.ports.core import BanditMathematics
from pointsman.domain.ports.replica import Learning
from pointsman.domain.routers import Router, effective_shares
from pointsman.domain.strategies.bandit import Bandit
from pointsman.errors import InvalidRequestError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.v1 import learning_pb2

_UNKNOWN = KnownArm()


class BanditWatch:
    """Reads what bandits have learnt.

    Args:
        database: Where it is known from.
        core: Who weighs it.
        replica: Who decides by it.
        loop: Who brings calls and rewards up to date.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        core: BanditMathematics,
        replica: Learning,
        loop: LearningLoop,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._core = core
        self._replica = replica
        self._loop = loop
        self._clock = clock

    def shares(self, routers: Iterable[Router]) -> dict[str, dict[str, float]]:
        """Answers the shares of bandits' variants in force at this server, where no slots say them.

        Args:
            routers: Any routers.

        Returns:
            Shares by router and variant: none of a bandit that this server's replica does not decide by, and
            no entry for routers that are no bandits, or sticky.
        """
        return self._drawn(router for router in routers if not router.sticky)

    def _drawn(self, routers: Iterable[Router]) -> dict[str, dict[str, float]]:
        """Answers the shares by which calls of bandits are drawn, also of sticky ones."""
        bandits = {router.router_id: router for router in routers if isinstance(router.policy, Bandit)}
        if not bandits:
            return {}
        found: dict[str, dict[str, float]] = {router_id: {} for router_id in bandits}
        states = learning_pb2.BanditStates.FromString(self._replica.bandit_states(list(bandits)))
        for state in states.routers:
            router = bandits.get(state.router_id)
            if router is None or not isinstance(router.policy, Bandit):
                continue
            if (state.router_incarnation, state.epoch) == (router.incarnation, router.policy.epoch):
                found[state.router_id] = {arm.variant: arm.share for arm in state.arms}
        return found

    def figures(self, router: Router) -> BanditFigures | None:
        """Answers what a router has learnt by now; None for one that is no bandit.

        Args:
            router: The router.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        policy = router.policy
        if not isinstance(policy, Bandit):
            return None
        self._loop.learn_now(router.router_id)
        with self._database.read() as connection:
            now_us = servers.clock_us(connection, self._clock())
            known = read_arms(connection, router.row_key, policy, now_us)
        arms = {variant.name for variant in router.pickable_variants}
        # Those that are switched off have cost what they have cost.
        told = [one.name for one in router.variants if one.name in arms or one.name in known]
        shares = self._drawn([router])[router.router_id]
        slots = dict(zip(router.slot_table.names, effective_shares(router), strict=True))
        assessed = self._assess(router, policy, told, known)
        figures = []
        for place, name in enumerate(told):
            arm = known.get(name, _UNKNOWN)
            believed = assessed.arms[place] if assessed is not None else None
            figures.append(
                ArmFigures(
                    variant=name,
                    reward_count=arm.rewards.count,
                    pulls=arm.pulls,
                    share=shares.get(name),
                    mean=None if believed is None else believed.mean,
                    mean_low=None if believed is None else believed.lower,
                    mean_high=None if believed is None else believed.upper,
                    best_probability=None if believed is None else believed.best_probability,
                    slot_share=slots[name] if router.sticky else None,
                    terms=arm.terms,
                )
            )
        regret = None if assessed is None else assessed.regret
        return BanditFigures(policy, tuple(figures), regret, policy.slots if router.sticky else None)

    def _assess(
        self, router: Router, policy: Bandit, told: list[str], known: dict[str, KnownArm]
    ) -> learning_pb2.BanditAssessment | None:
        totals = totals_of(router.router_id, router.incarnation, policy.epoch, told, known, {})
        message = router_to(router, "").SerializeToString()
        try:
            answer = self._core.assess_bandit(message, totals.SerializeToString())
        except InvalidRequestError:
            # Totals that the algorithm does not take: what they are can be said all the same.
            return None
        return learning_pb2.BanditAssessment.FromString(answer)
