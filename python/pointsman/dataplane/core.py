"""The data plane of this process: :class:`pointsman.domain.data_plane.DataPlane` over the extension."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pointsman import _core, errors
from pointsman.domain.data_plane import FileFault, Published, RefusedItem
from pointsman.domain.journals import JournalEnds, JournalStart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_TWINS: dict[type[_core.CoreError], type[errors.PointsmanError]] = {
    _core.InvalidSnapshotError: errors.InvalidSnapshotError,
    _core.StaleSnapshotError: errors.StaleSnapshotError,
    _core.BackendError: errors.BackendError,
    _core.InvalidRequestError: errors.InvalidRequestError,
    _core.JournalError: errors.JournalError,
    _core.PositionGoneError: errors.PositionGoneError,
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

    build_kind: str = _core.BUILD_KIND
    """How the extension was compiled: ``release``, or ``quick`` or ``debug``, which are slower."""

    @property
    def grpc_address(self) -> str:
        """The address it listens on, ``host:port``."""
        return self._handle.grpc_address

    @staticmethod
    def target_fault(target: str) -> str:
        """Answers what is wrong with the target of a backend; empty when nothing is."""
        return _core.target_fault(target)

    def publish(self, update: bytes) -> Published:
        """Applies what can be used of a ``SnapshotUpdate`` on every thread."""
        with _translated():
            generation, refused = self._handle.publish(update)
        return Published(generation, tuple(RefusedItem(*item) for item in refused))

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        """Asks the backend of a ``ModelSnapshot`` what it takes; answers a ``BackendAnswer``."""
        with _translated():
            return self._handle.probe_backend(model, timeout_seconds)

    @staticmethod
    def signature_faults(signature: bytes) -> Sequence[errors.FieldViolation]:
        """Answers the fields of a ``Signature`` that cannot be right whatever its backend."""
        with _translated():
            return [errors.FieldViolation(*fault) for fault in _core.signature_faults(signature)]

    @staticmethod
    def data_file_names(path: Path) -> Sequence[str]:
        """Answers what an ONNX file calls its data files; none if all its weights lie within it."""
        with _translated():
            return _core.data_file_names(path)

    def router_counters(self, router_id: str) -> bytes:
        """Answers a router's live ``RouterCounters``."""
        with _translated():
            return self._handle.router_counters(router_id)

    @property
    def journal_id(self) -> str:
        """The journal's name: 32 hexadecimal digits."""
        return self._handle.journal_id

    def journal_starts(self) -> tuple[JournalStart, ...]:
        """Answers the openings of the journal's folder, oldest first; the last is this process's."""
        with _translated():
            found = self._handle.journal_starts()
        return tuple(
            JournalStart(start_id, JournalEnds(predictions, feedback), place, is_known)
            for start_id, place, predictions, feedback, is_known in found
        )

    def journal_ends(self) -> JournalEnds:
        """Answers the positions behind all that is on disk."""
        with _translated():
            return JournalEnds(*self._handle.journal_ends())

    def confirm_journal(self, journal_id: str) -> None:
        """Says under which name the database knows the journal."""
        with _translated():
            self._handle.confirm_journal(journal_id)

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        """Reads a ``FeedbackBatch`` of what is on disk behind a position.

        Args:
            after_position: Where to begin; what is before it is left out.
            max_entries: At most so many; there may be more behind them.
            timeout_seconds: How long to wait while there is nothing.
        """
        with _translated():
            return self._handle.take_feedback(after_position, max_entries, timeout_seconds)

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        """Says that feedback before a position is applied, with these ``FeedbackOutcomes``."""
        with _translated():
            self._handle.release_feedback(position, outcomes)

    def check_feedback(self, call: bytes) -> bytes:
        """Answers a ``FeedbackCall`` with a ``FeedbackAnswer``; nothing is recorded."""
        with _translated():
            return self._handle.check_feedback(call)

    def append_feedback(self, call: bytes) -> bytes:
        """Checks and appends the values of a ``FeedbackCall``; answers a ``FeedbackAnswer``."""
        with _translated():
            return self._handle.append_feedback(call)

    def take_shipped(self, timeout_seconds: float) -> bytes:
        """Reads the ``ShippedSegments`` that are in the lake and not released."""
        with _translated():
            return self._handle.take_shipped(timeout_seconds)

    def release_predictions(self, position: int) -> None:
        """Says that the manifest holds everything before a position."""
        with _translated():
            self._handle.release_predictions(position)

    def read_tail(self, query: bytes) -> bytes:
        """Answers a ``TailQuery`` with a ``TailAnswer``."""
        with _translated():
            return self._handle.read_tail(query)

    def seal_predictions(self) -> int:
        """Completes the segment under way; answers its end."""
        with _translated():
            return self._handle.seal_predictions()

    def merge_lake_files(self, request: bytes) -> bytes:
        """Writes one file from those of a ``MergeRequest``; answers its ``LakeFile``."""
        with _translated():
            return self._handle.merge_lake_files(request)

    @staticmethod
    def read_lake_rows(lake_folder: Path, query: bytes) -> bytes:
        """Answers a ``RowsQuery`` with a ``RowsAnswer``."""
        with _translated():
            return _core.read_lake_rows(lake_folder, query)

    @staticmethod
    def count_lake_calls(lake_folder: Path, query: bytes) -> bytes:
        """Answers a ``CountQuery`` with its ``CallCounts``."""
        with _translated():
            return _core.count_lake_calls(lake_folder, query)

    def file_faults(self) -> Sequence[FileFault]:
        """Answers what is wrong with the ONNX files in use; a file that changed is read for it, once."""
        with _translated():
            return [FileFault(*fault) for fault in self._handle.file_faults()]

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

    def reallocate_slots(
        self, slot_runs: Sequence[int], shares: Sequence[float], former: Sequence[Sequence[int]] = ()
    ) -> tuple[list[int], int]:
        """Moves the fewest of the 10,000 slots so that variant ``i`` holds ``shares[i]`` of them.

        Args:
            slot_runs: The table in force as variant index and length in turn; empty for none yet. Indices
                beyond ``shares`` are variants that went away.
            shares: What each variant shall have, in any unit; at least one above 0.
            former: Tables that were in force before, in the same form, the latest first.

        Returns:
            The new table in the same form, and the number of slots that moved; 0 for a first table.
        """
        with _translated():
            return _core.reallocate_slots(slot_runs, shares, former)


@contextmanager
def _translated() -> Iterator[None]:
    """Turns the extension's errors into those of :mod:`pointsman.errors`, which other layers know."""
    try:
        yield
    except _core.ModelVersionError as error:
        violations = [errors.FieldViolation(*fault) for fault in error.args[0]]
        raise errors.InvalidArgumentError.of(violations) from error
    except _core.CoreError as error:
        twin = _TWINS.get(type(error), errors.DataPlaneError)
        raise twin(str(error)) from error
