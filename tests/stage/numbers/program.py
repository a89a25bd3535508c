"""What a client and an operator do, one after the other, drawn from a seed."""

import random
from collections.abc import Callable

from .reads import Reads
from .world import BAD, VARIANTS, Client, World

ENTITIES = ("ann", "ben", "cleo", "")
METRICS = ("reward", "clicks")
CENTRES = (0.0, 0.0, 5.0, 1e7, 1.7e9, 1e12)
TYPOS = (1e9, 1e17)
STEPS = 24
CHECK_SHARE = 0.12
Action = Callable[[], None]


class Program:
    """A run: some actions of a client on a router of its own, with reads in between.

    Args:
        world: The world.
        router_id: The router.
        seed: What everything is drawn from.
    """

    def __init__(self, world: World, router_id: str, seed: str) -> None:
        self.done: list[str] = []
        self._world = world
        self._drawn = random.Random(seed)
        self._client = Client(world, router_id, self._drawn)
        self._centres = {metric: self._drawn.choice(CENTRES) for metric in METRICS}
        weights: dict[Action, int] = {
            self.call: 24,
            self.predict: 12,
            self.feed_back: 30,
            self.repeat: 8,
            self.feed_back_entity: 6,
            self.reweight: 3,
            self.ship: 4,
            self.compact: 3,
            self.export: 2,
            self.erase: 2,
            self.let_go: 1,
            self.restart: 1,
            self.kill: 1,
        }
        self._actions, self._weights = list(weights), list(weights.values())

    def run(self) -> None:
        """Does everything; insists now and then, and in the end, that all reads are right."""
        for _ in range(STEPS):
            [action] = self._drawn.choices(self._actions, self._weights)
            self.done.append(action.__name__)
            action()
            if self._drawn.random() < CHECK_SHARE:
                self._check()
        self._check()

    def call(self) -> None:
        """A batch, which may fail, and whose variant may be named."""
        count = self._drawn.choice((1, 1, 1, 2, 5))
        rows = tuple(self._row() for _ in range(count))
        if self._drawn.random() < 0.15:
            rows = ((BAD, 0.0), *rows[1:])
        self._client.infer(rows, self._entity(), self._pin())

    def predict(self) -> None:
        """One row by its features."""
        self._client.predict(self._row(), self._entity(), self._pin())

    def feed_back(self) -> None:
        """A value for any prediction, also one that is gone, or for a row that it did not have."""
        calls = list(self._client.log.calls.values())
        if not calls:
            return
        call = self._drawn.choice(calls)
        row = self._drawn.randrange(len(call.rows) + (self._drawn.random() < 0.1))
        metric = self._drawn.choice(METRICS)
        waits = self._drawn.random() < 0.5
        self._client.feed_back(call, row, metric, self._value(metric), waits=waits)

    def repeat(self) -> None:
        """A value that came before."""
        values = list(self._client.log.values.values())
        if values:
            again = self._drawn.choice(values)
            self._client.feed_back(again.call, again.row, again.metric, again.value, waits=True)

    def feed_back_entity(self) -> None:
        """A value for an entity's latest prediction."""
        metric = self._drawn.choice(METRICS)
        self._client.feed_back_entity(self._drawn.choice(ENTITIES[:-1]), metric, self._value(metric))

    def reweight(self) -> None:
        """Other shares."""
        self._client.reweight(float(self._drawn.randrange(1, 100)))

    def ship(self) -> None:
        """Everything reaches files."""
        self._world.ship()

    def compact(self) -> None:
        """Files become fewer."""
        self._world.ship()
        self._world.work("lake-compaction", "lake-files")

    def export(self) -> None:
        """Feedback reaches the lake."""
        self._world.work("feedback-export")

    def erase(self) -> None:
        """An entity goes."""
        self._client.erase(self._drawn.choice(ENTITIES[:-1]))

    def let_go(self) -> None:
        """All predictions go, and their feedback stays."""
        self._client.let_go()

    def restart(self) -> None:
        """The server ends well."""
        self._world.restart()

    def kill(self) -> None:
        """The server dies."""
        self._world.kill()

    def _check(self) -> None:
        self.done.append("CHECK")
        Reads(self._client, self._drawn).check()

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
