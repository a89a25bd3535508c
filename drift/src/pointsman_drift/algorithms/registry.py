"""All algorithms by name: those built in, and those of installed distributions.

A distribution adds one by an entry point of the group ``pointsman_drift.algorithms`` that names an
``Algorithm``.
"""

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from pointsman_drift.algorithms.algorithm import Algorithm
from pointsman_drift.algorithms.built_in import BUILT_IN
from pointsman_drift.errors import AlgorithmError

GROUP = "pointsman_drift.algorithms"


def algorithms() -> dict[str, Algorithm]:
    """Answers every algorithm by name, those of entry points loaded.

    Raises:
        AlgorithmError: An entry point cannot be loaded, is none, or has a name that is taken.

    >>> list(algorithms())[:2]
    ['psi', 'ks_test']
    """
    found = {algorithm.name: algorithm for algorithm in BUILT_IN}
    for entry in entry_points(group=GROUP):
        algorithm = _load(entry)
        if algorithm.name in found:
            raise AlgorithmError(
                f"algorithm {algorithm.name!r} of entry point {entry.value!r}: the name is taken; rename it"
            )
        found[algorithm.name] = algorithm
    return found


def chosen(names: Sequence[str] | None) -> list[Algorithm]:
    """Answers the algorithms of these names, or those that run when none is named.

    Raises:
        AlgorithmError: There is none of such a name.
    """
    known = algorithms()
    if names is None:
        return [algorithm for algorithm in known.values() if algorithm.is_default]
    for name in names:
        if name not in known:
            raise AlgorithmError(f"algorithm {name!r} is not known; known are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]


def _load(entry: EntryPoint) -> Algorithm:
    try:
        algorithm = entry.load()
    except Exception as error:
        raise AlgorithmError(
            f"entry point {entry.name!r} = {entry.value!r} cannot be loaded ({error}); repair or uninstall it"
        ) from error
    if not isinstance(algorithm, Algorithm):
        raise AlgorithmError(
            f"entry point {entry.name!r} = {entry.value!r} is a {type(algorithm).__name__}, not an Algorithm"
        )
    return algorithm
