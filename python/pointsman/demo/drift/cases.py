"""The tumours that the demo asks for, as they are and after the change, and what becomes known of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pointsman.client import GroundTruth
from pointsman.demo.drift.waiting import wait_for
from pointsman.demo.errors import DemoError
from pointsman.demo.plans import MODEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pointsman.client import AsyncClient
    from pointsman.demo.dataset import TrainingResult

SHIFTED_FEATURE = "mean texture"
SHIFT_FACTOR = 1.3
RULE_FEATURE = "worst smoothness"
RULE_LIMIT = 0.125
RULE_LABEL = "malignant"
"""After the change tumours with ``RULE_FEATURE`` above ``RULE_LIMIT`` are called so, whatever they were."""
MAX_IN_FLIGHT = 32
RECORD_SECONDS = 20.0
"""How long the server may take to see what it was asked."""


@dataclass(frozen=True)
class Case:
    """A tumour of which the model is asked once.

    Attributes:
        entity: Whom it is of; of each stretch of cases others.
        features: What the model is given, by name.
        truth: What comes true.
    """

    entity: str
    features: dict[str, float]
    truth: str


@dataclass(frozen=True)
class Stretch:
    """Cases that were asked for in a span of time, which an analysis can look at.

    Attributes:
        start: Before the first call.
        end: After the last one.
        count: How many calls there were.
        right: How many answers came true.
    """

    start: datetime
    end: datetime
    count: int
    right: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / self.count


def as_they_are(training: TrainingResult) -> list[Case]:
    """Answers the held-out rows, each once."""
    return [
        Case(f"before-{number:04d}", training.features(row), row.truth)
        for number, row in enumerate(training.rows)
    ]


def changed(training: TrainingResult) -> list[Case]:
    """Answers the held-out rows with one feature shifted, and with what the new rule calls them."""
    found = []
    for number, row in enumerate(training.rows):
        features = training.features(row)
        truth = RULE_LABEL if features[RULE_FEATURE] > RULE_LIMIT else row.truth
        features[SHIFTED_FEATURE] *= SHIFT_FACTOR
        found.append(Case(f"after-{number:04d}", features, truth))
    return found


async def go_through(client: AsyncClient, router_id: str, cases: Sequence[Case]) -> Stretch:
    """Asks for each case, then tells what came true of it.

    Args:
        client: Calls the server.
        router_id: The router to call.
        cases: The cases.

    Returns:
        The span of time, and the count of right answers.

    Raises:
        ClientError: A call failed.
        DemoError: The server does not see all of them, or an outcome fits no prediction.
    """
    start = datetime.now(UTC)
    answers = await _ask(client, router_id, cases)
    end = datetime.now(UTC)

    async def seen() -> int | None:
        found = await client.drift.predictions(MODEL, limit=1, start_date=start, end_date=end)
        return found.total if found.total == len(cases) else None

    await wait_for(seen, RECORD_SECONDS, f"the server does not list the {len(cases)} predictions just made")
    told = await client.drift.upload_ground_truth(
        MODEL, [GroundTruth(case.entity, case.truth) for case in cases]
    )
    if told.matched != len(cases):
        raise DemoError(f"{told.matched} of {len(cases)} outcomes were matched with a prediction")
    right = sum(answer == case.truth for answer, case in zip(answers, cases, strict=True))
    return Stretch(start, end, len(cases), right)


async def _ask(client: AsyncClient, router_id: str, cases: Iterable[Case]) -> list[object]:
    """Answers the labels, in the order of the cases."""
    room = asyncio.Semaphore(MAX_IN_FLIGHT)

    async def ask(case: Case) -> object:
        async with room:
            return (await client.predict(router_id, case.features, entity_id=case.entity)).prediction

    return list(await asyncio.gather(*(ask(case) for case in cases)))
