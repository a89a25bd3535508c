"""What the Rust core computes as a function of its arguments: it needs no replica, and any process may ask.

``pointsman.dataplane`` implements it over the extension; there is no stand-in for tests, since the functions
themselves cost nothing to have. Messages are those of ``pointsman/v1/model.proto`` and ``record.proto``,
serialised. All may be called from any thread, and raise the errors of :mod:`pointsman.errors`, never the
extension's own. A service asks for the part it needs; :class:`Core` is all of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pointsman.errors import FieldViolation


class ModelChecks(Protocol):
    """Checks of what users say of a model version, as the data plane would see it."""

    def target_fault(self, target: str) -> str:
        """Answers what is wrong with the target of a backend; empty when nothing is."""

    def signature_faults(self, signature: bytes) -> Sequence[FieldViolation]:
        """Answers the fields of a ``Signature`` that cannot be right whatever its backend.

        The paths begin with ``signature``. A signature that lacks names or datatypes of tensors has none.
        """


class FileReading(Protocol):
    """Reads ONNX files that no replica has in use yet."""

    def data_file_names(self, path: Path) -> Sequence[str]:
        """Answers what an ONNX file calls the data files beside it; none if all its weights lie within it.

        Raises:
            BackendError: It cannot be read, or is no model; the message does not name the file.
        """


class SlotTables(Protocol):
    """Computes slot tables."""

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


class RuleChecks(Protocol):
    """Checks rules and explains what they come to, by the code that decides by them."""

    def rule_faults(self, check: bytes) -> Sequence[FieldViolation]:
        """Answers every field of the rules of a ``RuleCheck`` that is wrong, with paths below the router.

        Raises:
            InvalidRequestError: The bytes are no ``RuleCheck``.
        """

    def explain_routing(self, case: bytes) -> bytes:
        """Explains how the router of a ``RoutingCase`` would decide its call.

        Returns:
            An ``ExplainRoutingResponse``.

        Raises:
            InvalidRequestError: The router cannot decide.
        """


class BanditMathematics(Protocol):
    """Checks what bandits learn by, and says what is to be believed of their arms."""

    def bandit_faults(self, router: bytes) -> Sequence[FieldViolation]:
        """Answers every field of the bandit of a ``Router`` that is wrong, with paths below the router.

        A router that is no bandit has none.

        Raises:
            InvalidRequestError: The bytes are no ``Router``.
        """

    def assess_bandit(self, router: bytes, totals: bytes) -> bytes:
        """Weighs the arms of ``RouterTotals`` by the bandit of a ``Router``.

        Arms of which the totals say nothing compete as unknown ones. A variant of the totals that is no arm,
        as one that is switched off, is told of, but is neither best nor gets a share.

        Args:
            router: The router, with its variants, its metrics and its bandit.
            totals: What is known of the arms.

        Returns:
            A ``BanditAssessment``, its arms in the order of the totals.

        Raises:
            InvalidRequestError: The router is no bandit, or its algorithm does not take the totals.
        """


class RoutingCore(SlotTables, RuleChecks, BanditMathematics, Protocol):
    """What a change of a router needs."""


class LakeQueries(Protocol):
    """Reads files of a lake, whoever has written them."""

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

    def count_lake_coverage(self, lake_folder: Path, query: bytes) -> bytes:
        """Counts the rows of a window that have feedback, as a ``CoverageQuery`` says.

        Returns:
            What was counted, as ``CoverageCounts``.

        Raises:
            JournalError: A file cannot be read.
            PositionGoneError: A file was replaced since the manifest was read: read it again.
        """


class LakeMerging(Protocol):
    """Writes files of a lake anew, whoever has written them."""

    def merge_lake_files(self, lake_folder: Path, request: bytes) -> bytes:
        """Writes one file of several, as a ``MergeRequest`` says; it is on disk but not in the manifest.

        Returns:
            The new file, as a ``LakeFile``.

        Raises:
            JournalError: A file cannot be read or written.
        """


class Redeciding(Protocol):
    """Makes recorded decisions again, by the code that made them."""

    def redecide(self, query: bytes) -> bytes:
        """Makes one decision again, as a ``RedecisionQuery`` says.

        Returns:
            What came of it, as a ``Redecision``.
        """


class LakeReplays(Protocol):
    """Makes the decisions of a lake again."""

    def replay_lake_decisions(self, lake_folder: Path, query: bytes) -> bytes:
        """Decides the calls of a window again, as a ``ReplayQuery`` says; memory does not grow with them.

        Args:
            lake_folder: Where the lake is.
            query: Which files and rows, and what the router was.

        Returns:
            How they came out, as a ``ReplayAnswer``.

        Raises:
            JournalError: A file cannot be read.
            PositionGoneError: A file was replaced since the manifest was read: read it again.
        """


class LakeReading(LakeQueries, LakeReplays, Protocol):
    """All that is asked about the rows of a lake."""


class Core(ModelChecks, FileReading, RoutingCore, LakeReading, LakeMerging, Redeciding, Protocol):
    """All functions of the core that the control plane asks for."""
