"""What the fleets of all processes have seen together, for a kind may be so rare that few of them see it."""

import json
from collections import Counter
from pathlib import Path


class Tally:
    """Counts of several fleets, each in a file of a folder that all processes of a test run share.

    Args:
        folder: The folder; it need not be there.
        fleets: How many fleets there are.
    """

    def __init__(self, folder: Path, fleets: int) -> None:
        self._folder = folder
        self._places = [folder / f"{number}.json" for number in range(fleets)]

    def add(self, number: int, seen: Counter[str]) -> Counter[str] | None:
        """Notes what a fleet saw.

        Args:
            number: The fleet's, from 0.
            seen: How often which kind of thing happened in it.

        Returns:
            The counts of all fleets, once the last of them is noted; None before.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._places[number]
        partial = place.with_suffix(".partial")
        partial.write_text(json.dumps(seen))
        partial.replace(place)
        if not all(place.exists() for place in self._places):
            return None
        return sum((Counter(json.loads(place.read_text())) for place in self._places), Counter())
