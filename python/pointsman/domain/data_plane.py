"""The data plane as a port: what the control plane asks of it.

``pointsman.dataplane`` implements it over the Rust extension; tests bring one of their own. Messages
are those of ``pointsman/v1/snapshot.proto`` and ``record.proto``, serialised. A position is a place in one
of the journal's two logs; positions only grow. All methods may be called from any thread.
An implementation raises the errors of :mod:`pointsman.errors`, never the extension's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pointsman.domain.journals import JournalEnds, JournalStart
from pointsman.errors import FieldViolation


@dataclass(frozen=True)
class RefusedItem:
    """One item of a change that the data plane cannot use; what was before stays in effect for it.

    Attributes:
        kind: ``router`` or ``model``.
        id: The router's id, or ``model/version``.
        reason: Why, with the path of the field.
    """

    kind: str
    id: str
    reason: str


@dataclass(frozen=True)
class Published:
    """What a publish did: the generation in effect, and the items that cannot be used."""

    generation: int
    refused: tuple[RefusedItem, ...] = ()


@dataclass(frozen=True)
class FileFault:
    """What is wrong with the ONNX file of a backend in use.

    Attributes:
        path: Its path, relative to the models folder.
        sha256: The registered digest in hexadecimal digits; empty when it is not known.
        is_served: Whether calls are answered all the same, by what was loaded before.
        reason: What is wrong, and what to do.
    """

    path: str
    sha256: str
    is_served: bool
    reason: str


class DataPlane(Protocol):
    """A running data plane."""

    @property
    def grpc_address(self) -> str:
        """The address it listens on, ``host:port``."""

    def target_fault(self, target: str) -> str:
        """Answers what is wrong with the target of a backend; empty when nothing is."""

    def signature_faults(self, signature: bytes) -> Sequence[FieldViolation]:
        """Answers the fields of a ``Signature`` that cannot be right whatever its backend.

        The paths begin with ``signature``. A signature that lacks names or datatypes of tensors has none.
        """

    def publish(self, update: bytes) -> Published:
        """Applies what can be used of a ``SnapshotUpdate`` on every thread.

        Returns:
            The generation in effect, and the items that cannot be used.

        Raises:
            InvalidSnapshotError: The change as a whole is wrong, and nothing was changed.
            StaleSnapshotError: ``base_generation`` is not the generation in effect.
        """

    def probe_backend(self, model: bytes, timeout_seconds: float) -> bytes:
        """Asks the backend of a ``ModelSnapshot`` whether it is ready and what it takes.

        Returns:
            A ``BackendAnswer``: the signature given, completed as far as the backend describes itself.

        Raises:
            BackendError: It is not reachable, not ready or not readable.
            InvalidArgumentError: What it says of itself contradicts what is given. The paths of the fields
                begin below the model version: ``signature.labels``.
        """

    def data_file_names(self, path: Path) -> Sequence[str]:
        """Answers what an ONNX file calls the data files beside it; none if all its weights lie within it.

        Raises:
            BackendError: It cannot be read, or is no model; the message does not name the file.
        """

    def router_counters(self, router_id: str) -> bytes:
        """Answers a router's live ``RouterCounters``."""

    @property
    def journal_id(self) -> str:
        """Names the journal of this data folder: 32 hexadecimal digits. Positions are its own."""

    def journal_starts(self) -> tuple[JournalStart, ...]:
        """Answers the openings of the journal's folder, oldest first; the last is this process's.

        Raises:
            JournalError: This opening cannot be noted on the disk.
        """

    def journal_ends(self) -> JournalEnds:
        """Answers the positions behind all that is on disk; everything that was acknowledged is before."""

    def confirm_journal(self, journal_id: str) -> None:
        """Says under which name the database knows the journal, and that it has the openings so far.

        To be called before the first :meth:`release_predictions`.

        Raises:
            JournalError: It is no name, or cannot be written; the journal has the name that it had.
        """

    def take_feedback(self, after_position: int, max_entries: int, timeout_seconds: float) -> bytes:
        """Reads feedback that is on disk, as a ``FeedbackBatch``, waiting up to the time for the first entry.

        Entries stay until they are released. From a position below the oldest one, it begins at that.

        Args:
            after_position: Where to begin; what is before it is left out.
            max_entries: At most so many; there may be more behind them.
            timeout_seconds: How long to wait while there is nothing.

        Returns:
            A ``FeedbackBatch``; without entries when none came in time.

        Raises:
            JournalError: It cannot be read.
        """

    def release_feedback(self, position: int, outcomes: bytes) -> None:
        """Lets feedback before a position go, and tells ``FeedbackOutcomes`` to callers who wait for them.

        Raises:
            JournalError: The position is not one of the journal's.
        """

    def check_feedback(self, call: bytes) -> bytes:
        """Checks the values of a ``FeedbackCall``, as if a client had brought them; nothing is recorded.

        Values about entities are checked as far as that can be without the prediction that is meant: whoever
        may not bring them learns nothing of the entity.

        Returns:
            A ``FeedbackAnswer``.
        """

    def append_feedback(self, call: bytes) -> bytes:
        """Checks the values of a ``FeedbackCall`` and appends those that may be recorded.

        It waits until they are on disk, or until they are applied where the call says so: not to be called by
        whoever applies them.

        Returns:
            A ``FeedbackAnswer``, which says of each value what came of it.

        Raises:
            JournalError: The system gives no means to wait.
        """

    def take_shipped(self, timeout_seconds: float) -> bytes:
        """Reads which segments are files of the lake by now, as ``ShippedSegments``, waiting for the first.

        They stay until they are released.

        Raises:
            JournalError: The lake cannot be written.
        """

    def release_predictions(self, position: int) -> None:
        """Lets predictions before a position go: the manifest lists the files that hold them.

        The first call begins the shipping.

        Raises:
            JournalError: The position is not one of the journal's.
        """

    def read_tail(self, query: bytes) -> bytes:
        """Answers the predictions of a ``TailQuery`` that are in no registered file, as a ``TailAnswer``.

        Raises:
            JournalError: They cannot be read.
            PositionGoneError: They were registered since the manifest was read: read it again.
        """

    def seal_predictions(self) -> int:
        """Ends the segment that predictions go to, so that it is shipped at once.

        Returns:
            The position behind it: every prediction that was made before is before it.

        Raises:
            JournalError: The journal takes nothing.
        """

    def merge_lake_files(self, request: bytes) -> bytes:
        """Writes one file of several, as a ``MergeRequest`` says; it is on disk but not in the manifest.

        Returns:
            The new file, as a ``LakeFile``.

        Raises:
            JournalError: A file cannot be read or written.
        """

    def read_lake_rows(self, lake_folder: Path, query: bytes) -> bytes:
        """Reads rows of the lake's files by their numbers, as a ``RowsQuery`` says.

        Returns:
            The rows, as a ``RowsAnswer``.

        Raises:
            JournalError: A file cannot be read.
            PositionGoneError: A file was replaced since the manifest was read: read it again.
        """

    def count_lake_calls(self, lake_folder: Path, query: bytes) -> bytes:
        """Counts the calls of a window, as a ``CountQuery`` says.

        Returns:
            What was counted, as ``CallCounts``.

        Raises:
            JournalError: A file cannot be read.
            PositionGoneError: A file was replaced since the manifest was read: read it again.
        """

    def file_faults(self) -> Sequence[FileFault]:
        """Answers what is wrong with the ONNX files in use; a file that changed is read for it, once."""

    def metrics(self) -> str:
        """Answers all metrics in the Prometheus text format."""

    def status(self) -> str:
        """Answers the state of the data plane as a JSON object."""

    def stop(self, grace_seconds: float) -> int:
        """Drains and stops; answers the number of calls that were cut off. Never raises."""

    def reallocate_slots(
        self, slot_runs: Sequence[int], shares: Sequence[float], former: Sequence[Sequence[int]] = ()
    ) -> tuple[list[int], int]:
        """Moves the fewest of the 10,000 slots so that variant ``i`` holds ``shares[i]`` of them.

        Which move brings the new table nearest to the first of ``former`` that has these shares.

        Args:
            slot_runs: The table in force as variant index and length in turn; empty for none yet. Indices
                beyond ``shares`` are variants that went away.
            shares: What each variant shall have, in any unit; at least one above 0.
            former: Tables that were in force before, in the same form, the latest first.

        Returns:
            The new table as variant index and length in turn, and the number of slots that moved.

        Raises:
            InvalidRequestError: The shares or the runs are not valid.
        """
