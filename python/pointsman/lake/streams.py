"""Arrow streams, in which the data plane hands over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def read_stream(stream: bytes) -> pa.Table:
    """Reads all rows of a stream."""
    import pyarrow as pa

    with pa.ipc.open_stream(stream) as reader:
        return reader.read_all()


def array_of(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array[Any]:
    """Makes an array of numbers.

    ``pyarrow.array`` would import pandas where it is installed, and keep the first read waiting for a second.
    """
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
