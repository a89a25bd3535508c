"""The data plane of this process: :class:`pointsman.domain.data_plane.DataPlane` over the extension."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pointsman import _core, errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pointsman.domain.data_plane import DecodedPredictionId

_TWINS: dict[type[_core.CoreError], type[errors.DataPlaneError]] = {
    _core.InvalidSnapshotError: errors.InvalidSnapshotError,
    _core.StaleSnapshotError: errors.StaleSnapshotError,
    _core.BackendError: errors.BackendError,
    _core.InvalidRequestError: errors.InvalidRequestError,
    _core.InvalidPredictionIdError: errors.InvalidPredictionIdError,
}


class AddressInUseError(errors.DataPlaneError):
    """The address cannot be listened on."""

    default_reason = "BIND"


class InvalidServerConfigError(errors.DataPlaneError):
    """The configuration names a wrong field or value; the message starts with the field."""

    default_reason = "INVALID_CONFIG"


class CoreDataPlane:
    """A running data plane.

    Args:
        config: The JSON configuration, as :func:`~pointsman.dataplane.config.build_config` makes it.

    Raises:
        AddressInUseError: The address is in use or not ours.
        InvalidServerConfigError: The configuration is not valid.
    """

    def __init__(self, config: str) -> None:
        try:
            self._handle = _core.start_server(config)
        except _core.BindError as error:
            raise AddressInUseError(str(error)) from error
        except _core.InvalidConfigError as error:
            raise InvalidServerConfigError(str(error)) from error

    @property
    def grpc_address(self) -> str:
        """The address it listens on, ``host:port``."""
        return self._handle.grpc_address

    def publish(self, update: bytes) -> int:
        """Applies a ``SnapshotUpdate`` on every thread; answers the generation in effect."""
        with _translated():
            return self._handle.publish(update)

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        """Asks the backend of a ``ModelSnapshot`` what it takes; answers a ``Signature``."""
        with _translated():
            return self._handle.probe_backend(model, timeout_seconds)

    def router_counters(self, router_id: str) -> bytes:
        """Answers a router's live ``RouterCounters``."""
        with _translated():
            return self._handle.router_counters(router_id)

    def take_records(self, max_records: int, timeout_seconds: float) -> bytes:
        """Takes a ``RecordBatch`` off the queue, waiting up to the time for the first record."""
        with _translated():
            return self._handle.take_records(max_records, timeout_seconds)

    def metrics(self) -> str:
        """Answers all metrics in the Prometheus text format."""
        with _translated():
            return self._handle.metrics()

    def status(self) -> str:
        """Answers the state of the data plane as a JSON object."""
        with _translated():
            return self._handle.status()

    def stop(self, grace_seconds: float) -> int:
        """Drains and stops; answers the number of calls that were cut off. Never raises."""
        return self._handle.stop(grace_seconds)

    def decode_prediction_id(self, prediction_id: str, signing_keys: bytes) -> DecodedPredictionId:
        """Verifies and reads a prediction id with ``SigningKeys``."""
        with _translated():
            return _core.decode_prediction_id(prediction_id, signing_keys)

    def reallocate_slots(self, slot_runs: Sequence[int], shares: Sequence[float]) -> tuple[list[int], int]:
        """Moves the fewest of the 10,000 slots so that variant ``i`` holds ``shares[i]`` of them."""
        with _translated():
            return _core.reallocate_slots(slot_runs, shares)


@contextmanager
def _translated() -> Iterator[None]:
    """Turns the extension's errors into those of :mod:`pointsman.errors`, which other layers know."""
    try:
        yield
    except _core.CoreError as error:
        twin = _TWINS.get(type(error), errors.DataPlaneError)
        raise twin(str(error)) from error
