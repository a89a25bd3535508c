"""What a comparison may be told, checked once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman_drift.algorithms.algorithm import Algorithm, Thresholds
from pointsman_drift.algorithms.registry import chosen
from pointsman_drift.counting.dividing import MOST_SLICES, Windows
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.tables.families import Kind

LEAST_ROWS = 30
"""A feature with fewer rows on a side is not judged."""

MOST_SLICINGS = 10
"""By so many columns rows are sliced at once."""


@dataclass(frozen=True)
class Options:
    """Checked options of an analysis."""

    algorithms: tuple[Algorithm, ...]
    overrides: Mapping[str, Thresholds]
    parameters: Mapping[str, Mapping[str, float]]
    is_calibrated: bool
    least_rows: int
    is_chosen: bool = False
    """Whether algorithms were named."""


def read_options(
    algorithms: Sequence[Any] | None,
    thresholds: Mapping[str, Any],
    parameters: Mapping[str, Mapping[str, float]],
    calibration: bool | str,
    least_rows: int,
) -> Options:
    """Checks options as users give them.

    Args:
        algorithms: Names, or algorithms themselves; None for the default ones.
        thresholds: By algorithm: ``Thresholds``, a pair, or a mapping with ``warning`` and ``alert``.
        parameters: By algorithm: values that replace its defaults.
        calibration: ``on`` or ``off``, or a boolean.
        least_rows: Rows a side below which a feature is not judged.

    Raises:
        InvalidOptionError: A value means nothing.
        AlgorithmError: There is no algorithm of such a name.
    """
    if calibration not in ("on", "off", True, False):
        raise InvalidOptionError(f"calibration: {calibration!r} is neither 'on' nor 'off'")
    if isinstance(algorithms, str):
        raise InvalidOptionError(f"algorithms: {algorithms!r} is a text; give a list of names")
    if least_rows < 2:
        raise InvalidOptionError(f"least_rows: {least_rows} is below 2; nothing is told from fewer rows")
    found = chosen(algorithms)
    if not found:
        raise InvalidOptionError("algorithms: the list is empty; name at least one, or leave it out")
    by_name = {one.name: one for one in found}
    for algorithm in chosen([name for name in {**thresholds, **parameters} if name not in by_name]):
        by_name[algorithm.name] = algorithm
    for name, values in parameters.items():
        algorithm = by_name[name]
        for parameter, value in values.items():
            if parameter not in algorithm.parameters:
                raise InvalidOptionError(
                    f"parameters[{name!r}]: {parameter!r} is not known; "
                    f"known are {list(algorithm.parameters)}"
                )
            if fault := algorithm.fault_of(parameter, value):
                raise InvalidOptionError(f"parameters[{name!r}][{parameter!r}]: {value} {fault}")
    return Options(
        tuple(found),
        {name: _thresholds(name, value) for name, value in thresholds.items()},
        {one.name: {**one.parameters, **parameters.get(one.name, {})} for one in found},
        calibration in ("on", True),
        least_rows,
        algorithms is not None,
    )


def read_kinds(columns: Mapping[str, Any]) -> dict[str, Kind]:
    """Checks what users tell of columns.

    Raises:
        InvalidOptionError: It is no kind.
    """
    for name, kind in columns.items():
        if kind not in list(Kind):
            raise InvalidOptionError(f"columns[{name!r}]: {kind!r} is not known; give {' or '.join(Kind)}")
    return {name: Kind(kind) for name, kind in columns.items()}


def read_slices(slices: str | Sequence[str], limit: int) -> list[str]:
    """Checks the columns by which rows are sliced.

    Args:
        slices: One name or several.
        limit: How many slices by each are told one by one.

    Raises:
        InvalidOptionError: There are too many of them, or of their slices.
    """
    names = [slices] if isinstance(slices, str) else list(dict.fromkeys(slices))
    if len(names) > MOST_SLICINGS:
        raise InvalidOptionError(f"slices: {len(names)} columns are above {MOST_SLICINGS}; take fewer")
    if limit not in range(1, MOST_SLICES + 1):
        raise InvalidOptionError(f"slice_limit: {limit} is not a whole number between 1 and {MOST_SLICES}")
    return names


def read_windows(windows: Windows | str | tuple[str, str] | None) -> Windows | None:
    """Checks what divides rows by time.

    Raises:
        InvalidOptionError: It is neither a column nor a column and a unit.
    """
    if windows is None or isinstance(windows, Windows):
        return windows
    if isinstance(windows, str):
        return Windows(windows)
    if isinstance(windows, list | tuple) and len(windows) == 2:
        return Windows(*windows)
    raise InvalidOptionError(f"windows: {windows!r} is not understood; give a column, or (column, unit)")


def _thresholds(name: str, given: Any) -> Thresholds:
    try:
        if isinstance(given, Thresholds):
            found = given
        elif isinstance(given, Mapping):
            found = Thresholds(float(given["warning"]), float(given["alert"]))
        else:
            warning, alert = given
            found = Thresholds(float(warning), float(alert))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidOptionError(
            f"thresholds[{name!r}]: {given!r} is not understood; give (warning, alert)"
        ) from error
    if not 0 < found.warning <= found.alert < math.inf:
        raise InvalidOptionError(
            f"thresholds[{name!r}]: warning {found.warning} and alert {found.alert} are out of order; "
            "they must be above 0, and alert not below warning"
        )
    return found
