"""What a prediction id says without its signature being checked: enough to look it up, not to believe it."""

import base64
import binascii

_FORMATS = (1, 2)
_UUID_START = 2
_UUID_BYTES = 16
# The longest id that the data plane makes.
_MAX_CHARS = 424


def time_us_of(prediction_id: str) -> int | None:
    """Answers when a prediction was made, in UTC microseconds; None when the id is not one of ours.

    The UUID of version 7 in it holds the time to the microsecond: milliseconds, then the fraction of one in
    4,096ths, rounded down.
    """
    if len(prediction_id) > _MAX_CHARS:
        return None
    try:
        padded = prediction_id + "=" * (-len(prediction_id) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(content) < _UUID_START + _UUID_BYTES or content[0] not in _FORMATS:
        return None
    high = int.from_bytes(content[_UUID_START : _UUID_START + 8], "big")
    if high >> 12 & 0xF != 7:
        return None
    return (high >> 16) * 1000 + -(-(high & 0xFFF) * 1000 // 4096)
