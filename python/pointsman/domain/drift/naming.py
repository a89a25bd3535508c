"""What figures are called that are of no feature, as the library names them."""

ALL = "(all)"
"""All features together."""
PREDICTIONS = "(predictions)"
"""Answers with their outcomes."""
LABEL = "(label)"
"""The recorded class, which a classifier's answers alone have."""
WHOLES = frozenset((ALL, LABEL, "(score)", "(confidence)", "(prediction)", PREDICTIONS))
"""All of them, but for the scores of single classes."""
_SCORE_OF = "(score of "
"""How the name of the score of one class among several begins."""


def is_whole(name: str) -> bool:
    """Says whether a name stands in the place of a feature's, and is none.

    >>> is_whole("(score)"), is_whole("(score of paid)"), is_whole("score")
    (True, True, False)
    """
    return name in WHOLES or name.startswith(_SCORE_OF)
