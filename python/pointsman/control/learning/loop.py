"""Learning: brings this replica's calls into SQL, and what all servers know of arms to this replica."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.following import Follower
from pointsman.control.learning.messages import totals_of
from pointsman.control.learning.own_pulls import PullCounts, Served
from pointsman.control.learning.reading import Mark, read_arms, read_marks
from pointsman.domain.learning import changes_with_time
from pointsman.domain.ports.replica import Learning
from pointsman.domain.strategies.bandit import Bandit
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.learning import arm_pulls
from pointsman.store.learning.arm_pulls import OwnPulls
from pointsman.store.learning.arm_rewards import bandit_of
from pointsman.store.routing import routers
from pointsman.v1 import learning_pb2

LEAST_SECONDS = 0.25
"""Between two looks, however much is applied: a new table costs the replica some of a millisecond."""
LOOK_SECONDS = 1.0
"""So often other servers' rewards are looked for, and own calls are stored."""
TIME_SECONDS = 2.0
"""So often what changes with time alone is given anew."""
AGAIN_SECONDS = 10.0
"""So often all else is, for a replica that forgot it."""
BEGIN_SECONDS = 3.0
"""So long a start waits at most to be told what is known of bandits: some thousand of them."""
_REPLICA_BYTES = 16


@dataclass(frozen=True)
class _Given:
    """What a replica was given of a router.

    Attributes:
        policy: What the router learns by, with its epoch.
        mark: What the store said of it.
        until: When it is to be given again, in seconds of the clock that only goes on.
    """

    policy: Bandit
    mark: Mark
    until: float


class LearningLoop:
    """Follows the bandits that a replica decides by.

    Calls are stored absolute, under a name that this start alone has; rewards are stored by whoever applies
    feedback. What is known of both is read back for all servers, and given to the replica with the number of
    its own calls that are among it. While the database is away, the replica decides by what it has.

    Args:
        database: Where rewards and calls are added up.
        replica: Who decides.
        clock: Answers the time in UTC microseconds, for databases that have no clock.
        elapsed: Answers the seconds of a clock that only goes on.
    """

    def __init__(
        self,
        database: Database,
        replica: Learning,
        clock: Callable[[], int],
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._replica = replica
        self._clock = clock
        self._elapsed = elapsed
        # Held while calls are stored, by the thread or by a read that wants those of now.
        self._lock = threading.Lock()
        self._counts = PullCounts(secrets.token_hex(_REPLICA_BYTES))
        self._given: dict[int, _Given] = {}
        self._last = -LOOK_SECONDS
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._follower = Follower(
            "learning",
            self._step,
            waiting="bandits learn nothing new, and decide by what they have",
            going_on="bandits learn again",
            left="the last calls of bandits' arms are not counted",
        )

    def begin(self) -> None:
        """Tells the replica what is known of all bandits, before their routers are published there.

        Thus no call of a server that starts is decided as if nothing were known. Bandits of which nothing is
        stored begin with even shares. No start waits longer than a moment for it: of what is left by then, a
        replica goes on from what it kept, until the first look.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        totals = learning_pb2.BanditTotals()
        with self._database.read() as connection:
            now_us = servers.clock_us(connection, self._clock())
            until = self._elapsed() + BEGIN_SECONDS
            for bandit in routers.find_bandits(connection):
                if self._elapsed() >= until:
                    break
                policy = bandit_of(bandit.policy)
                known = read_arms(connection, bandit.row_key, policy, now_us)
                totals.routers.append(
                    totals_of(bandit.router_id, bandit.incarnation, policy.epoch, sorted(known), known, {})
                )
        if totals.routers:
            self._replica.set_bandit_totals(totals.SerializeToString())

    def start(self) -> None:
        """Begins in the background."""
        self._follower.start()

    def stop(self, grace_seconds: float) -> None:
        """Stores the calls that there are, as far as the grace allows, and ends without another look."""
        self._ending.set()
        self._woken.set()
        self._follower.stop(grace_seconds)

    def wake(self) -> None:
        """Has what was just applied learnt soon; from any thread."""
        self._woken.set()

    def learn_now(self, router_id: str | None = None) -> None:
        """Brings calls and rewards up to date, now.

        Args:
            router_id: Of this bandit alone; None for all.

        Raises:
            DatabaseUnavailableError: The database does not answer; the replica decides by what it has.
        """
        with self._lock:
            self._learn(None if router_id is None else [router_id])

    def _step(self, timeout_seconds: float) -> bool:
        if timeout_seconds and not self._wait(timeout_seconds):
            return False
        self._woken.clear()
        self._last = self._elapsed()
        self.learn_now()
        return False

    def _wait(self, timeout_seconds: float) -> bool:
        """Waits until a look is due; answers whether one is: none at the end, for :meth:`stop` looks last."""
        is_woken = self._ending.is_set() or self._woken.wait(timeout_seconds)
        since = self._elapsed() - self._last
        if not is_woken and since < LOOK_SECONDS:
            return False
        if since < LEAST_SECONDS:
            self._ending.wait(LEAST_SECONDS - since)
        return not self._ending.is_set()

    def _learn(self, router_ids: Sequence[str] | None) -> None:
        """Learns of all, or of those named: of the others nothing is looked at or forgotten."""
        states = learning_pb2.BanditStates.FromString(self._replica.bandit_states(router_ids)).routers
        if not states:
            if router_ids is None:
                self._given.clear()
            return
        with self._database.read() as connection:
            served = _served(connection, states)
            now_us = servers.clock_us(connection, self._clock())
        if router_ids is None:
            self._counts.forget_others(served)
        self._counts.store(served, now_us, self._write)
        with self._database.read() as connection:
            totals, given = self._changed(connection, served, now_us)
        if totals.routers:
            self._replica.set_bandit_totals(totals.SerializeToString())
        self._given |= given
        if router_ids is None:
            kept = {bandit.router_key for bandit in served}
            self._given = {key: one for key, one in self._given.items() if key in kept}

    def _write(self, rows: Sequence[OwnPulls]) -> None:
        with self._database.write() as connection:
            arm_pulls.store(connection, rows)

    def _changed(
        self, connection: Connection, served: Sequence[Served], now_us: int
    ) -> tuple[learning_pb2.BanditTotals, dict[int, _Given]]:
        """Answers what is known of the routers of which something else is known than was given."""
        marks = read_marks(connection, [bandit.router_key for bandit in served])
        now = self._elapsed()
        totals = learning_pb2.BanditTotals()
        given: dict[int, _Given] = {}
        for bandit in served:
            key, policy = bandit.router_key, bandit.policy
            lasting = TIME_SECONDS if changes_with_time(policy) else AGAIN_SECONDS
            wanted = _Given(policy, marks[key], now + lasting)
            before = self._given.get(key)
            if before is not None and now < before.until and _is_same(before, wanted):
                continue
            known = read_arms(connection, key, policy, now_us)
            variants = [arm.variant for arm in bandit.state.arms]
            state = bandit.state
            totals.routers.append(
                totals_of(
                    state.router_id,
                    state.router_incarnation,
                    policy.epoch,
                    variants,
                    known,
                    self._counts.of(key, policy.epoch),
                )
            )
            given[key] = wanted
        return totals, given


def _is_same(before: _Given, wanted: _Given) -> bool:
    # Policies are told apart without their epochs elsewhere.
    return (before.policy.epoch, before.policy, before.mark) == (
        wanted.policy.epoch,
        wanted.policy,
        wanted.mark,
    )


def _served(connection: Connection, states: Sequence[learning_pb2.BanditState]) -> list[Served]:
    """Answers the bandits that the replica and the database agree on; others are about to be published."""
    keys = routers.find_keys(connection, sorted({state.router_id for state in states}))
    served = []
    for state in states:
        found = keys.get(state.router_id)
        if found is None or found.bandit is None or found.incarnation != state.router_incarnation:
            continue
        policy = bandit_of(found.bandit)
        if policy.epoch == state.epoch:
            served.append(Served(found.row_key, policy, state))
    return served
