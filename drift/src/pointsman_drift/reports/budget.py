"""How much of a page something may take."""

from pointsman_drift.reports.html import Html


class Budget:
    """Bytes that are left; what does not fit is counted, and told where it would have stood.

    Args:
        limit: Bytes of UTF-8.

    >>> budget = Budget(10)
    >>> [budget.takes(Html("seven b")) for _ in range(2)], budget.left_out
    ([True, False], 1)
    """

    def __init__(self, limit: int) -> None:
        self._left = limit
        self.left_out = 0

    def takes(self, text: Html) -> bool:
        """Takes a piece, unless it or one before it does not fit: what is left out is the end."""
        size = len(text.encode())
        if self.left_out or size > self._left:
            self.left_out += 1
            return False
        self._left -= size
        return True
