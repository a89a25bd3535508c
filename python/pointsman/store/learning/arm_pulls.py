"""Calls of bandits' arms in SQL: each start of a server says its own, absolute and numbered."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.learning import PullBucket
from pointsman.domain.reward_sums import NO_COSTS, CostSums
from pointsman.store.schema import arm_pulls

TOGETHER = ""
"""What stands for the start of rows that several starts' are put together in."""


class OwnPulls(NamedTuple):
    """Calls that one start of a server counted of an arm in a bucket.

    Attributes:
        pulls: All of them by now.
        sequence: Grows with each; the higher one holds.
        unasked: Those that by now turned out to be none of which the arm was asked, of calls of any bucket.
        costs: What calls cost that ended by now, in the bucket.
    """

    router_key: int
    epoch: int
    variant: str
    replica: str
    bucket_time_us: int
    pulls: int
    sequence: int
    unasked: int = 0
    costs: CostSums = NO_COSTS


def store(connection: Connection, rows: Sequence[OwnPulls]) -> None:
    """Stores calls; what is stored under a higher number stays.

    Args:
        connection: A writing transaction.
        rows: The calls; each bucket of an arm once.
    """
    if rows:
        connection.execute(
            _PUT[connection.dialect.name],
            [_values(row) for row in sorted(rows)],
        )


def _values(row: OwnPulls) -> dict[str, Any]:
    values = row._asdict()
    values |= _cost_values(values.pop("costs"))
    # Of its own bucket nothing has faded.
    values["weighted_unasked_pulls"] = float(values.pop("unasked"))
    return values | {"weighted_pulls": float(row.pulls)}


def pulls_of(connection: Connection, router_key: int, epoch: int) -> list[PullBucket]:
    """Answers the calls of a router's arms in an epoch, over all servers.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        epoch: The epoch.
    """
    statement = (
        select(
            _COLUMNS.variant,
            _COLUMNS.bucket_time_us,
            func.sum(_COLUMNS.pulls),
            func.sum(_COLUMNS.weighted_pulls),
            func.sum(_COLUMNS.weighted_unasked_pulls),
            *(func.sum(column) for column in _COSTS),
        )
        .where(_COLUMNS.router_key == router_key, _COLUMNS.epoch == epoch)
        .group_by(_COLUMNS.variant, _COLUMNS.bucket_time_us)
    )
    return [
        PullBucket(variant, bucket_time_us, int(pulls), weighted, unasked, CostSums(*costs))
        for variant, bucket_time_us, pulls, weighted, unasked, *costs in connection.execute(statement)
    ]


class TakenPulls(NamedTuple):
    """A row that is taken to be put together with others."""

    replica: str
    bucket: PullBucket


def take_before(
    connection: Connection, router_key: int, epoch: int, before_us: int, *, locked: bool = True
) -> list[TakenPulls]:
    """Answers the rows of buckets before a time.

    Args:
        connection: A transaction; a writing one where they are locked.
        router_key: The store's key of the router.
        epoch: The epoch.
        before_us: The time, in UTC microseconds.
        locked: Whether they are locked until the transaction ends.
    """
    statement = (
        select(
            _COLUMNS.replica,
            _COLUMNS.variant,
            _COLUMNS.bucket_time_us,
            _COLUMNS.pulls,
            _COLUMNS.weighted_pulls,
            _COLUMNS.weighted_unasked_pulls,
            *_COSTS,
        )
        .where(
            _COLUMNS.router_key == router_key,
            _COLUMNS.epoch == epoch,
            _COLUMNS.bucket_time_us < before_us,
        )
        .order_by(_COLUMNS.variant, _COLUMNS.replica, _COLUMNS.bucket_time_us)
    )
    statement = statement.with_for_update() if locked else statement
    found = connection.execute(statement)
    return [
        TakenPulls(replica, PullBucket(variant, bucket_time_us, pulls, weighted, unasked, CostSums(*costs)))
        for replica, variant, bucket_time_us, pulls, weighted, unasked, *costs in found
    ]


def replace(
    connection: Connection,
    router_key: int,
    epoch: int,
    taken: Sequence[TakenPulls],
    put: Sequence[PullBucket],
) -> None:
    """Puts buckets that are nobody's in particular in the place of others.

    Args:
        connection: The transaction that took them.
        router_key: The store's key of the router.
        epoch: The epoch.
        taken: What goes.
        put: What comes.
    """
    for replica, bucket in taken:
        connection.execute(
            delete(arm_pulls).where(
                _COLUMNS.router_key == router_key,
                _COLUMNS.epoch == epoch,
                _COLUMNS.variant == bucket.variant,
                _COLUMNS.replica == replica,
                _COLUMNS.bucket_time_us == bucket.bucket_time_us,
            )
        )
    for bucket in put:
        connection.execute(
            _PUT[connection.dialect.name],
            {
                "router_key": router_key,
                "epoch": epoch,
                "variant": bucket.variant,
                "replica": TOGETHER,
                "bucket_time_us": bucket.bucket_time_us,
                "pulls": bucket.pulls,
                "weighted_pulls": bucket.weighted_pulls,
                "weighted_unasked_pulls": bucket.weighted_unasked,
                **_cost_values(bucket.costs),
                "sequence": 1,
            },
        )


def has_former_epochs(connection: Connection, router_key: int, epoch: int) -> bool:
    """Answers whether any of the calls in former epochs of a router is there.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        epoch: The epoch that it is in.
    """
    statement = select(_COLUMNS.epoch).where(_COLUMNS.router_key == router_key, _COLUMNS.epoch < epoch)
    return connection.execute(statement.limit(1)).first() is not None


def remove_other_epochs(connection: Connection, router_key: int, epoch: int) -> int:
    """Deletes the calls of former epochs of a router; answers how many rows.

    Args:
        connection: A writing transaction.
        router_key: The store's key of the router.
        epoch: The epoch that it is in.
    """
    statement = delete(arm_pulls).where(_COLUMNS.router_key == router_key, _COLUMNS.epoch < epoch)
    return connection.execute(statement).rowcount


def pull_marks(connection: Connection, router_keys: list[int]) -> dict[int, tuple[int, int]]:
    """Answers what is another number after any change of routers' calls, by their keys.

    Args:
        connection: A transaction.
        router_keys: The store's keys of the routers, at most as many as a statement takes.
    """
    statement = (
        select(_COLUMNS.router_key, func.count(), func.sum(_COLUMNS.sequence))
        .where(_COLUMNS.router_key.in_(router_keys))
        .group_by(_COLUMNS.router_key)
    )
    return {key: (int(count), int(total)) for key, count, total in connection.execute(statement)}


_COLUMNS = arm_pulls.c
_COSTS = (
    _COLUMNS.weighted_ended_pulls,
    _COLUMNS.weighted_failures,
    _COLUMNS.weighted_seconds,
    _COLUMNS.weighted_squared_seconds,
)
"""In the order of :class:`CostSums`."""


def _cost_values(costs: CostSums) -> dict[str, float]:
    return {column.name: float(cost) for column, cost in zip(_COSTS, costs, strict=True)}


def _put(dialect: Any) -> Any:
    statement = dialect.insert(arm_pulls)
    given = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[
            _COLUMNS.router_key,
            _COLUMNS.epoch,
            _COLUMNS.variant,
            _COLUMNS.replica,
            _COLUMNS.bucket_time_us,
        ],
        set_={
            "pulls": given.pulls,
            "weighted_pulls": given.weighted_pulls,
            "weighted_unasked_pulls": given.weighted_unasked_pulls,
            **{column.name: given[column.name] for column in _COSTS},
            "sequence": given.sequence,
        },
        where=given.sequence > _COLUMNS.sequence,
    )


_PUT = {"sqlite": _put(sqlite), "postgresql": _put(postgresql)}
