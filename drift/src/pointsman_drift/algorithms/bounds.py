"""Between what parameters of algorithms may lie, for those who run them and those who keep settings."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """Between what a parameter may lie.

    Args:
        above: It is greater.
        below: It is less.
        is_whole: Whether it is a whole number.

    >>> Bounds(below=1.0).fault(1.0)
    'is not below 1'
    >>> Bounds(1.0, 21.0, is_whole=True).fault(2.5)
    'is not a whole number'
    """

    above: float = 0.0
    below: float = math.inf
    is_whole: bool = False

    def fault(self, value: float) -> str:
        """Says what is wrong with a value; empty where nothing is."""
        if not self.above < value:
            return f"is not above {self.above:g}"
        if not value < self.below:
            return "is not finite" if self.below == math.inf else f"is not below {self.below:g}"
        return "is not a whole number" if self.is_whole and value != int(value) else ""
