"""Filters as conditions of SQL. Values are always parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pointsman.domain.records.predictions import UNCOUNTED, Prediction, PredictionFilter, PredictionOrder
from pointsman.lake.snapshot import Snapshot

MAX_TIME_US = 2**62
COUNTED = "reason NOT IN ({})".format(", ".join(f"'{reason.value}'" for reason in UNCOUNTED))
"""Whether feedback for a row is in figures."""


def entity_hash(entity_id: str) -> int:
    """Answers the lake's hash of a recorded entity: XXH3-64, seed 0, as a signed number."""
    import xxhash

    unsigned = int(xxhash.xxh3_64_intdigest(entity_id.encode()))
    return unsigned - (1 << 64) if unsigned >> 63 else unsigned


@dataclass(frozen=True)
class Span:
    """Times from ``start_us`` to ``end_us``, both included."""

    start_us: int
    end_us: int

    @property
    def is_empty(self) -> bool:
        """Whether no time lies in it."""
        return self.end_us < self.start_us


@dataclass(frozen=True)
class Conditions:
    """What rows must fulfil besides belonging to the router.

    Attributes:
        span: Their times.
        entity_ids: The forms in which the entity may be recorded; none for any entity.
    """

    span: Span
    variant: str = ""
    entity_ids: tuple[str, ...] = ()
    status_code: int | None = None
    min_latency_ns: int = 0
    descending: bool = True

    @classmethod
    def of(cls, snapshot: Snapshot, wanted: PredictionFilter, entity_ids: Sequence[str]) -> Conditions:
        """Makes the conditions of a filter.

        Args:
            snapshot: The state that is read.
            wanted: The filter.
            entity_ids: The recorded forms of its entity.
        """
        end_us = MAX_TIME_US if wanted.end_time_us is None else wanted.end_time_us - 1
        return cls(
            span=Span(max(snapshot.start_time_us, wanted.start_time_us or 0), end_us),
            variant=wanted.variant,
            entity_ids=tuple(dict.fromkeys(entity_ids)),
            status_code=wanted.status_code,
            min_latency_ns=wanted.min_latency_ns,
            descending=wanted.order is PredictionOrder.NEWEST_FIRST,
        )

    def within(self, span: Span) -> Conditions:
        """Narrows the times."""
        both = Span(max(self.span.start_us, span.start_us), min(self.span.end_us, span.end_us))
        return replace(self, span=both)

    def are_within(self, other: Conditions) -> bool:
        """Whether they are others for a part of their times."""
        inside = other.span.start_us <= self.span.start_us and self.span.end_us <= other.span.end_us
        return inside and replace(self, span=other.span) == other

    @property
    def tail_can_tell(self) -> bool:
        """Whether the data plane can choose the rows itself."""
        return self.status_code is None and self.min_latency_ns == 0

    def admit(self, row: Prediction) -> bool:
        """Whether a row that fulfils :meth:`sql` is of the entity, and not of one with the same hash."""
        return not self.entity_ids or row.entity_id in self.entity_ids

    def sql(self) -> tuple[str, dict[str, Any]]:
        """Answers the conditions and their parameters.

        Of an entity only the hash is compared, which passes over most files and pages. Comparing the id, too,
        would take three times as long; who reads the rows asks :meth:`admit`.
        """
        parts = ["time_us >= $start_us", "time_us <= $end_us"]
        values: dict[str, Any] = {"start_us": self.span.start_us, "end_us": self.span.end_us}
        if self.variant:
            parts.append("variant = $variant")
            values["variant"] = self.variant
        if self.entity_ids:
            parts.append("entity_hash IN (SELECT unnest($entity_hashes))")
            values["entity_hashes"] = [entity_hash(found) for found in self.entity_ids]
        if self.status_code is not None:
            parts.append("status_code = $status_code")
            values["status_code"] = self.status_code
        if self.min_latency_ns:
            parts.append("overhead_ns + coalesce(backend_ns, 0) >= $min_latency_ns")
            values["min_latency_ns"] = min(self.min_latency_ns, 2**63 - 1)
        return " AND ".join(parts), values
