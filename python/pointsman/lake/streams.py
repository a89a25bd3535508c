"""Arrow streams, in which the data plane hands over rows, and columns of Python's values.

``pyarrow.array`` imports pandas where that is installed, whatever it is given: seconds of the first read, in
which the server does nothing else. Columns are made of their buffers instead.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa


def read_stream(stream: bytes) -> pa.Table:
    """Reads all rows of a stream."""
    import pyarrow as pa

    with pa.ipc.open_stream(stream) as reader:
        return reader.read_all()


def write_stream(table: pa.Table) -> bytes:
    """Writes a table as one stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def array_of(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array[Any]:
    """Makes an array of numbers."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def table_of(schema: pa.Schema, rows: Sequence[object]) -> pa.Table:
    """Makes a table of objects that have an attribute for each field; texts, numbers and truth values.

    Args:
        schema: The table's; without nulls.
        rows: The objects.

    Raises:
        AttributeError: A text is missing.
        OverflowError: A number does not fit, or the texts of a column are longer than 2 GiB.
        TypeError: A number is missing or of another kind.
    """
    return table_of_columns(schema, [[getattr(row, field.name) for row in rows] for field in schema])


def table_of_columns(schema: pa.Schema, columns: Sequence[Sequence[Any]]) -> pa.Table:
    """Makes a table of columns of texts, numbers and truth values.

    Args:
        schema: The table's; without nulls.
        columns: The values of each field.

    Raises:
        OverflowError: A number does not fit, or the texts of a column are longer than 2 GiB.
        TypeError: A number is missing or of another kind.
    """
    import pyarrow as pa

    made = [_column(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(made, schema=schema)


def texts_of(values: Sequence[str]) -> pa.Array[Any]:
    """Makes an array of texts.

    Raises:
        OverflowError: They are longer than 2 GiB.
    """
    import numpy as np
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    if ends[-1] > np.iinfo(np.int32).max:
        raise OverflowError(f"{ends[-1]} bytes of text are more than a column holds")
    buffers = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def nullable_texts(values: Sequence[str | None]) -> pa.Array[Any]:
    """Makes an array of texts of which some are missing.

    Raises:
        OverflowError: They are longer than 2 GiB.
    """
    import pyarrow as pa

    _, *buffers = texts_of([value or "" for value in values]).buffers()
    return pa.Array.from_buffers(pa.string(), len(values), [_validity(values), *buffers])


def nullable_numbers(values: Sequence[float | None]) -> pa.Array[Any]:
    """Makes an array of numbers of which some are missing."""
    import pyarrow as pa

    numbers = array("d", [0.0 if value is None else value for value in values])
    return pa.Array.from_buffers(pa.float64(), len(values), [_validity(values), pa.py_buffer(numbers)])


def _validity(values: Sequence[object]) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    bits = np.fromiter((value is not None for value in values), dtype=bool, count=len(values))
    return pa.py_buffer(np.packbits(bits, bitorder="little"))


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array[Any]:
    import numpy as np
    import pyarrow as pa

    if kind == pa.string():
        return texts_of(values)
    if kind == pa.bool_():
        bits = np.packbits(np.array(values, dtype=bool), bitorder="little")
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(bits)])
    codes = {pa.int64(): "q", pa.int32(): "i", pa.float64(): "d"}
    # Python's own arrays refuse what numpy would round or take as missing.
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(array(codes[kind], values))])
