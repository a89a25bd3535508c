"""Outcomes of entities: what is taken."""

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.domain.drift.outcomes import Outcome, check_outcome, number_of
from pointsman.domain.drift.predictions import check_time
from pointsman.domain.models import Task
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.domain.violations import Violations, shown

MAX_RECORDS = 10_000


@dataclass(frozen=True)
class GroundTruth:
    """What came true for an entity.

    Attributes:
        outcome_time_us: When it was observed, in UTC microseconds.
    """

    entity_id: str
    outcome: Outcome
    outcome_time_us: int


@dataclass(frozen=True)
class TakenTruths:
    """What became of outcomes that were sent.

    Attributes:
        ids: The id of each, in their order.
        inserted: How many are new.
        corrected: How many replaced another outcome of the same entity and time.
        repeated: How many were there already.
        matched: Of how many a prediction is there.
    """

    ids: tuple[str, ...]
    inserted: int
    corrected: int
    repeated: int
    matched: int = 0


def settled_from(last_us: int, retention_days: int, now_us: int) -> int:
    """Answers from which time on an outcome may be of a later prediction, after predictions were deleted.

    Outcomes are taken to come within half the time that predictions are kept. One that is observed later
    than that after the last of those that are gone is of none of them. What goes earlier, because a router or
    the room on the disk demands it, was kept for the time since the last of it, and half of that counts. So
    the answer is never in the future, where it would keep outcomes from predictions that are there.

    Args:
        last_us: When the last of those was made, in UTC microseconds.
        retention_days: How long predictions are kept where nothing else is said.
        now_us: When they are deleted, in UTC microseconds.

    Returns:
        UTC microseconds.
    """
    kept_us = min(retention_days * MICROSECONDS_PER_DAY, max(0, now_us - last_us))
    return last_us + 1 + kept_us // 2


def check_truths(records: Sequence[GroundTruth], task: Task, now_us: int, paths: Sequence[str]) -> None:
    """Checks outcomes that are to be kept.

    Args:
        records: The outcomes.
        task: What the model does, as far as it is known.
        now_us: The time.
        paths: For each what stands before its fields' names, as in ``records[3].``.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    if not records:
        found.add("records", "is empty; send at least one")
    if len(records) > MAX_RECORDS:
        found.add("records", f"are {len(records)}; at most {MAX_RECORDS} are taken at a time")
        found.raise_if_any()
    for path, record in zip(paths, records, strict=True):
        check_truth(found, path, record, task, now_us)
    found.raise_if_any()


def check_truth(found: Violations, path: str, record: GroundTruth, task: Task, now_us: int) -> None:
    """Checks one outcome, however it came.

    Args:
        found: Takes what is wrong.
        path: What stands before its fields' names.
        record: The outcome.
        task: What the model does, as far as it is known.
        now_us: The time.
    """
    if not record.entity_id:
        found.add(f"{path}entity_id", "is empty; it is required, for predictions are matched by it")
    found.check_entity(f"{path}entity_id", record.entity_id)
    field = f"{path}actual_outcome"
    check_outcome(found, field, record.outcome)
    is_named = isinstance(record.outcome, str | bool) and record.outcome != ""
    if task is Task.REGRESSION and is_named and number_of(record.outcome) is None:
        found.add(field, f"{shown(record.outcome)} is no number, and the model is a regression")
    check_time(found, f"{path}outcome_timestamp", record.outcome_time_us, now_us)
