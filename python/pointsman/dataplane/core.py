"""The core's functions: :class:`pointsman.domain.ports.core.Core` over the extension. No server runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman import _core, errors
from pointsman.dataplane.translation import translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class NativeCore:
    """The functions of the extension, with the errors that other layers know."""

    @staticmethod
    def target_fault(target: str) -> str:
        """Answers what is wrong with the target of a backend; empty when nothing is."""
        return _core.target_fault(target)

    @staticmethod
    def signature_faults(signature: bytes) -> Sequence[errors.FieldViolation]:
        """Answers the fields of a ``Signature`` that cannot be right whatever its backend."""
        with translated():
            return [errors.FieldViolation(*fault) for fault in _core.signature_faults(signature)]

    @staticmethod
    def data_file_names(path: Path) -> Sequence[str]:
        """Answers what an ONNX file calls its data files; none if all its weights lie within it."""
        with translated():
            return _core.data_file_names(path)

    @staticmethod
    def reallocate_slots(
        slot_runs: Sequence[int], shares: Sequence[float], former: Sequence[Sequence[int]] = ()
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
        with translated():
            return _core.reallocate_slots(slot_runs, shares, former)

    @staticmethod
    def rule_faults(check: bytes) -> Sequence[errors.FieldViolation]:
        """Answers every field of the rules of a ``RuleCheck`` that is wrong."""
        with translated():
            return [errors.FieldViolation(*fault) for fault in _core.rule_faults(check)]

    @staticmethod
    def roundings(number: float) -> tuple[float, float, float]:
        """Answers a number as FP32, FP16 and BF16 have it; beyond their ranges it is infinite."""
        return _core.roundings(number)

    @staticmethod
    def bandit_faults(router: bytes) -> Sequence[errors.FieldViolation]:
        """Answers every field of the bandit of a ``Router`` that is wrong."""
        with translated():
            return [errors.FieldViolation(*fault) for fault in _core.bandit_faults(router)]

    @staticmethod
    def assess_bandit(router: bytes, totals: bytes) -> bytes:
        """Weighs the arms of ``RouterTotals`` by a ``Router``; answers a ``BanditAssessment``."""
        with translated():
            return _core.assess_bandit(router, totals)

    @staticmethod
    def explain_routing(case: bytes) -> bytes:
        """Answers a ``RoutingCase`` with an ``ExplainRoutingResponse``."""
        with translated():
            return _core.explain_routing(case)

    @staticmethod
    def read_lake_rows(lake_folder: Path, query: bytes) -> bytes:
        """Answers a ``RowsQuery`` with a ``RowsAnswer``."""
        with translated():
            return _core.read_lake_rows(lake_folder, query)

    @staticmethod
    def count_lake_calls(lake_folder: Path, query: bytes) -> bytes:
        """Answers a ``CountQuery`` with its ``CallCounts``."""
        with translated():
            return _core.count_lake_calls(lake_folder, query)

    @staticmethod
    def count_lake_coverage(lake_folder: Path, query: bytes) -> bytes:
        """Answers a ``CoverageQuery`` with its ``CoverageCounts``."""
        with translated():
            return _core.count_lake_coverage(lake_folder, query)

    @staticmethod
    def merge_lake_files(lake_folder: Path, request: bytes) -> bytes:
        """Writes one file from those of a ``MergeRequest``; answers its ``LakeFile``."""
        with translated():
            return _core.merge_lake_files(lake_folder, request)

    @staticmethod
    def redecide(query: bytes) -> bytes:
        """Answers a ``RedecisionQuery`` with its ``Redecision``."""
        with translated():
            return _core.redecide(query)

    @staticmethod
    def replay_lake_decisions(lake_folder: Path, query: bytes) -> bytes:
        """Answers a ``ReplayQuery`` with its ``ReplayAnswer``."""
        with translated():
            return _core.replay_lake_decisions(lake_folder, query)
