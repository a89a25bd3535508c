"""Rows that streams have not seen yet: all of a time, whichever windows they are of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.store.database import Database

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_VALUES_AT_ONCE = 4_000_000


class OrderedRows(ABC):
    """Rows of a time in the order of their times, as a file.

    Of one time rows are in the order of their ids; no analysis reads some of them alone, for it is by times
    that streams are cut.

    Attributes:
        counted: SQL of which recorded answers are rows.

    Args:
        database: Where logged predictions are that are in no file yet.
        analysis: Whose model.
        spec: Where the lake's files are.
        folder: Where to write.
    """

    counted: ClassVar[str]

    def __init__(self, database: Database, analysis: Analysis, spec: AnalysisSpec, folder: Path) -> None:
        self._database = database
        self._analysis = analysis
        self._spec = spec
        self._folder = folder
        self._path = Path()
        self._time_column = ""

    def write(self, start_us: int, until_us: int, most_rows: int) -> int:
        """Writes rows; answers before which time they are all of them.

        Args:
            start_us: From this time on.
            until_us: Before this time, or before the row with which there would be more than wanted.
            most_rows: So many are wanted at most, unless more have one time.
        """
        count = self._write(start_us, until_us, most_rows + 1)
        if count <= most_rows:
            return until_us
        first, last = self._ends()
        if last > first:
            return last
        self._write(start_us, last + 1, None)
        return last + 1

    def each(
        self, until_us: int, reached: Callable[[float], None]
    ) -> Iterator[tuple[NDArray[np.int64], Mapping[str, NDArray[np.float64]]]]:
        """Goes through the rows in parts: their times, and by stream their values, NaN where one is missing.

        Args:
            until_us: Before this time.
            reached: Is told how much is read, 0 to 1.
        """
        import pyarrow.parquet as pq

        with pq.ParquetFile(self._path) as file:
            at_once = max(1_000, _VALUES_AT_ONCE // self.width)
            done = 0
            for batch in file.iter_batches(at_once):
                times = batch.column(self._time_column).to_numpy()
                count = int(times.searchsorted(until_us))
                yield times[:count], self._values_of(batch.slice(0, count))
                done += batch.num_rows
                reached(done / file.metadata.num_rows)

    @property
    @abstractmethod
    def width(self) -> int:
        """How many numbers are read of a row."""

    @abstractmethod
    def _write(self, start_us: int, until_us: int, most_rows: int | None) -> int:
        """Writes the first rows of a time in order, to ``_path``; answers how many."""

    @abstractmethod
    def _values_of(self, batch: pa.RecordBatch) -> Mapping[str, NDArray[np.float64]]:
        """Answers by stream the value of each row, NaN where one is missing."""

    def _between(self, start_us: int, until_us: int) -> tuple[Analysis, AnalysisSpec]:
        """Answers the analysis as if a time were its window, and the files that may have rows of it."""
        span = replace(self._analysis, window_start_us=start_us, window_end_us=until_us)
        return span, replace(self._spec, files=files_within(self._spec, start_us, until_us))

    def _ends(self) -> tuple[int, int]:
        """Answers the first time and the last one of the file."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self._path) as file:
            first, last = (
                file.read_row_group(group, [self._time_column]).column(0)
                for group in (0, file.num_row_groups - 1)
            )
        return first[0].as_py(), last[-1].as_py()


def files_within(spec: AnalysisSpec, start_us: int, until_us: int) -> tuple[str, ...]:
    """Answers the lake's files that may have rows of a time, those of the analysis' window or not.

    Args:
        spec: Where the files are.
        start_us: From this time on.
        until_us: Before this time.
    """
    others = (path for path in spec.other_files if _may_have(path, start_us, until_us))
    return (*spec.files, *others)


def _may_have(path: str, start_us: int, until_us: int) -> bool:
    """Looks into the foot of a file: of other times a feature may have had another type."""
    import pyarrow.parquet as pq

    found = pq.read_metadata(path)
    place = found.schema.names.index("time_us")
    for group in range(found.num_row_groups):
        ends = found.row_group(group).column(place).statistics
        if ends is None or not ends.has_min_max or (ends.min < until_us and ends.max >= start_us):
            return True
    return False
