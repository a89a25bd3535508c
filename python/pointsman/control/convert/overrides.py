"""Traffic overrides as messages."""

from pointsman.control.convert.times import microseconds_of, timestamp_of
from pointsman.domain.overrides import TrafficOverride
from pointsman.v1 import router_pb2


def write_override(message: router_pb2.Router, given: TrafficOverride | None) -> None:
    """Writes the override of a router into its message, when there is one."""
    if given is None:
        return
    message.traffic_override.CopyFrom(
        router_pb2.TrafficOverride(
            variant=given.variant,
            expire_time=timestamp_of(given.expire_time_us),
            reason=given.reason,
            user_id=given.user_id,
            create_time=timestamp_of(given.create_time_us),
        )
    )


def override_from(message: router_pb2.Router) -> TrafficOverride | None:
    """Reads the override that was published with a router; None where there was none."""
    if not message.HasField("traffic_override"):
        return None
    given = message.traffic_override
    return TrafficOverride(
        given.variant,
        microseconds_of(given.expire_time, "traffic_override.expire_time"),
        given.reason,
        given.user_id,
        microseconds_of(given.create_time, "traffic_override.create_time"),
    )
