"""What is known of bandits' arms by now, from SQL."""

from sqlalchemy import Connection

from pointsman.domain.learning import KnownArm, known_arms
from pointsman.domain.strategies.bandit import Bandit
from pointsman.store.learning.arm_pulls import pull_marks, pulls_of
from pointsman.store.learning.arm_rewards import reward_marks, rewards_of
from pointsman.store.routing.router_rows import KEYS_PER_QUERY

Mark = tuple[tuple[int, int], tuple[int, int]]
_NONE = (0, 0)


def read_arms(connection: Connection, router_key: int, policy: Bandit, now_us: int) -> dict[str, KnownArm]:
    """Answers what is known of a bandit's arms, by variant.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        policy: What it learns by.
        now_us: The time, in UTC microseconds.
    """
    return known_arms(
        policy,
        rewards_of(connection, router_key, policy.epoch),
        pulls_of(connection, router_key, policy.epoch),
        now_us,
    )


def read_marks(connection: Connection, router_keys: list[int]) -> dict[int, Mark]:
    """Answers what is another value after any change of what routers' arms are known by.

    Args:
        connection: A transaction.
        router_keys: The store's keys of the routers.
    """
    found: dict[int, Mark] = {}
    for start in range(0, len(router_keys), KEYS_PER_QUERY):
        chunk = router_keys[start : start + KEYS_PER_QUERY]
        rewards, pulls = reward_marks(connection, chunk), pull_marks(connection, chunk)
        found |= {key: (rewards.get(key, _NONE), pulls.get(key, _NONE)) for key in chunk}
    return found
