"""Compares a window with a baseline by the library, as a model's settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.control.drift.program.window import Window
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.baselines import ColumnKind, kind_of
from pointsman.store.database import Database
from pointsman.store.drift import alert_settings, baselines
from pointsman.store.drift.blocks import read_block

if TYPE_CHECKING:
    import pyarrow as pa

    from pointsman_drift import Result

_MEMORY_LIMIT = "1GB"
_LEAST_ROWS = 2
_USUAL_ROWS = 30
"""Rows of a window below which features are not judged, unless the baseline may have fewer."""


def compare_window(
    database: Database,
    analysis: Analysis,
    spec: AnalysisSpec,
    folder: Path,
    reached: Callable[[float], None],
) -> tuple[dict[str, Any], list[str]]:
    """Compares the features of a window with those of the baseline.

    Args:
        database: Where baseline, settings and logged predictions are.
        analysis: The analysis.
        spec: Where the rest is.
        folder: For what does not fit into memory.
        reached: Is told how far it is, 0 to 1.

    Returns:
        What the library says, and what to know of the rows.

    Raises:
        pointsman_drift.DriftError: The two cannot be compared.
        FailedPreconditionError: A feature is of another type than in the baseline.
    """
    from pointsman_drift import compare

    with database.read() as connection:
        settings = alert_settings.of_model(connection, analysis.model_key)
        columns = read_block(baselines.features_of(connection, analysis.baseline_key))
    # Checked when the baseline was made.
    kinds = {name: kind_of(values) or ColumnKind.TEXT for name, values in columns.items()}
    reached(0.1)
    window = Window(database, analysis, spec, folder, kinds)
    path = window.write()
    reached(0.5)
    reference = reference_table(columns, kinds)
    if window.row_count:
        result = compare(reference, str(path), **options_of(settings))
    else:
        result = _nothing_to_compare(reference, is_calibrated=settings.calibrated)
    reached(0.9)
    return result.to_dict(), [*spec.notes, *window.notes]


def _nothing_to_compare(reference: pa.Table, *, is_calibrated: bool) -> Result:
    """Makes the result of a window without rows, which the library does not compare: nobody can say ok."""
    from pointsman_drift import Result, Unjudged

    rows = reference.num_rows
    unjudged = [
        Unjudged(name, "the window has no predictions with features", rows, 0)
        for name in reference.column_names
    ]
    return Result((), tuple(unjudged), (), rows, 0, is_calibrated, 0)


def options_of(settings: AlertSettings) -> dict[str, Any]:
    """Answers what the library is told of a model's settings."""
    thresholds = {
        name: (one.warning_threshold, one.alert_threshold)
        for name, one in settings.overrides.items()
        if one.warning_threshold is not None
    }
    return {
        "algorithms": None if settings.algorithms is None else list(settings.algorithms),
        "thresholds": thresholds,
        "parameters": {name: dict(one.params) for name, one in settings.overrides.items() if one.params},
        "calibration": "on" if settings.calibrated else "off",
        # A baseline that is large enough to be compared with has enough rows to be judged.
        "least_rows": max(_LEAST_ROWS, min(settings.min_baseline_sample_size, _USUAL_ROWS)),
        "memory_limit": _MEMORY_LIMIT,
    }


def reference_table(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, ColumnKind]) -> pa.Table:
    """Makes the table of a baseline's features."""
    import pyarrow as pa

    types = {ColumnKind.NUMBER: pa.float64(), ColumnKind.TEXT: pa.string(), ColumnKind.BOOLEAN: pa.bool_()}
    return pa.table({name: pa.array(values, types[kinds[name]]) for name, values in columns.items()})
