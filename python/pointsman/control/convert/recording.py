"""What a router says about recording and about its metrics, as messages."""

from collections.abc import Iterable

from pointsman.control.convert.enums import (
    ENTITY_RECORDING,
    METRIC_DIRECTION,
    METRIC_TYPE,
    RECORD_DURABILITY,
)
from pointsman.domain.metrics import MetricDefinition, MetricDirection, MetricType
from pointsman.domain.recording import (
    DEFAULT_BODY_BYTES,
    EntityRecording,
    RecordDurability,
    Recording,
)
from pointsman.v1 import router_pb2


def recording_from(message: router_pb2.Recording, field: str) -> Recording:
    """Reads what a router keeps of its predictions.

    Raises:
        InvalidArgumentError: An enumeration has no such value.
    """
    return Recording(
        features_share=message.features_share if message.HasField("features_share") else 1.0,
        exclude_features=tuple(dict.fromkeys(message.exclude_features)),
        max_body_bytes=message.max_body_bytes or DEFAULT_BODY_BYTES,
        entity=ENTITY_RECORDING.word(message.entity, f"{field}.entity") or EntityRecording.PLAIN,
        durability=RECORD_DURABILITY.word(message.durability, f"{field}.durability")
        or RecordDurability.BUFFERED,
        retention_days=message.retention_days,
        retention_bytes=message.retention_bytes,
    )


def recording_to(recording: Recording) -> router_pb2.Recording:
    """Makes the message of what a router keeps of its predictions."""
    return router_pb2.Recording(
        features_share=recording.features_share,
        exclude_features=recording.exclude_features,
        max_body_bytes=recording.max_body_bytes,
        entity=ENTITY_RECORDING.number(recording.entity),
        durability=RECORD_DURABILITY.number(recording.durability),
        retention_days=recording.retention_days,
        retention_bytes=recording.retention_bytes,
    )


def metrics_from(messages: Iterable[router_pb2.MetricDefinition], field: str) -> tuple[MetricDefinition, ...]:
    """Reads the metrics that a router declares.

    Raises:
        InvalidArgumentError: An enumeration has no such value.
    """
    return tuple(
        MetricDefinition(
            name=message.name,
            type=METRIC_TYPE.word(message.type, f"{field}[{index}].type") or MetricType.NUMBER,
            min_value=message.min_value if message.HasField("min_value") else None,
            max_value=message.max_value if message.HasField("max_value") else None,
            direction=METRIC_DIRECTION.word(message.direction, f"{field}[{index}].direction")
            or MetricDirection.MAXIMISE,
        )
        for index, message in enumerate(messages)
    )


def metrics_to(metrics: Iterable[MetricDefinition]) -> list[router_pb2.MetricDefinition]:
    """Makes the messages of the metrics that a router declares."""
    return [
        router_pb2.MetricDefinition(
            name=metric.name,
            type=METRIC_TYPE.number(metric.type),
            min_value=metric.min_value,
            max_value=metric.max_value,
            direction=METRIC_DIRECTION.number(metric.direction),
        )
        for metric in metrics
    ]
