"""Sends held-out rows as real calls, at a steady pace, and tells the server whether each answer was right."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from pointsman.client import ClientError
from pointsman.demo.errors import DemoError
from pointsman.demo.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pointsman.client import AsyncClient
    from pointsman.demo.dataset import HeldOutRow, TrainingResult

ENTITIES = 600
REQUESTS_PER_SECOND = 150
MAX_IN_FLIGHT = 32
REWARD = "reward"
MISSING_SHARE = 0.2
LATEST_SECONDS = 1.0


class Traffic:
    """The patients, their rows and the calls made for them.

    Attributes:
        keeps_homes: Whether each patient gets the same variant while the weights stay.

    Args:
        client: Calls the server.
        router_id: The router to call.
        variants: Its variants' names.
        training: The rows to send.
        seed: Makes the order of patients repeatable.
    """

    keeps_homes = True

    def __init__(
        self, client: AsyncClient, router_id: str, variants: list[str], training: TrainingResult, seed: int
    ) -> None:
        self._client = client
        self._router_id = router_id
        self._variants = variants
        self._training = training
        self._random = random.Random(seed)
        self.tally = Tally.of(variants)
        """Since the weights last changed."""
        self.homes: dict[str, str] = {}
        """Which variant each patient got, since the weights last changed."""

    def begin_stretch(self) -> Tally:
        """Starts to count anew; answers what was counted so far."""
        counted, self.tally, self.homes = self.tally, Tally.of(self._variants), {}
        return counted

    async def send(self, seconds: float) -> None:
        """Sends rows of random patients at a steady pace; returns when the last answer is in."""
        count = max(round(seconds * REQUESTS_PER_SECOND), 1)
        started = time.monotonic()
        room = asyncio.Semaphore(MAX_IN_FLIGHT)
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                await asyncio.sleep(max(started + number / REQUESTS_PER_SECOND - time.monotonic(), 0.0))
                await room.acquire()
                task = group.create_task(self._visit(entity_name(self._random.randrange(ENTITIES))))
                task.add_done_callback(lambda _: room.release())

    async def ask_again(self, entities: Iterable[str]) -> None:
        """Asks once for each of these patients, all at once, without feedback; the rush is not timed."""
        room = asyncio.Semaphore(MAX_IN_FLIGHT)

        async def ask(entity: str) -> None:
            async with room:
                await self._ask(entity, timed=False)

        async with asyncio.TaskGroup() as group:
            for entity in entities:
                group.create_task(ask(entity))

    async def _visit(self, entity: str) -> None:
        """Predicts for a patient, then brings what turned out to be true."""
        asked = await self._ask(entity)
        if asked is None:
            return
        prediction_id, variant, right = asked
        await self._tell(prediction_id, variant, right=right)

    async def _tell(self, prediction_id: str, variant: str, *, right: bool) -> None:
        """Tells the server whether an answer was right."""
        try:
            await self._client.record_feedback(prediction_id, 1.0 if right else 0.0, metric=REWARD)
        except ClientError as error:
            self._count_error(error)
            return
        tally = self.tally.variants[variant]
        tally.feedback += 1
        tally.right += right

    async def _ask(self, entity: str, *, timed: bool = True) -> tuple[str, str, bool] | None:
        """Predicts for a patient; answers prediction id, variant and whether it was right."""
        row = self._row(entity)
        started = time.perf_counter()
        try:
            answer = await self._client.predict(
                self._router_id, self._training.features(row), entity_id=entity
            )
        except ClientError as error:
            self.tally.failed_requests += 1
            self._count_error(error)
            return None
        tally = self.tally.variants[answer.variant]
        tally.requests += 1
        if timed:
            tally.seconds.append(time.perf_counter() - started)
        home = self.homes.setdefault(entity, answer.variant)
        if home != answer.variant and self.keeps_homes:
            raise DemoError(
                f"{entity} got {home} and then {answer.variant}, although the weights stayed as they were"
            )
        return answer.prediction_id, answer.variant, answer.prediction == row.truth

    def _row(self, entity: str) -> HeldOutRow:
        return self._training.rows[entity_number(entity) % len(self._training.rows)]

    def _count_error(self, error: ClientError) -> None:
        self.tally.errors[error.code.name] += 1
        self.tally.last_error = error.message


class LateTraffic(Traffic):
    """Traffic whose truth is known up to a second later, and of some patients never."""

    keeps_homes = False

    async def _visit(self, entity: str) -> None:
        """Predicts for a patient; what turned out to be true comes on its own, if at all."""
        asked = await self._ask(entity)
        if asked is None or self._random.random() < MISSING_SHARE:
            return
        prediction_id, variant, right = asked
        self._late.append(
            asyncio.create_task(
                self._later(self._random.random() * LATEST_SECONDS, prediction_id, variant, right=right)
            )
        )

    async def send(self, seconds: float) -> None:
        """Sends rows of random patients at a steady pace; returns when the last truth is told."""
        self._late: list[asyncio.Task[None]] = []
        await super().send(seconds)
        await asyncio.gather(*self._late)

    async def _later(self, seconds: float, prediction_id: str, variant: str, *, right: bool) -> None:
        await asyncio.sleep(seconds)
        await self._tell(prediction_id, variant, right=right)


def entity_name(number: int) -> str:
    """Answers a patient's id."""
    return f"patient-{number:04d}"


def entity_number(entity: str) -> int:
    """Answers the number in a patient's id."""
    return int(entity.rpartition("-")[2])
