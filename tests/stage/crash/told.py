"""What clients sent and what they were told, with the times of both."""

import math
from dataclasses import dataclass, field

Key = tuple[str, int, str]
"""Prediction id, row and metric."""


@dataclass(frozen=True)
class Prediction:
    """A call that was answered.

    Attributes:
        prediction_id: What the answer said.
        router_id: The router.
        variant: What the answer said.
        row_count: The rows of the request.
        pinned: Whether the caller named the variant.
        sent: When it was sent, by the monotonic clock.
        answered: When it was answered.
        life: In which life of the server.
    """

    prediction_id: str
    router_id: str
    variant: str
    row_count: int
    pinned: bool
    sent: float
    answered: float
    life: int


@dataclass
class Sent:
    """A value of feedback.

    Attributes:
        value: The value.
        sent: When it was sent.
        acknowledged: When it was acknowledged; infinite when it was not.
        outcome: What came of it, where the caller waited for that; a ``FeedbackOutcome``.
    """

    value: float
    sent: float
    acknowledged: float = math.inf
    outcome: int = 0


@dataclass
class Told:
    """Everything that clients know.

    Attributes:
        predictions: The answered calls by id.
        feedback: The values sent for each key.
        ends: When each life was killed; infinite for one that ended well.
    """

    predictions: dict[str, Prediction] = field(default_factory=dict)
    feedback: dict[Key, list[Sent]] = field(default_factory=dict)
    ends: list[float] = field(default_factory=list)

    @property
    def life(self) -> int:
        """The number of the server's present life."""
        return len(self.ends)

    def send(self, key: Key, value: float, now: float) -> Sent:
        """Notes a value before it is sent."""
        sent = Sent(value, now)
        self.feedback.setdefault(key, []).append(sent)
        return sent

    @property
    def acknowledged_count(self) -> int:
        """How many keys have a value that was acknowledged."""
        return sum(any(sent.acknowledged < math.inf for sent in values) for values in self.feedback.values())


def possible_firsts(values: list[Sent]) -> set[float]:
    """Answers the values that may have been the first: those that none was acknowledged before.

    A value whose acknowledgement did not arrive may have been recorded at any time after it was sent.
    """
    earliest = min((sent.acknowledged for sent in values), default=math.inf)
    return {sent.value for sent in values if sent.sent <= earliest}
