"""Features of the rows that streams have not seen yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.control.drift.program.streams.rows import OrderedRows
from pointsman.control.drift.program.window import Window
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.baselines import ColumnKind
from pointsman.store.database import Database

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


class FeatureRows(OrderedRows):
    """Rows that have their features.

    Args:
        database: Where logged predictions are that are in no file yet.
        analysis: Whose model.
        spec: Where the lake's files are.
        folder: Where to write.
        features: The features, which are numbers.
    """

    counted = "features_content = 'all'"

    def __init__(
        self,
        database: Database,
        analysis: Analysis,
        spec: AnalysisSpec,
        folder: Path,
        features: Sequence[str],
    ) -> None:
        super().__init__(database, analysis, spec, folder)
        self._features = features

    @property
    def width(self) -> int:
        """How many features are read of a row."""
        return len(self._features)

    def _values_of(self, batch: pa.RecordBatch) -> Mapping[str, NDArray[np.float64]]:
        import pyarrow as pa

        return {
            name: batch.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
            for name in self._features
        }

    def _write(self, start_us: int, until_us: int, most_rows: int | None) -> int:
        span, spec = self._between(start_us, until_us)
        kinds = dict.fromkeys(self._features, ColumnKind.NUMBER)
        window = Window(self._database, span, spec, self._folder, kinds, most_rows or 2**62)
        self._path, self._time_column = window.write(), window.time_column
        return window.row_count
