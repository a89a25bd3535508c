"""Says whether two tables differ, by how much, and whether that is more than chance.

>>> import pointsman_drift
>>> result = pointsman_drift.compare({"age": [20, 30, 40] * 100}, {"age": [20, 30, 40] * 100})
>>> result.status.value
'ok'
"""

from pointsman_drift.algorithms.algorithm import Algorithm, Measurement, NotMeasured, Thresholds
from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.algorithms.registry import algorithms
from pointsman_drift.baselines.baseline import Baseline, load_baseline
from pointsman_drift.comparing import compare, compile_baseline
from pointsman_drift.counting.dividing import Windows
from pointsman_drift.counting.groups import Group, Slice
from pointsman_drift.errors import (
    AlgorithmError,
    DriftError,
    InvalidBaselineError,
    InvalidOptionError,
    InvalidTableError,
)
from pointsman_drift.results.figure import ComparedGroup, Figure, Unjudged
from pointsman_drift.results.result import Result
from pointsman_drift.statistics.moments import Moments
from pointsman_drift.tables.families import Kind
from pointsman_drift.tables.parquet import ParquetQuery
from pointsman_drift.verdicts.status import Status

__all__ = [
    "Algorithm",
    "AlgorithmError",
    "Baseline",
    "ColumnPair",
    "ComparedGroup",
    "DriftError",
    "Figure",
    "Group",
    "InvalidBaselineError",
    "InvalidOptionError",
    "InvalidTableError",
    "Kind",
    "Measurement",
    "Moments",
    "NotMeasured",
    "ParquetQuery",
    "Result",
    "Slice",
    "Status",
    "Thresholds",
    "Unjudged",
    "Windows",
    "algorithms",
    "compare",
    "compile_baseline",
    "load_baseline",
]
