"""What bandits learn, as messages between the store and the data plane."""

from collections.abc import Iterable, Mapping

from pointsman.domain.learning import KnownArm
from pointsman.domain.reward_sums import RewardSums
from pointsman.v1 import learning_pb2

_UNKNOWN = KnownArm()


def totals_of(
    router_id: str,
    incarnation: int,
    epoch: int,
    variants: Iterable[str],
    known: Mapping[str, KnownArm],
    own_pulls: Mapping[str, int],
) -> learning_pb2.RouterTotals:
    """Makes the message of what is known of a router's arms.

    Args:
        router_id: The router.
        incarnation: Tells it from earlier and later ones of the same id.
        epoch: What the totals are of.
        variants: Which of the variants are said, in order.
        known: What is known, by variant; nothing of the others.
        own_pulls: How many of their calls the replica counted that it is for, by variant.
    """
    return learning_pb2.RouterTotals(
        router_id=router_id,
        router_incarnation=incarnation,
        epoch=epoch,
        arms=[
            _arm_totals(variant, known.get(variant, _UNKNOWN), own_pulls.get(variant, 0))
            for variant in variants
        ],
    )


def _arm_totals(variant: str, arm: KnownArm, own_pulls: int) -> learning_pb2.ArmTotals:
    rewards: RewardSums = arm.rewards
    return learning_pb2.ArmTotals(
        variant=variant,
        pulls=arm.pulls,
        weighted_pulls=arm.weighted_pulls,
        own_pulls=own_pulls,
        count=rewards.count,
        origin=rewards.origin,
        sum=rewards.total,
        sum_of_squares=rewards.total_squares,
    )
