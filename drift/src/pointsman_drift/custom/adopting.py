"""From a user's class or object to an algorithm."""

from collections.abc import Mapping
from typing import Any, Protocol

from pointsman_drift.algorithms.algorithm import Algorithm, Measurement, NotMeasured, Thresholds
from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.errors import AlgorithmError
from pointsman_drift.tables.families import Kind


class CustomAlgorithm(Protocol):
    """What a user's class must have.

    It may also declare ``kind`` (what it looks at; one column unless told), ``types`` (kinds of columns),
    ``parameters`` (names and defaults), ``bounds`` (by parameter; any other is above 0) and ``effect`` (what
    the score is, and its unit).
    """

    name: str
    thresholds: Thresholds

    def measure(self, item: Any, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
        """Answers a figure; ``AlgorithmKind`` says what ``item`` is."""


def adopt(given: Any) -> Algorithm:
    """Answers the algorithm that a class, an object or an ``Algorithm`` declares.

    Args:
        given: An ``Algorithm``; or a class without arguments, or an object, as ``CustomAlgorithm`` has it.

    Raises:
        AlgorithmError: It lacks a declaration, or one means nothing.

    >>> class Largest:
    ...     name = "largest"
    ...     thresholds = Thresholds(1.0, 2.0)
    ...     types = [Kind.NUMERIC]
    ...
    ...     def measure(self, pair, parameters):
    ...         change = abs(pair.current.most - pair.reference.most)
    ...         return Measurement(change, change, *pair.rows)
    >>> adopt(Largest).name
    'largest'
    """
    if isinstance(given, Algorithm):
        return given
    if not hasattr(given, "measure"):
        raise AlgorithmError(f"{given!r} is a {type(given).__name__}, not an Algorithm, and has no measure")
    what = given.__name__ if isinstance(given, type) else type(given).__name__
    try:
        algorithm = given() if isinstance(given, type) else given
    except Exception as error:
        raise AlgorithmError(f"algorithm {what}: it cannot be made without arguments ({error})") from error
    name, thresholds = getattr(algorithm, "name", None), getattr(algorithm, "thresholds", None)
    if not isinstance(name, str) or not name:
        raise AlgorithmError(f"algorithm {what}: name is {name!r}; declare a text")
    if not isinstance(thresholds, Thresholds):
        raise AlgorithmError(f"algorithm {name!r}: thresholds are {thresholds!r}; declare Thresholds")
    try:
        kind = AlgorithmKind(getattr(algorithm, "kind", AlgorithmKind.UNIVARIATE))
        types = frozenset(Kind(one) for one in getattr(algorithm, "types", Kind))
    except (TypeError, ValueError) as error:
        raise AlgorithmError(f"algorithm {name!r}: kind or types mean nothing ({error})") from error
    return Algorithm(
        name,
        algorithm.measure,
        thresholds,
        str(getattr(algorithm, "effect", "as its author has it")),
        types,
        dict(getattr(algorithm, "parameters", {})),
        kind,
        bounds=dict(getattr(algorithm, "bounds", {})),
    )
