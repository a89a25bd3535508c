"""All algorithms by name: those built in, and those of installed distributions.

A distribution adds one by an entry point of the group ``pointsman_drift.algorithms`` that names an
``Algorithm``, or a class as ``custom.adopting`` has it.
"""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pointsman_drift.algorithms.algorithm import Algorithm
from pointsman_drift.algorithms.built_in import BUILT_IN
from pointsman_drift.custom.adopting import adopt
from pointsman_drift.errors import AlgorithmError

GROUP = "pointsman_drift.algorithms"


def algorithms() -> dict[str, Algorithm]:
    """Answers every algorithm by name, those of entry points loaded, which is done once.

    Raises:
        AlgorithmError: An entry point cannot be loaded, is none, or has a name that is taken.

    >>> list(algorithms())[:2]
    ['psi', 'ks_test']
    """
    return dict(_known())


@cache
def _known() -> dict[str, Algorithm]:
    found = {algorithm.name: algorithm for algorithm in BUILT_IN}
    for entry in entry_points(group=GROUP):
        algorithm = _load(entry)
        if algorithm.name in found:
            raise AlgorithmError(
                f"algorithm {algorithm.name!r} of entry point {entry.value!r}: the name is taken; rename it"
            )
        found[algorithm.name] = algorithm
    return found


def chosen(wanted: Sequence[Any] | None) -> list[Algorithm]:
    """Answers the algorithms that are wanted, or those that run when none is told.

    Args:
        wanted: Names; or algorithms themselves, as ``adopt`` takes them.

    Raises:
        AlgorithmError: There is none of such a name, or one brings a name that is taken.
    """
    known = algorithms()
    if wanted is None:
        return [algorithm for algorithm in known.values() if algorithm.is_default]
    found: dict[str, Algorithm] = {}
    for one in wanted:
        if isinstance(one, str):
            if one not in known:
                raise AlgorithmError(f"algorithm {one!r} is not known; known are {', '.join(known)}")
            found[one] = known[one]
            continue
        algorithm = adopt(one)
        if found.get(algorithm.name, known.get(algorithm.name, algorithm)) is not algorithm:
            raise AlgorithmError(f"algorithm {algorithm.name!r}: the name is taken; rename yours")
        found[algorithm.name] = algorithm
    return list(found.values())


def _load(entry: EntryPoint) -> Algorithm:
    try:
        algorithm = entry.load()
    except Exception as error:
        raise AlgorithmError(
            f"entry point {entry.name!r} = {entry.value!r} cannot be loaded ({error}); repair or uninstall it"
        ) from error
    try:
        return adopt(algorithm)
    except AlgorithmError as error:
        raise AlgorithmError(f"entry point {entry.name!r} = {entry.value!r}: {error}") from error
