"""Arrow streams, in which the data plane hands over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def read_stream(stream: bytes) -> pa.Table:
    """Reads all rows of a stream."""
    import pyarrow as pa

    with pa.ipc.open_stream(stream) as reader:
        return reader.read_all()
