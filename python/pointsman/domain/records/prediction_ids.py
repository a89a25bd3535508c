"""What a prediction id says without its signature being checked: enough to look it up, not to believe it."""

import base64
import binascii
import hashlib

_FORMATS = (1, 2)
_UUID_START = 2
_UUID_BYTES = 16
# The longest id that the data plane makes.
_MAX_CHARS = 424
_DIGEST_BYTES = 8


def time_us_of(prediction_id: str) -> int | None:
    """Answers when a prediction was made, in UTC microseconds; None when the id is not one of ours.

    The UUID of version 7 in it holds the time to the microsecond: milliseconds, then the fraction of one in
    4,096ths, rounded down.
    """
    content = _content(prediction_id)
    if content is None:
        return None
    high = int.from_bytes(content[_UUID_START : _UUID_START + 8], "big")
    if high >> 12 & 0xF != 7:
        return None
    return (high >> 16) * 1000 + -(-(high & 0xFFF) * 1000 // 4096)


def digest_of(prediction_id: str) -> int:
    """Answers a number that names an id without telling it: the first eight bytes of its SHA-256."""
    return int.from_bytes(hashlib.sha256(prediction_id.encode()).digest()[:_DIGEST_BYTES], "big")


def router_id_of(prediction_id: str) -> str:
    """Answers the router that an id says to be of; empty when it is not one of ours."""
    content = _content(prediction_id)
    start = _UUID_START + _UUID_BYTES
    if content is None or len(content) <= start:
        return ""
    name = content[start + 1 : start + 1 + content[start]]
    # Router ids are plain: what is none is not looked up.
    return name.decode("ascii", "replace") if len(name) == content[start] else ""


def _content(prediction_id: str) -> bytes | None:
    """Answers the bytes of an id of a known format; None for others."""
    if len(prediction_id) > _MAX_CHARS:
        return None
    try:
        padded = prediction_id + "=" * (-len(prediction_id) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    is_ours = len(content) >= _UUID_START + _UUID_BYTES and content[0] in _FORMATS
    return content if is_ours else None
