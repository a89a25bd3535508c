"""The control plane put together: store, publisher, recorder and the gRPC server on its socket."""

from pathlib import Path

from pointsman.control.options import ControlOptions
from pointsman.domain.data_plane import DataPlane


class ControlPlane:
    """The control plane of one process.

    Args:
        database_url: ``sqlite:///path`` or ``postgresql://…``.
        data_plane: The data plane to publish to and to read records and counters from.
        socket_path: The unix socket on which the data plane brings calls; its folder must be 0700.
        endpoint: The ``host:port`` that answers name as the endpoint to call.
        loopback: Whether the data plane is reachable from this machine only. While no key exists, calls
            without a key are then the local admin's; otherwise they are refused.
        options: Limits and times.
    """

    def __init__(
        self,
        database_url: str,
        data_plane: DataPlane,
        socket_path: Path,
        *,
        endpoint: str,
        loopback: bool,
        options: ControlOptions | None = None,
    ) -> None:
        self._database_url = database_url
        self._data_plane = data_plane
        self._socket_path = socket_path
        self._endpoint = endpoint
        self._loopback = loopback
        self._options = options or ControlOptions()
        self._reason = "starting"

    @property
    def ready(self) -> bool:
        """Whether the database is migrated and the data plane has its state."""
        return not self._reason

    @property
    def reason(self) -> str:
        """Why it is not ready, in words; empty when it is."""
        return self._reason

    async def start(self) -> None:
        """Starts to serve; returns within seconds even when the database does not answer.

        Raises:
            DatabaseTooNewError: A newer release has migrated the database.
            InvalidArgumentError: The database URL is of no known kind.
        """

    async def stop(self, grace_seconds: float) -> None:
        """Finishes the calls in progress within the grace, stores the last records and closes."""
