"""The data plane as a port: what the control plane asks of it.

``pointsman.dataplane`` implements it over the Rust extension; tests bring one of their own. Messages
are those of ``pointsman/v1/snapshot.proto``, serialised. All methods may be called from any thread.
An implementation raises the errors of :mod:`pointsman.errors`, never the extension's own.
"""

from collections.abc import Sequence
from typing import Protocol


class DecodedPredictionId(Protocol):
    """What a verified prediction id says."""

    @property
    def router_id(self) -> str:
        """The router that decided."""

    @property
    def variant(self) -> str:
        """The variant that it picked."""

    @property
    def epoch(self) -> int:
        """The epoch of the router's statistics."""

    @property
    def propensity(self) -> float:
        """The probability with which the variant was picked."""

    @property
    def pinned(self) -> bool:
        """Whether the caller named the variant; such predictions stay out of the statistics."""

    @property
    def time_us(self) -> int:
        """When it was made, in UTC microseconds."""

    @property
    def key_id(self) -> int:
        """The signing key that signed it."""


class DataPlane(Protocol):
    """A running data plane."""

    @property
    def grpc_address(self) -> str:
        """The address it listens on, ``host:port``."""

    def publish(self, update: bytes) -> int:
        """Applies a ``SnapshotUpdate`` on every thread.

        Returns:
            The generation in effect.

        Raises:
            InvalidSnapshotError: Nothing was changed; the message starts with the field path.
            StaleSnapshotError: ``base_generation`` is not the generation in effect.
        """

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        """Asks the backend of a ``ModelSnapshot`` whether it is ready and what it takes.

        Returns:
            A ``Signature``, as far as the backend describes itself.

        Raises:
            BackendError: It is not reachable, not ready or not readable.
        """

    def router_counters(self, router_id: str) -> bytes:
        """Answers a router's live ``RouterCounters``."""

    def take_records(self, max_records: int, timeout_seconds: float) -> bytes:
        """Takes a ``RecordBatch`` off the queue, waiting up to the time for the first record."""

    def metrics(self) -> str:
        """Answers all metrics in the Prometheus text format."""

    def status(self) -> str:
        """Answers the state of the data plane as a JSON object."""

    def stop(self, grace_seconds: float) -> int:
        """Drains and stops; answers the number of calls that were cut off. Never raises."""

    def decode_prediction_id(self, prediction_id: str, signing_keys: bytes) -> DecodedPredictionId:
        """Verifies and reads a prediction id with ``SigningKeys``.

        Raises:
            InvalidPredictionIdError: It is malformed, forged or signed by no known key.
        """

    def reallocate_slots(self, slot_runs: Sequence[int], shares: Sequence[float]) -> tuple[list[int], int]:
        """Moves the fewest of the 10,000 slots so that variant ``i`` holds ``shares[i]`` of them.

        Returns:
            The new table as variant index and length in turn, and the number of slots that moved.

        Raises:
            InvalidRequestError: The shares or the runs are not valid.
        """
