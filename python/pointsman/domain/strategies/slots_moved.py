"""How the slots of a sticky bandit last followed what was learnt."""

from dataclasses import dataclass

DEFAULT_UPDATE_US = 60 * 60 * 1_000_000
"""So long slots stay as they are at least where nothing else is said: entities seldom see another variant."""


@dataclass(frozen=True)
class SlotsMoved:
    """What is kept of it beside the slots themselves, which are the router's.

    Attributes:
        time_us: When they last followed, or when the epoch began; 0 where it began in a release before this.
        pulls: The calls of all arms in the epoch by then.
        moved: How many slots moved then; 0 while they have not followed in this epoch.
        moved_in_epoch: How many did in the epoch, all times together.
        changed_time_us: When somebody's change of the router last moved some; 0 where none did. They stay for
            an interval from then as well, and nothing was learnt by it.
    """

    time_us: int = 0
    pulls: int = 0
    moved: int = 0
    moved_in_epoch: int = 0
    changed_time_us: int = 0
