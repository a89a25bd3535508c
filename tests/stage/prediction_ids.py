"""Prediction ids as the data plane signs them."""

import base64
import hashlib
import hmac
import struct

from stage.lake import uuid_of

TAG_BYTES = 8


def signed_id(
    secret: bytes,
    key_id: int,
    router_id: str,
    variant: str,
    *,
    time_us: int,
    number: int = 0,
    incarnation: int = 0,
    epoch: int = 0,
    propensity: float = 0.5,
    pinned: bool = False,
    row_limit: int = 0,
) -> str:
    """Makes an id; one of incarnation 0 is of the first format, which does not say it."""
    content = bytes([2 if incarnation else 1, key_id]) + uuid_of(time_us, number)
    content += b"".join(bytes([len(name)]) + name.encode() for name in (router_id, variant))
    content += _varint(incarnation) if incarnation else b""
    content += _varint(epoch) + struct.pack("<d", propensity) + bytes([pinned | (2 if row_limit else 0)])
    content += _varint(row_limit) if row_limit else b""
    tag = hmac.digest(secret, content, hashlib.sha256)[:TAG_BYTES]
    return base64.urlsafe_b64encode(content + tag).decode().rstrip("=")


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
