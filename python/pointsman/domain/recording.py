"""What is kept of a router's predictions, and in which form their entities."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

ENTITY_KEY_BYTES = 32
DEFAULT_BODY_BYTES = 65_536
HASH_CHARS = 32


class EntityRecording(StrEnum):
    """How an entity id is recorded."""

    PLAIN = "plain"
    HMAC = "hmac"
    NONE = "none"


class RecordDurability(StrEnum):
    """What an answer waits for."""

    BUFFERED = "buffered"
    DURABLE = "durable"


@dataclass(frozen=True)
class Recording:
    """What is kept of a router's predictions, and how long.

    Attributes:
        features_share: The share of calls whose features and answers are kept, 0 to 1.
        exclude_features: Features that the lake does not keep.
        max_body_bytes: Longer requests and answers are recorded without their content.
        retention_days: After so many days predictions are deleted; 0 means the server's default.
        retention_bytes: Above so many bytes a model's oldest files are deleted; 0 means the server's default.
    """

    features_share: float = 1.0
    exclude_features: tuple[str, ...] = ()
    max_body_bytes: int = DEFAULT_BODY_BYTES
    entity: EntityRecording = EntityRecording.PLAIN
    durability: RecordDurability = RecordDurability.BUFFERED
    retention_days: int = 0
    retention_bytes: int = 0


def entity_hasher(entity_key: bytes) -> Callable[[str], str]:
    """Answers the function that makes of entity ids a form that can be joined but not read back.

    Args:
        entity_key: The installation's 32 bytes.

    Returns:
        A function that takes an entity as clients name it, and answers the first 32 hexadecimal digits of
        HMAC-SHA256.
    """
    # The key is taken in once: of a million entities that is most of the work.
    keyed = hmac.new(entity_key, digestmod="sha256")

    def hashed(entity_id: str) -> str:
        one = keyed.copy()
        one.update(entity_id.encode())
        return one.hexdigest()[:HASH_CHARS]

    return hashed


def hashed_entity(entity_key: bytes, entity_id: str) -> str:
    """Answers the form of one entity id, as :func:`entity_hasher` makes it.

    Args:
        entity_key: The installation's 32 bytes.
        entity_id: The entity as clients name it.
    """
    return entity_hasher(entity_key)(entity_id)


def recorded_entity(recording: Recording, entity_key: bytes, entity_id: str) -> str:
    """Answers an entity id as a router records it; empty when it does not.

    Args:
        recording: What the router keeps, and how.
        entity_key: The installation's 32 bytes; only hashes need them.
        entity_id: The entity as clients name it.
    """
    if recording.entity is EntityRecording.PLAIN:
        return entity_id
    return hashed_entity(entity_key, entity_id) if recording.entity is EntityRecording.HMAC else ""
