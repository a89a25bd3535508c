"""What a client does to one router, one thing after the other, drawn from a seed."""

import random
from collections.abc import Callable
from pathlib import Path

from .client import Client
from .reads import Reads
from .world import BAD, VARIANTS, World

ENTITIES = ("ann", "ben", "cleo", "")
METRICS = ("reward", "clicks")
CENTRES = (0.0, 0.0, 5.0, 1e7, 1.7e9, 1e12)
TYPOS = (1e9, 1e17)
BURST_CALLS = 12
Action = Callable[[], None]


class Program:
    """A run: some actions of a client on a router of its own, with reads in between.

    Args:
        world: The world.
        router_id: The router.
        seed: What everything is drawn from.
        folder: Where files may be written.
    """

    def __init__(self, world: World, router_id: str, seed: str, folder: Path) -> None:
        self.done: list[str] = []
        self.client = Client(world, router_id, drawn := random.Random(seed))
        self._drawn = drawn
        self._folder = folder
        self._has_many_splits = False
        self._centres = {metric: self._drawn.choice(CENTRES) for metric in METRICS}
        weights: dict[Action, float] = {
            self.call: 24,
            self.predict: 12,
            self.burst: 1.5,
            self.feed_back: 30,
            self.repeat: 8,
            self.feed_back_entity: 1.5,
            self.reweight: 3,
            self.erase: 0.6,
        }
        self._actions, self._weights = list(weights), list(weights.values())

    def act(self, times: int) -> None:
        """Does some things."""
        for _ in range(times):
            [action] = self._drawn.choices(self._actions, self._weights)
            self.done.append(action.__name__)
            action()

    def check(self) -> None:
        """Insists that all reads are right."""
        self.done.append("CHECK")
        whole = self._has_many_splits or self._drawn.random() < 0.5
        Reads(self.client, self._drawn, self._folder).check(whole=whole)

    def call(self) -> None:
        """A batch, which may fail, and whose variant may be named."""
        count = self._drawn.choice((1, 1, 1, 2, 5))
        rows = tuple(self._row() for _ in range(count))
        if self._drawn.random() < 0.15:
            rows = ((BAD, 0.0), *rows[1:])
        self.client.infer(rows, self._entity(), self._pin())

    def predict(self) -> None:
        """One row by its features."""
        self.client.predict(self._row(), self._entity(), self._pin())

    def burst(self) -> None:
        """So many calls that a split can be tested, of nobody or of many."""
        kind = self._drawn.choice(("nobody", "many", "nobody, of two splits"))
        for number in range(BURST_CALLS):
            self.client.infer((self._row(),), f"user-{number}" if kind == "many" else "")
        if kind.endswith("splits"):
            self.client.reweight(self._drawn.choice((40.0, 60.0)))
            for _ in range(BURST_CALLS):
                self.client.infer((self._row(),), "")

    def feed_back(self) -> None:
        """A value for any prediction, also one that is gone, or for a row that it did not have."""
        calls = list(self.client.log.calls.values())
        if not calls:
            return
        erased = [call for call in calls if call.prediction_id in self.client.log.erased]
        call = self._drawn.choice(erased if erased and self._drawn.random() < 0.2 else calls)
        row = self._drawn.randrange(len(call.rows) + (self._drawn.random() < 0.1))
        metric = self._drawn.choice(METRICS)
        waits = self._drawn.random() < 0.5
        self.client.feed_back(call, row, metric, self._value(metric), waits=waits)

    def repeat(self) -> None:
        """A value that came before."""
        values = list(self.client.log.values.values())
        if values:
            again = self._drawn.choice(values)
            self.client.feed_back(again.call, again.row, again.metric, again.value, waits=True)

    def feed_back_entity(self) -> None:
        """A value for an entity's latest prediction."""
        metric = self._drawn.choice(METRICS)
        self.client.feed_back_entity(self._drawn.choice(ENTITIES[:-1]), metric, self._value(metric))

    def reweight(self) -> None:
        """Other shares."""
        self.client.reweight(float(self._drawn.randrange(1, 100)))

    def erase(self) -> None:
        """An entity goes, often one that has feedback."""
        told = [value.call.entity_id for value in self.client.log.values.values() if value.call.entity_id]
        self.client.erase(self._drawn.choice([*ENTITIES[:-1], *told]))

    def shift_often(self, splits: int) -> None:
        """Other shares again and again, each with calls enough to test it.

        Args:
            splits: How often.
        """
        self.done.append("shift_often")
        self._has_many_splits = True
        for number in range(splits):
            self.client.reweight(45.0 + number % 10)
            for _ in range(BURST_CALLS):
                self.client.infer((self._row(),), "")

    def _row(self) -> tuple[float, ...]:
        return (float(self._drawn.randrange(12)), float(self._drawn.randrange(-4, 5)))

    def _entity(self) -> str:
        return self._drawn.choice(ENTITIES)

    def _pin(self) -> str:
        return self._drawn.choice(VARIANTS) if self._drawn.random() < 0.12 else ""

    def _value(self, metric: str) -> float:
        if self._drawn.random() < 0.03:
            return self._drawn.choice(TYPOS)
        return self._centres[metric] + self._drawn.randrange(16) / 8
