"""How large an Arrow stream becomes, told before anything is decompressed."""

import struct
from collections.abc import Iterator

import pyarrow as pa

LARGEST = 2**32
"""A baseline has at most so many bytes: 100,000 rows of 5,000 columns."""

_HEADER = 2
"""Place of the field in Arrow's table ``Message``."""
_BUFFERS, _COMPRESSION = 2, 3
"""Places of fields in its table ``RecordBatch``."""


def check_size(body: bytes) -> None:
    """Refuses a stream that is large, that claims to become large, or that is no plain table.

    Args:
        body: An Arrow IPC stream.

    Raises:
        ValueError: It is such a one.
    """
    total = len(body)
    for message in pa.ipc.MessageReader.open_stream(body):
        if message.type not in ("schema", "record batch"):
            raise ValueError(f"it has a message of type {message.type!r}")
        if message.type == "record batch":
            total += sum(_sizes(memoryview(message.metadata), memoryview(message.body)))
        if total > LARGEST:
            raise ValueError(f"it is of more than {LARGEST} bytes")


def _sizes(metadata: memoryview, body: memoryview) -> Iterator[int]:
    """Answers the size of each buffer of a record batch; compressed ones begin with it, as eight bytes."""
    try:
        batch = _referred(metadata, _field(metadata, _referred(metadata, 0), _HEADER))
        buffers = _referred(metadata, _field(metadata, batch, _BUFFERS))
        is_compressed = _field(metadata, batch, _COMPRESSION) > 0
        (count,) = struct.unpack_from("<I", metadata, buffers)
        for place in range(count):
            offset, length = struct.unpack_from("<qq", metadata, buffers + 4 + 16 * place)
            # Minus one says that this buffer is not compressed.
            yield (
                max(struct.unpack_from("<q", body, offset)[0], length) if is_compressed and length else length
            )
    except struct.error as error:
        raise ValueError(f"its head is damaged ({error})") from error


def _referred(data: memoryview, place: int) -> int:
    """Answers the place to which a flatbuffer's reference leads."""
    return place + int(struct.unpack_from("<I", data, place)[0])


def _field(data: memoryview, table: int, field: int) -> int:
    """Answers the place of a field in a flatbuffer's table; 0 where it has none."""
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    slot = 4 + 2 * field
    if slot >= struct.unpack_from("<H", data, fields)[0]:
        return 0
    offset = int(struct.unpack_from("<H", data, fields + slot)[0])
    return table + offset if offset else 0
