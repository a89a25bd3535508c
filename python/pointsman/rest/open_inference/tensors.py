"""Elements of tensors: between lists of JSON and the bytes that gRPC and the binary extension carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.scalars import NOT_FINITE, check_text, kind_of, write_number

if TYPE_CHECKING:
    import numpy as np

LAYOUTS = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    "BF16": "<u2",
}
"""How the elements of each datatype but BYTES lie in memory. BF16 is the upper half of an FP32."""

CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""The field of ``InferTensorContents`` that holds each datatype's elements."""

_LENGTH_BYTES = 4


def elements_of(datatype: str, data: Any, shape: Sequence[int], path: str) -> list[Any]:
    """Answers the elements of a tensor in row-major order, as clients of the protocol write them.

    MLServer's clients have BYTES also as one buffer: as a text that is in no array, or as the only one in an
    array whose tensor has the shape of the buffer's bytes or characters. It stays one element then.

    Args:
        datatype: One of `LAYOUTS`, or BYTES.
        data: An array of the elements, or arrays in one another as the shape has them.
        shape: The shape.
        path: Where it stands.

    Raises:
        FieldError: It is of another shape.
    """
    if datatype == "BYTES":
        if isinstance(data, str):
            return [data]
        count = math.prod(shape)
        if isinstance(data, list) and len(data) == 1 and count != 1 and isinstance(data[0], str):
            text = data[0]
            if count in (len(text), len(check_text(text, path).encode())):
                return data
    return flatten(data, shape, path)


def flatten(data: Any, shape: Sequence[int], path: str) -> list[Any]:
    """Answers the elements of a tensor in row-major order.

    Args:
        data: An array of the elements, or arrays in one another as the shape has them.
        shape: The shape.
        path: Where it stands.

    Raises:
        FieldError: It is of another shape.
    """
    if not isinstance(data, list):
        raise FieldError(path, f"is {kind_of(data)}; write an array")
    count = math.prod(shape)
    if not any(isinstance(item, list) for item in data):
        if len(data) != count:
            raise FieldError(path, f"has {len(data)} elements, but the shape {list(shape)} has {count}")
        return data
    items = data
    for depth, length in enumerate(shape):
        if depth:
            for item in items:
                if not isinstance(item, list):
                    raise FieldError(path, f"is not of the shape {list(shape)} in dimension {depth}")
            if any(len(item) != length for item in items):
                raise FieldError(path, f"is not of the shape {list(shape)} in dimension {depth}")
            items = [element for item in items for element in item]
        elif len(items) != length:
            raise FieldError(path, f"is not of the shape {list(shape)} in dimension 0")
    return items


def to_bytes(datatype: str, items: Sequence[Any], path: str) -> bytes:
    """Writes elements of JSON as the bytes of a tensor.

    Args:
        datatype: One of `LAYOUTS`, or BYTES.
        items: The elements, in row-major order.
        path: Where they stand.

    Raises:
        FieldError: An element is of another type or out of range.
    """
    _check_kinds(datatype, items, path)
    if datatype == "BYTES":
        for item in items:
            check_text(item, path)
        return pack_texts([item.encode() for item in items])
    if datatype == "BOOL":
        import numpy as np

        return np.array(items, dtype="?").tobytes()
    return _floats(datatype, items, path) if datatype in _FLOATS else _integers(datatype, items, path)


def from_bytes(datatype: str, raw: bytes, path: str) -> list[Any]:
    """Writes the bytes of a tensor as elements of JSON; numbers that are not finite are text.

    Args:
        datatype: One of `LAYOUTS`, or BYTES.
        raw: The bytes.
        path: Where the elements will stand.

    Raises:
        FieldError: The bytes are not of the datatype, or are text that JSON cannot have.
    """
    if datatype == "BYTES":
        try:
            return [item.decode() for item in unpack_texts(raw, path)]
        except UnicodeDecodeError as error:
            text = "has BYTES that are no UTF-8, which JSON cannot have; ask for it with binary_data: true"
            raise FieldError(path, text) from error
    values = _array(datatype, raw, path)
    items: list[Any] = values.tolist()
    if values.dtype.kind == "f":
        import numpy as np

        if not np.isfinite(values).all():
            return [item if math.isfinite(item) else write_number(item) for item in items]
    return items


def contents_to_bytes(datatype: str, contents: Any) -> bytes:
    """Writes elements that gRPC carries one by one as the bytes of a tensor."""
    items = getattr(contents, CONTENTS[datatype])
    if datatype == "BYTES":
        return pack_texts(items)
    import numpy as np

    return np.array(items, dtype=LAYOUTS[datatype]).tobytes()


def pack_texts(items: Sequence[bytes]) -> bytes:
    """Writes texts behind one another, each behind its length."""
    return b"".join(len(item).to_bytes(_LENGTH_BYTES, "little") + item for item in items)


def unpack_texts(raw: bytes, path: str) -> list[bytes]:
    """Reads what `pack_texts` writes.

    Raises:
        FieldError: The lengths do not fit the bytes.
    """
    items = []
    position = 0
    while position < len(raw):
        begin = position + _LENGTH_BYTES
        length = int.from_bytes(raw[position:begin], "little")
        position = begin + length
        if begin > len(raw) or position > len(raw):
            raise FieldError(path, "has BYTES whose lengths do not fit its bytes")
        items.append(raw[begin:position])
    return items


_FIRST_INEXACT = 2**53
_FLOATS = ("FP16", "FP32", "FP64", "BF16")
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "BYTES": ((str,), "text"),
    "BOOL": ((bool,), "true or false"),
    **dict.fromkeys(_FLOATS, ((int, float, str, type(None)), "numbers")),
}
"""What JSON has for elements of these datatypes, and its name; the others have whole numbers."""


def _check_kinds(datatype: str, items: Sequence[Any], path: str) -> None:
    """Refuses elements of a kind that a datatype has not."""
    taken, advice = _KINDS.get(datatype, ((int, float), "whole numbers"))
    # A tensor has few kinds and many elements.
    for kind in set(map(type, items)) - set(taken):
        found = next(item for item in items if type(item) is kind)
        raise FieldError(path, f"has {kind_of(found)} among {datatype}; write {advice}")


def _integers(datatype: str, items: Sequence[Any], path: str) -> bytes:
    import numpy as np

    layout = np.dtype(LAYOUTS[datatype])
    least, greatest = int(np.iinfo(layout).min), int(np.iinfo(layout).max)
    if float in set(map(type, items)):
        for item in items:
            if isinstance(item, float) and not item.is_integer():
                raise FieldError(path, f"has {item} among {datatype}; write whole numbers")
            if isinstance(item, float) and abs(item) >= _FIRST_INEXACT:
                raise FieldError(
                    path, f"has {item} among {datatype}, which lost digits; write it without a point"
                )
        items = [int(item) for item in items]
    for end in (min(items), max(items)) if items else ():
        if not least <= end <= greatest:
            raise FieldError(path, f"has {str(end)[:100]}, which is out of range of {datatype}")
    return np.array(items, dtype=layout).tobytes()


def _floats(datatype: str, items: Sequence[Any], path: str) -> bytes:
    import numpy as np

    kinds = set(map(type, items))
    named = str in kinds
    try:
        numbers = [NOT_FINITE[item] if isinstance(item, str) else item for item in items] if named else items
        if type(None) in kinds:
            numbers = [math.nan if item is None else item for item in numbers]
        values = np.array(numbers, dtype=np.float64)
    except KeyError as error:
        raise FieldError(path, f"has {str(error)[:100]} among {datatype}; write numbers") from error
    except OverflowError as error:
        raise FieldError(path, f"has a number that is out of range of {datatype}") from error
    if datatype == "FP64":
        for item in items:
            if isinstance(item, int) and abs(item) > _FIRST_INEXACT and int(float(item)) != item:
                raise FieldError(
                    path, f"has {str(item)[:100]}, which no FP64 is; send what the model shall get"
                )
    with np.errstate(over="ignore"):
        narrow = values.astype("<f4" if datatype == "BF16" else LAYOUTS[datatype])
    if datatype == "BF16":
        bits = narrow.view("<u4")
        # To the nearest, of two to the even one; what is no number stays none.
        rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
        halves = np.where(np.isnan(narrow), np.uint16(0x7FC0), rounded).astype("<u2")
        narrow = (halves.astype("<u4") << 16).view("<f4")
    # What JSON writes as 1e999 is infinite before, and nobody wrote infinity.
    meant = np.array([isinstance(item, str) for item in items], dtype=bool) if named else False
    if bool((np.isinf(narrow) & np.logical_not(meant)).any()):
        raise FieldError(path, f"has a number that is out of range of {datatype}")
    return halves.tobytes() if datatype == "BF16" else narrow.tobytes()


def _array(datatype: str, raw: bytes, path: str) -> np.ndarray[Any, Any]:
    import numpy as np

    layout = np.dtype(LAYOUTS[datatype])
    if len(raw) % layout.itemsize:
        raise FieldError(path, f"has {len(raw)} bytes, which is no number of {datatype}")
    values = np.frombuffer(raw, dtype=layout)
    return (values.astype("<u4") << 16).view("<f4") if datatype == "BF16" else values
