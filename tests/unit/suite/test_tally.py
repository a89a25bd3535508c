"""What fleets of several processes have seen is known once the last of them is done, whichever that is."""

from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

from stage.numbers.tally import Tally

SEEN = [Counter(kill=1, restart=2), Counter(restart=1), Counter[str]()]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_last_fleet_is_told_what_all_have_seen(tmp_path: Path, order: tuple[int, ...]) -> None:
    # Each has one of its own, as each process does.
    told = [Tally(tmp_path / "shared", 3).add(number, SEEN[number]) for number in order]
    assert told == [None, None, Counter(restart=3, kill=1)]
    assert told[-1] is not None
    assert told[-1]["never"] == 0


def test_a_single_fleet_is_the_last(tmp_path: Path) -> None:
    assert Tally(tmp_path / "shared", 1).add(0, SEEN[0]) == SEEN[0]
