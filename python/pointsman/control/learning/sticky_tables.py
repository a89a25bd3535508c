"""Has the slots of sticky bandits follow what was learnt: slowly, and with the fewest entities moved.

One server does it for all, and each new table is a change of the routing state like any other: a generation
that records name, a revision, and the same table at all servers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from pointsman.control.convert.routers import router_to
from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.lanes import Lanes
from pointsman.control.learning.messages import totals_of
from pointsman.control.learning.reading import read_arms
from pointsman.control.publishing.changes import Changes
from pointsman.control.routing.revision_log import SERVER, note
from pointsman.control.routing.slot_tables import count_moves, next_table
from pointsman.domain.ports.core import RoutingCore
from pointsman.domain.revisions import MAX_COMMENT_CHARS, RevisionKind
from pointsman.domain.routers import SLOT_COUNT, Router, RouterStatus, effective_shares
from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.sticky_bandit import (
    due_us,
    expected_pulls,
    followed,
    is_sticky,
    learnt_shares,
)
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.errors import InvalidRequestError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.learning.arm_rewards import bandit_of
from pointsman.store.routing import routers
from pointsman.v1 import learning_pb2

_log = structlog.get_logger(__name__)

_EVERY_SECONDS = 5.0
"""The shortest pace is twice that."""
_PAUSE_US = int(_EVERY_SECONDS * MICROSECONDS_PER_SECOND)
_AT_ONCE = 20
"""Routers in a run, so that changes that users ask for come in between."""


_Place = tuple[int, int, int]
"""A router and its epoch, and how long its slots stay: whoever sets another time waits for no former one."""


class _Due(NamedTuple):
    """A router whose slots may follow by now."""

    place: _Place
    router_id: str


class _ChangedMeanwhileError(Exception):
    """The router is not as it was when its slots were computed; the change is undone."""


def _place(router_key: int, policy: Bandit) -> _Place:
    return router_key, policy.epoch, policy.slots_stay_us


@dataclass(frozen=True)
class _Wanted:
    """Slots that a router shall have.

    Attributes:
        policy: What it learns by.
        shares: The share of slots by variant.
        pulls: The calls of all arms in the epoch by now.
        now_us: The time by which that was known, in UTC microseconds.
    """

    router: Router
    policy: Bandit
    shares: Mapping[str, float]
    pulls: int
    now_us: int


class StickyTables:
    """The job that one server does for all.

    Args:
        database: Where it is known what was learnt.
        changes: How routers are changed.
        core: Who computes shares and slot tables.
        lanes: The threads for it.
        clock: Answers the time in UTC microseconds, for databases that have no clock.
    """

    def __init__(
        self,
        database: Database,
        changes: Changes,
        core: RoutingCore,
        lanes: Lanes,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._changes = changes
        self._core = core
        self._lanes = lanes
        self._clock = clock
        # Routers and epochs that were looked at when they were due: until when they are left alone.
        self._rests: dict[_Place, int] = {}

    def job(self) -> Job:
        """Answers the job."""
        return Job(
            "sticky-bandits",
            _EVERY_SECONDS,
            Scope.INSTALLATION,
            self.follow,
            self._lanes.write,
            needed=lambda connection: bool(self._due(connection)),
        )

    def follow(self, context: JobContext) -> bool:
        """Goes through some sticky bandits that are due, each in a change of its own."""
        with self._database.read() as connection:
            due = self._due(connection)
            now_us = servers.clock_us(connection, self._clock())
        for one in due[:_AT_ONCE]:
            if context.is_over():
                return True
            # One that cannot be moved now, as while it is being deployed, is not asked for in between.
            self._rests[one.place] = now_us + _PAUSE_US
            wanted = self._wanted(one.router_id)
            if wanted is not None:
                self._move(context, wanted)
        return len(due) > _AT_ONCE

    def _due(self, connection: Connection) -> list[_Due]:
        """Answers the routers whose slots may follow by now."""
        now_us = servers.clock_us(connection, self._clock())
        sticky = [
            (key, router_id, bandit_of(text)) for key, router_id, text in routers.find_sticky(connection)
        ]
        known = {_place(key, policy) for key, _, policy in sticky}
        self._rests = {place: until for place, until in self._rests.items() if place in known}
        return [
            _Due(_place(key, policy), router_id)
            for key, router_id, policy in sticky
            if max(due_us(policy), self._rests.get(_place(key, policy), 0)) <= now_us
        ]

    def _wanted(self, router_id: str) -> _Wanted | None:
        """Answers the slots that a router shall have; None where they are as they shall be, or stay."""
        with self._database.read() as connection:
            router = routers.find(connection, router_id)
            if router is None or router.status is RouterStatus.DEPLOYING:
                return None
            policy = router.policy
            if not is_sticky(policy, sticky=router.sticky):
                return None
            now_us = servers.clock_us(connection, self._clock())
            known = read_arms(connection, router.row_key, policy, now_us)
        pulls = sum(arm.pulls for arm in known.values())
        arms = [variant.name for variant in router.pickable_variants]
        totals = totals_of(router_id, router.incarnation, policy.epoch, arms, known, {})
        totals.expected_pulls = expected_pulls(policy, pulls, now_us)
        shares = self._shares(router, policy, arms, totals)
        if shares is not None and count_moves(self._core, router, shares):
            return _Wanted(router, policy, shares, pulls, now_us)
        self._rests[_place(router.row_key, policy)] = now_us + policy.slots_stay_us
        return None

    def _shares(
        self, router: Router, policy: Bandit, arms: list[str], totals: learning_pb2.RouterTotals
    ) -> dict[str, float] | None:
        message = router_to(router, "").SerializeToString()
        try:
            answer = self._core.assess_bandit(message, totals.SerializeToString())
        except InvalidRequestError as error:
            _log.error(
                "what was learnt of the router's arms cannot be used; its slots stay as they are",
                router=router.router_id,
                reason=str(error),
            )
            return None
        assessed = learning_pb2.BanditAssessment.FromString(answer).arms
        computed = dict(zip(arms, (arm.share for arm in assessed), strict=True))
        names = (variant.name for variant in router.variants)
        return dict(zip(names, learnt_shares(policy, router.variants, computed), strict=True))

    def _move(self, context: JobContext, wanted: _Wanted) -> None:
        try:
            with self._changes.change() as change:
                context.fence(change.connection)
                before = routers.find(change.connection, wanted.router.router_id)
                if before is None or before.etag != wanted.router.etag:
                    raise _ChangedMeanwhileError
                runs, moved = next_table(change, self._core, before, before, wanted.shares)
                policy = followed(wanted.policy, wanted.now_us, wanted.pulls, moved)
                after = change.revised(before, policy=policy, slot_runs=runs)
                routers.save(change.connection, after)
                comment = _told(before, after, moved)
                note(change, after, RevisionKind.REWEIGHTED, SERVER, before=before, comment=comment)
        except _ChangedMeanwhileError:
            # It is looked at again.
            return
        _log.info("slots follow what was learnt", router=wanted.router.router_id, moved_slots=moved)


def _told(before: Router, after: Router, moved: int) -> str:
    """Says who has how much now, for the history."""
    shares = zip(after.variants, effective_shares(before), effective_shares(after), strict=True)
    each = [f"{variant.name} {was:.2%} → {now:.2%}" for variant, was, now in shares if was != now]
    told = f"what was learnt moved {moved} of {SLOT_COUNT} slots: {', '.join(each)}"
    return told if len(told) <= MAX_COMMENT_CHARS else told[: MAX_COMMENT_CHARS - 2] + " …"
