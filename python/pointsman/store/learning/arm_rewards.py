"""Rewards of bandits' arms in SQL: added to by whoever stores feedback, in the same transaction."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.learning import RewardBucket, reward_bucket, width_us
from pointsman.domain.reward_sums import RewardSums, one_reward
from pointsman.domain.strategies.bandit import Bandit
from pointsman.store.feedback.feedback_rows import FeedbackRow
from pointsman.store.learning.reward_renewal import Correction, is_far, renew
from pointsman.store.schema import arm_rewards

_Place = tuple[int, int, str, int, str]
"""Router, epoch, variant, bucket and metric: the order in which rows are locked."""


# More than the bandits of an installation: the loop goes through all each second, and a cache that is smaller
# would be of no use at all.
@lru_cache(maxsize=65_536)
def bandit_of(document: str) -> Bandit:
    """Reads what a bandit learns by, as routers' rows hold it."""
    return Bandit.from_document(json.loads(document))


class RewardChanges:
    """Adds up what a batch of feedback changes of arms' rewards.

    Only what is learnt from counts: the metrics and the epoch of the bandit as it stands, of predictions that
    count, and values that its algorithm takes.

    Args:
        bandits: By the keys of their routers; feedback of other routers changes nothing.
    """

    def __init__(self, bandits: Mapping[int, Bandit]) -> None:
        self._bandits = bandits
        self._changes: dict[_Place, RewardSums] = {}
        # Of each bucket the correction of the farthest value.
        self._far: dict[_Place, Correction] = {}

    @property
    def any(self) -> bool:
        """Whether it changes anything."""
        return bool(self._changes)

    def add(self, row: FeedbackRow) -> None:
        """Counts a new value; that of row 0 stands for its call."""
        self._change(row, None)

    def move(self, row: FeedbackRow, before: float) -> None:
        """Counts a value in place of another."""
        self._change(row, before)

    def store(self, connection: Connection) -> None:
        """Adds it to what is stored, in the order of the keys: who stores at the same time waits in order.

        Args:
            connection: The transaction that stores the feedback.
        """
        if self._changes:
            connection.execute(
                _ADD[connection.dialect.name],
                [_values(place, sums) for place, sums in sorted(self._changes.items())],
            )
        for place, correction in sorted(self._far.items()):
            renew(connection, *place[:4], correction)

    def _change(self, row: FeedbackRow, before: float | None) -> None:
        bandit = self._bandits.get(row.router_key)
        if bandit is None or row.epoch != bandit.epoch or row.metric not in bandit.metrics:
            return
        bucket_us = reward_bucket(bandit, row.prediction_time_us)
        place = (row.router_key, row.epoch, row.variant, bucket_us, row.metric)
        sums = self._changes.get(place, RewardSums(0.0, row.value, 0.0, 0.0))
        changed = sums
        if before is None and row.row == 0:
            # Also of a value that is not learnt from: one that corrects it raises nothing.
            changed = dataclasses.replace(changed, calls=changed.calls + 1.0)
        if bandit.takes(row.value):
            changed = changed.plus(one_reward(row.value, sums.origin))
        if before is not None and bandit.takes(before):
            changed = changed.plus(one_reward(before, sums.origin).scaled(-1.0))
            if is_far(row.value, before):
                self._note_far(bandit, place, row, abs(row.value - before))
        if changed != sums:
            self._changes[place] = changed

    def _note_far(self, bandit: Bandit, place: _Place, row: FeedbackRow, distance: float) -> None:
        farthest = self._far.get(place)
        if farthest is None or distance > farthest.distance:
            width = width_us(bandit)
            until_us = place[3] + width if width else None
            self._far[place] = Correction(row.metric, row.value, distance, until_us)


def rewards_of(connection: Connection, router_key: int, epoch: int) -> list[RewardBucket]:
    """Answers the rewards of a router's arms in an epoch.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        epoch: The epoch.
    """
    return _buckets(connection, _OF.where(_COLUMNS.router_key == router_key, _COLUMNS.epoch == epoch))


def add_empty(
    connection: Connection, router_key: int, epoch: int, like: Iterable[RewardBucket], bucket_time_us: int
) -> None:
    """Adds a row without rewards for each arm and metric, in order; of those that are there nothing changes.

    Args:
        connection: A writing transaction.
        router_key: The store's key of the router.
        epoch: The epoch.
        like: Rewards that will be put into it: it is about a number near them.
        bucket_time_us: The bucket.
    """
    origins: dict[tuple[str, str], float] = {}
    for bucket in like:
        place = (bucket.variant, bucket.metric)
        if place not in origins or bucket.sums.count > 0:
            origins[place] = bucket.sums.origin
    empty = [
        _values((router_key, epoch, variant, bucket_time_us, metric), RewardSums(0.0, origin, 0.0, 0.0))
        for (variant, metric), origin in sorted(origins.items())
    ]
    if empty:
        connection.execute(_ADD_ABSENT[connection.dialect.name], empty)


def take_before(
    connection: Connection, router_key: int, epoch: int, before_us: int, *, locked: bool = True
) -> list[RewardBucket]:
    """Answers the rewards of buckets before a time.

    Args:
        connection: A transaction; a writing one where they are locked.
        router_key: The store's key of the router.
        epoch: The epoch.
        before_us: The time, in UTC microseconds.
        locked: Whether they are locked until the transaction ends.
    """
    statement = _OF.where(
        _COLUMNS.router_key == router_key, _COLUMNS.epoch == epoch, _COLUMNS.bucket_time_us < before_us
    )
    return _buckets(connection, statement.with_for_update() if locked else statement)


def replace(
    connection: Connection,
    router_key: int,
    epoch: int,
    taken: list[RewardBucket],
    put: list[RewardBucket],
) -> None:
    """Puts buckets in the place of others.

    Args:
        connection: The transaction that took them.
        router_key: The store's key of the router.
        epoch: The epoch.
        taken: What goes.
        put: What comes; it is added to what is there.
    """
    for bucket in taken:
        connection.execute(
            delete(arm_rewards).where(
                _COLUMNS.router_key == router_key,
                _COLUMNS.epoch == epoch,
                _COLUMNS.variant == bucket.variant,
                _COLUMNS.bucket_time_us == bucket.bucket_time_us,
                _COLUMNS.metric == bucket.metric,
            )
        )
    for bucket in put:
        place = (router_key, epoch, bucket.variant, bucket.bucket_time_us, bucket.metric)
        connection.execute(_ADD[connection.dialect.name], _values(place, bucket.sums))


def has_former_epochs(connection: Connection, router_key: int, epoch: int) -> bool:
    """Answers whether anything of what was learnt in former epochs of a router is there.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        epoch: The epoch that it is in.
    """
    statement = select(_COLUMNS.epoch).where(_COLUMNS.router_key == router_key, _COLUMNS.epoch < epoch)
    return connection.execute(statement.limit(1)).first() is not None


def remove_other_epochs(connection: Connection, router_key: int, epoch: int) -> int:
    """Deletes what was learnt in former epochs of a router; answers how many rows.

    Args:
        connection: A writing transaction.
        router_key: The store's key of the router.
        epoch: The epoch that it is in.
    """
    statement = delete(arm_rewards).where(_COLUMNS.router_key == router_key, _COLUMNS.epoch < epoch)
    return connection.execute(statement).rowcount


def reward_marks(connection: Connection, router_keys: list[int]) -> dict[int, tuple[int, int]]:
    """Answers what is another number after any change of routers' rewards, by their keys.

    Args:
        connection: A transaction.
        router_keys: The store's keys of the routers, at most as many as a statement takes.
    """
    statement = (
        select(_COLUMNS.router_key, func.count(), func.sum(_COLUMNS.revision))
        .where(_COLUMNS.router_key.in_(router_keys))
        .group_by(_COLUMNS.router_key)
    )
    return {key: (int(count), int(total)) for key, count, total in connection.execute(statement)}


_COLUMNS = arm_rewards.c
_OF = select(
    _COLUMNS.variant,
    _COLUMNS.bucket_time_us,
    _COLUMNS["count"],
    _COLUMNS.origin,
    _COLUMNS["sum"],
    _COLUMNS.sum_of_squares,
    _COLUMNS.calls,
    _COLUMNS.metric,
).order_by(_COLUMNS.variant, _COLUMNS.bucket_time_us, _COLUMNS.metric)


def _buckets(connection: Connection, statement: Any) -> list[RewardBucket]:
    return [
        RewardBucket(variant, bucket_time_us, RewardSums(*sums), metric)
        for variant, bucket_time_us, *sums, metric in connection.execute(statement)
    ]


def _values(place: _Place, sums: RewardSums) -> dict[str, Any]:
    router_key, epoch, variant, bucket_time_us, metric = place
    return {
        "router_key": router_key,
        "epoch": epoch,
        "variant": variant,
        "bucket_time_us": bucket_time_us,
        "metric": metric,
        "origin": sums.origin,
        "count": sums.count,
        "sum": sums.total,
        "sum_of_squares": sums.total_squares,
        "calls": sums.calls,
        "revision": 1,
    }


def _add(dialect: Any) -> Any:
    """Adds to a row what is about another origin: the shift is worked out by the database, in one step."""
    statement = dialect.insert(arm_rewards)
    given = statement.excluded
    shift = given.origin - _COLUMNS.origin
    return statement.on_conflict_do_update(
        index_elements=[
            _COLUMNS.router_key,
            _COLUMNS.epoch,
            _COLUMNS.variant,
            _COLUMNS.bucket_time_us,
            _COLUMNS.metric,
        ],
        set_={
            "count": _COLUMNS["count"] + given["count"],
            "sum": _COLUMNS["sum"] + given["sum"] + given["count"] * shift,
            "sum_of_squares": _COLUMNS.sum_of_squares
            + given.sum_of_squares
            + shift * (2.0 * given["sum"] + given["count"] * shift),
            "calls": _COLUMNS.calls + given.calls,
            "revision": _COLUMNS.revision + 1,
        },
    )


_ADD_ABSENT = {
    "sqlite": sqlite.insert(arm_rewards).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(arm_rewards).on_conflict_do_nothing(),
}
# Made once: every batch of a bandit's feedback runs them.
_ADD = {"sqlite": _add(sqlite), "postgresql": _add(postgresql)}
