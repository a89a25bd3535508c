"""The replica of this process: :class:`pointsman.domain.ports.replica.Replica` over the extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman import _core, errors
from pointsman.dataplane.translation import translated
from pointsman.domain.ports.replica import FileFault, Published, RefusedItem
from pointsman.domain.records.journals import JournalEnds, JournalStart

if TYPE_CHECKING:
    from collections.abc import Sequence


class AddressInUseError(errors.DataPlaneError):
    """The address cannot be listened on."""

    default_reason = "BIND"


class InvalidServerConfigError(errors.DataPlaneError):
    """The configuration names a wrong field or value; the message starts with the field."""

    default_reason = "INVALID_CONFIG"


class LocalReplica:
    """A replica that runs in this process.

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

    build_kind: str = _core.BUILD_KIND
    """How the extension was compiled: ``release``, or ``quick`` or ``debug``, which are slower."""

    @property
    def grpc_address(self) -> str:
        """The address it listens on, ``host:port``."""
        return self._handle.grpc_address

    def publish(self, update: bytes) -> Published:
        """Applies what can be used of a ``SnapshotUpdate`` on every thread."""
        with translated():
            generation, refused = self._handle.publish(update)
        return Published(generation, tuple(RefusedItem(*item) for item in refused))

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        """Asks the backend of a ``ModelSnapshot`` what it takes; answers a ``BackendAnswer``."""
        with translated():
            return self._handle.probe_backend(model, timeout_seconds)

    def dry_run(self, request: bytes, timeout_seconds: float) -> bytes:
        """Runs the row of a ``DryRun`` through its model version; answers a ``DryRunAnswer``."""
        with translated():
            return self._handle.dry_run(request, timeout_seconds)

    def set_bandit_totals(self, totals: bytes) -> None:
        """Takes ``BanditTotals``: calls are decided by the shares that follow from them."""
        with translated():
            self._handle.set_bandit_totals(totals)

    def bandit_states(self, router_ids: Sequence[str] | None = None) -> bytes:
        """Answers the bandits that calls are decided by, all or those named, as ``BanditStates``."""
        with translated():
            return self._handle.bandit_states(router_ids)

    def router_counters(self, router_id: str) -> bytes:
        """Answers a router's live ``RouterCounters``."""
        with translated():
            return self._handle.router_counters(router_id)

    @property
    def journal_id(self) -> str:
        """The journal's name: 32 hexadecimal digits."""
        return self._handle.journal_id

    def journal_starts(self) -> tuple[JournalStart, ...]:
        """Answers the openings of the journal's folder, oldest first; the last is this process's."""
        with translated():
            found = self._handle.journal_starts()
        return tuple(
            JournalStart(start_id, JournalEnds(predictions, feedback), place, is_known)
            for start_id, place, predictions, feedback, is_known in found
        )

    def journal_ends(self) -> JournalEnds:
        """Answers the positions behind all that is on disk."""
        with translated():
            return JournalEnds(*self._handle.journal_ends())

    def confirm_journal(self, journal_id: str) -> None:
        """Says under which name the database knows the journal."""
        with translated():
            self._handle.confirm_journal(journal_id)

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        """Reads a ``FeedbackBatch`` of what is on disk behind a position.

        Args:
            after_position: Where to begin; what is before it is left out.
            max_entries: At most so many; there may be more behind them.
            timeout_seconds: How long to wait while there is nothing.
        """
        with translated():
            return self._handle.take_feedback(after_position, max_entries, timeout_seconds)

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        """Says that feedback before a position is applied, with these ``FeedbackOutcomes``."""
        with translated():
            self._handle.release_feedback(position, outcomes)

    def check_feedback(self, call: bytes) -> bytes:
        """Answers a ``FeedbackCall`` with a ``FeedbackAnswer``; nothing is recorded."""
        with translated():
            return self._handle.check_feedback(call)

    def add_erased_predictions(self, digests: Sequence[int]) -> None:
        """Refuses feedback for the predictions whose ids have these digests."""
        with translated():
            self._handle.add_erased_predictions(digests)

    def append_feedback(self, call: bytes) -> bytes:
        """Checks and appends the values of a ``FeedbackCall``; answers a ``FeedbackAnswer``."""
        with translated():
            return self._handle.append_feedback(call)

    def take_shipped(self, timeout_seconds: float) -> bytes:
        """Reads the ``ShippedSegments`` that are in the lake and not released."""
        with translated():
            return self._handle.take_shipped(timeout_seconds)

    def release_predictions(self, position: int) -> None:
        """Says that the manifest holds everything before a position."""
        with translated():
            self._handle.release_predictions(position)

    def read_tail(self, query: bytes) -> bytes:
        """Answers a ``TailQuery`` with a ``TailAnswer``."""
        with translated():
            return self._handle.read_tail(query)

    def seal_predictions(self) -> int:
        """Completes the segment under way; answers its end."""
        with translated():
            return self._handle.seal_predictions()

    def file_faults(self) -> Sequence[FileFault]:
        """Answers what is wrong with the ONNX files in use; a file that changed is read for it, once."""
        with translated():
            return [FileFault(*fault) for fault in self._handle.file_faults()]

    def metrics(self) -> str:
        """Answers all metrics in the Prometheus text format."""
        with translated():
            return self._handle.metrics()

    def status(self) -> str:
        """Answers the state of the replica as a JSON object."""
        with translated():
            return self._handle.status()

    def stop(self, grace_seconds: float) -> int:
        """Drains and stops; answers the number of calls that were cut off. Never raises."""
        return self._handle.stop(grace_seconds)
