"""Lots: which rows are looked at where there are too many for all."""

LOTS = 1_000_000
MOST_PROBABILITIES = 8_000_000
"""Probabilities of answers that are in memory at once, 64 MB: of many classes, fewer rows are drawn."""


def lot(table: str = "") -> str:
    """Answers SQL of a row's lot, from 0 to ``LOTS`` - 1, which is the same for each reader at each time.

    Args:
        table: Whose columns they are, where several have a row; with a full stop behind it.
    """
    return f'hash(prediction_id, {table}"row") % {LOTS}'
