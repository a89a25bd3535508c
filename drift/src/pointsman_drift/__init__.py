"""Says whether two tables differ, by how much, and whether that is more than chance.

>>> import pointsman_drift
>>> result = pointsman_drift.compare({"age": [20, 30, 40] * 100}, {"age": [20, 30, 40] * 100})
>>> result.status.value
'ok'
"""

from pointsman_drift.algorithms.algorithm import Algorithm, Measurement, NotMeasured, Thresholds
from pointsman_drift.algorithms.bounds import Bounds
from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.algorithms.registry import algorithms
from pointsman_drift.baselines.baseline import Baseline, load_baseline
from pointsman_drift.comparing import compare, compare_predictions, compile_baseline, judge_streams
from pointsman_drift.counting.dividing import Windows
from pointsman_drift.counting.groups import Group, Slice
from pointsman_drift.custom.adopting import CustomAlgorithm
from pointsman_drift.custom.sql import sql_algorithm
from pointsman_drift.errors import (
    AlgorithmError,
    DriftError,
    InvalidBaselineError,
    InvalidOptionError,
    InvalidTableError,
    MissingPackageError,
)
from pointsman_drift.performance.cbpe import Calibration, calibrate
from pointsman_drift.performance.columns import prediction_numbers
from pointsman_drift.performance.divergence import Divergence, find_divergence
from pointsman_drift.performance.metrics import Estimate, Metric
from pointsman_drift.performance.performance import Performance, estimate_performance
from pointsman_drift.performance.predictions import ClassPredictions, NumberPredictions
from pointsman_drift.performance.reading import read_classes, read_numbers
from pointsman_drift.performance.realised import realised_metrics
from pointsman_drift.reports.history import PerformancePoint
from pointsman_drift.reports.report import Report, report
from pointsman_drift.results.figure import ComparedGroup, Figure, Unjudged
from pointsman_drift.results.histogram import Histogram, Histograms
from pointsman_drift.results.result import Result
from pointsman_drift.statistics.moments import Moments
from pointsman_drift.streaming.scaling import Scale, scale_of
from pointsman_drift.streaming.stream import Stream, WatchedRun, WatchedStream
from pointsman_drift.streaming.watching import Watched, Watcher, watch
from pointsman_drift.tables.families import Kind
from pointsman_drift.tables.parquet import ParquetQuery
from pointsman_drift.verdicts.status import Status

__all__ = [
    "Algorithm",
    "AlgorithmError",
    "AlgorithmKind",
    "Baseline",
    "Bounds",
    "Calibration",
    "ClassPredictions",
    "ColumnPair",
    "ComparedGroup",
    "CustomAlgorithm",
    "Divergence",
    "DriftError",
    "Estimate",
    "Figure",
    "Group",
    "Histogram",
    "Histograms",
    "InvalidBaselineError",
    "InvalidOptionError",
    "InvalidTableError",
    "Kind",
    "Measurement",
    "Metric",
    "MissingPackageError",
    "Moments",
    "NotMeasured",
    "NumberPredictions",
    "ParquetQuery",
    "Performance",
    "PerformancePoint",
    "Report",
    "Result",
    "Scale",
    "Slice",
    "Status",
    "Stream",
    "Thresholds",
    "Unjudged",
    "Watched",
    "WatchedRun",
    "WatchedStream",
    "Watcher",
    "Windows",
    "algorithms",
    "calibrate",
    "compare",
    "compare_predictions",
    "compile_baseline",
    "estimate_performance",
    "find_divergence",
    "judge_streams",
    "load_baseline",
    "prediction_numbers",
    "read_classes",
    "read_numbers",
    "realised_metrics",
    "report",
    "scale_of",
    "sql_algorithm",
    "watch",
]
