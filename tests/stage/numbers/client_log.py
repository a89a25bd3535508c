"""What a client knows: its calls, its feedback, and what it had deleted."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, int, str]
"""Prediction id, row and metric."""
Row = tuple["Call", int]
"""A call and the row of its batch."""


@dataclass(frozen=True)
class Call:
    """A call that was answered, well or not.

    Attributes:
        prediction_id: What the receipt said; so are those that follow.
        variant: The variant.
        propensity: The probability of it.
        reason: Why it was picked.
        generation: The routing state that decided.
        time_us: When it was made, as its id says.
        entity_id: Whom it was for; empty for nobody.
        rows: The features of each row.
        answers: The prediction for each row; none of a call that failed.
        status_code: The gRPC status code.
        life: In which life of the server.
        split: How often the router had been changed before.
        observed_ns: How long the client waited, in nanoseconds.
    """

    prediction_id: str
    variant: str
    propensity: float
    reason: str
    generation: int
    time_us: int
    entity_id: str
    rows: tuple[tuple[float, ...], ...]
    answers: tuple[float, ...]
    status_code: int
    life: int
    split: int
    observed_ns: int

    @property
    def is_pinned(self) -> bool:
        """Whether the caller named the variant: it is in no figure then."""
        return self.reason == "pin"

    @property
    def recorded_rows(self) -> range:
        """The rows that reads show: all of a call that was answered OK, one of a call that failed."""
        return range(1 if self.status_code else len(self.rows))


@dataclass(frozen=True)
class Value:
    """A value of feedback in force."""

    call: Call
    row: int
    metric: str
    value: float


@dataclass
class ClientLog:
    """Everything a client did to one router.

    Attributes:
        corrects: Whether the router takes corrections.
        sticky: Whether it keeps an entity at its variant.
        weights: The weights of its variants.
        split: How often it was changed.
        split_life: In which life of the server it was changed last.
        calls: The calls by id, in the order of their answers.
        values: The feedback in force.
        unrecorded: The ids of predictions that were let go or erased.
        erased: The ids of those that were erased.
        told: What the first read told of each row, by prediction id and row; later ones must tell the same.
    """

    corrects: bool
    sticky: bool
    weights: dict[str, float]
    split: int = 0
    split_life: int = 0
    calls: dict[str, Call] = field(default_factory=dict)
    values: dict[Key, Value] = field(default_factory=dict)
    unrecorded: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    told: dict[tuple[str, int], Any] = field(default_factory=dict)

    def note(self, call: Call) -> None:
        """Notes a call."""
        assert call.prediction_id not in self.calls, f"{call.prediction_id} was given twice"
        self.calls[call.prediction_id] = call

    def change(self, life: int, **weights: float) -> None:
        """Notes that the router was changed, and the weights that are others now."""
        self.weights |= weights
        self.split += 1
        self.split_life = life

    def feed(self, call: Call, row: int, metric: str, value: float) -> str:
        """Notes a value; answers what the server should say of it."""
        key = (call.prediction_id, row, metric)
        before = self.values.get(key)
        if before is not None and before.value == value:
            return "duplicate"
        if before is not None and not self.corrects:
            return "conflict"
        self.values[key] = Value(call, row, metric, value)
        return "applied" if before is None else "corrected"

    def recorded(self) -> list[Call]:
        """The calls that reads know, oldest first."""
        kept = (call for call in self.calls.values() if call.prediction_id not in self.unrecorded)
        return sorted(kept, key=lambda call: (call.time_us, call.prediction_id))

    def rows(self) -> list[Row]:
        """The rows that reads know, oldest first."""
        return [(call, row) for call in self.recorded() for row in call.recorded_rows]

    def latest(self, entity_id: str) -> Call | None:
        """An entity's latest prediction: of those that were answered OK and whose feedback counts."""
        its = [
            call
            for call in self.recorded()
            if call.entity_id == entity_id and not call.status_code and not call.is_pinned
        ]
        return its[-1] if its else None

    def erase(self, entity_id: str) -> tuple[int, int]:
        """Notes that an entity is erased; answers how many rows of predictions go, and how many values."""
        gone = [call for call in self.recorded() if call.entity_id == entity_id]
        ids = {call.prediction_id for call in gone}
        keys = [key for key in self.values if key[0] in ids]
        for key in keys:
            del self.values[key]
        self.unrecorded |= ids
        self.erased |= ids
        return sum(len(call.recorded_rows) for call in gone), len(keys)

    def let_go(self) -> None:
        """Notes that everything that was recorded so far is not kept any more; its feedback is."""
        self.unrecorded |= set(self.calls)

    def values_by_call(self) -> dict[str, list[Value]]:
        """The feedback in force by prediction id, of each ordered by row and metric."""
        found: dict[str, list[Value]] = defaultdict(list)
        for value in sorted(self.values.values(), key=lambda value: (value.row, value.metric)):
            found[value.call.prediction_id].append(value)
        return found

    def values_of(self, call: Call) -> Iterator[Value]:
        """The feedback in force for a call, ordered by row and metric."""
        its = (value for key, value in self.values.items() if key[0] == call.prediction_id)
        yield from sorted(its, key=lambda value: (value.row, value.metric))
