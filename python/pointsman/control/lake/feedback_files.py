"""Files of feedback in the lake, by pyarrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pointsman.lake.streams import table_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    import pyarrow as pa

    from pointsman.store.feedback.values import RowToExport

ROWS_PER_GROUP = 100_000


def write_rows(rows: Sequence[RowToExport], place: Path) -> None:
    """Writes rows as a file of the lake's format, version 1."""
    _write(table_of(_schema(), rows), place)


def merge(places: Sequence[Path], place: Path) -> None:
    """Writes several files as one."""
    import pyarrow as pa

    _write(pa.concat_tables([_read(one) for one in places]), place)


@dataclass(frozen=True)
class Rows:
    """Rows of feedback in memory, which may be none."""

    table: pa.Table

    @property
    def row_count(self) -> int:
        """How many."""
        return int(self.table.num_rows)

    @property
    def min_time_us(self) -> int:
        """The earliest prediction time."""
        return int(self._times()["min"].as_py())

    @property
    def max_time_us(self) -> int:
        """The latest prediction time."""
        return int(self._times()["max"].as_py())

    def write(self, place: Path) -> None:
        """Writes them as a file."""
        _write(self.table, place)

    def _times(self) -> pa.StructScalar:
        import pyarrow.compute as pc

        return pc.min_max(self.table["prediction_time_us"])


def without(source: Path, prediction_ids: Collection[str]) -> Rows | None:
    """Answers a file's rows without those of some predictions; None when it has none of them."""
    import pyarrow.compute as pc

    table = _read(source)
    erased = pc.is_in(table["prediction_id"], value_set=texts_of(sorted(prediction_ids)))
    left = table.filter(pc.invert(erased))
    return None if left.num_rows == table.num_rows else Rows(left)


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, number, small, whole = pa.string(), pa.float64(), pa.int32(), pa.int64()
    types = {
        "prediction_id": text,
        "row": small,
        "metric": text,
        "value": number,
        "observe_time_us": whole,
        "apply_time_us": whole,
        "prediction_time_us": whole,
        "variant": text,
        "epoch": whole,
        "propensity": number,
        "counted": pa.bool_(),
        "revision": small,
    }
    columns = [pa.field(name, kind, nullable=False) for name, kind in types.items()]
    return pa.schema(columns, metadata={"pointsman.lake_version": "1"})


def _read(place: Path) -> pa.Table:
    import pyarrow.parquet as pq

    with pq.ParquetFile(place) as file:
        return file.read(use_threads=False)


def _write(table: pa.Table, place: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(
        table, place, compression="zstd", compression_level=1, row_group_size=ROWS_PER_GROUP, version="2.6"
    )
