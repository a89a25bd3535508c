"""Many runs beside each other on one server, to which things happen meanwhile."""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from stage.crash.server import Zygote

from .program import Program
from .world import World

ACTIONS = 9
"""What each run does, at least."""
CHECK_SHARE = 0.02
"""How many of the runs are read in between; all are at the end."""
LET_GO_SHARE = 0.2
MANY_SPLITS = 70

KINDS = (
    *("batch answered", "call failed", "batch failed", "prediction of features", "pinned call"),
    *("feedback applied", "feedback corrected", "feedback conflict", "feedback duplicate"),
    *("feedback refused: erased", "feedback refused: no such row", "feedback by entity"),
    *("feedback refused: no prediction of the entity", "feedback after a restart"),
    *("feedback for what is not kept", "feedback for a pinned call"),
    *("feedback for a row that is not recorded", "reweighted", "predictions erased", "feedback erased"),
    *("restart", "kill", "records shipped", "files compacted", "feedback exported", "predictions let go"),
    *("list in several pages", "list by variant", "list by entity", "list by status", "list by feedback"),
    *("list by times", "prediction found by id", "prediction not found by id"),
    *("bound finer than a microsecond", "step of a window with calls", "live figures of calls"),
    *("p-value of a split", "p-value of several splits", "p-value of more than 64 splits", "live p-value"),
    *("coverage between none and all", "interval of a mean of 1e12"),
    *("export as csv", "export as jsonl", "export as parquet"),
    *("export with a time, zone said", "export with a time, zone not said"),
)
"""What must have happened in enough runs: a kind that never did was not compared."""


class Fleet:
    """Runs that share a server; each has a router and a log of its own.

    Args:
        zygote: Who makes servers.
        folder: Where the server's data and exports are.
        seed: What everything is drawn from.
        seen: How often which kind of thing truly happened; it is counted on.
    """

    def __init__(self, zygote: Zygote, folder: Path, seed: str, seen: Counter[str]) -> None:
        self.happened: list[str] = []
        self._drawn = random.Random(seed)
        self._seed = seed
        self._folder = folder
        self._seen = seen
        self._world = World(zygote, folder, seen)
        self._programs: list[Program] = []

    def close(self) -> None:
        """Ends the server."""
        self._world.close()

    def run(self, runs: int, *, with_many_splits: bool) -> None:
        """Does everything; insists now and then, and in the end, that all reads are right.

        Args:
            runs: How many runs there are.
            with_many_splits: Whether the shares of one router are changed very often.
        """
        self._programs = [
            Program(self._world, f"r{number}", f"{self._seed}/{number}", self._folder)
            for number in range(runs)
        ]
        self._world.define([program.client.definition for program in self._programs])
        events: list[Callable[[], None]] = [
            *(self._world.ship, self._world.compact, self._world.export_feedback),
            *(self._world.restart, self._world.kill, self._let_go),
        ]
        self._drawn.shuffle(events)
        # There must be files to compact.
        ship, compact = sorted((events.index(self._world.ship), events.index(self._world.compact)))
        events[ship], events[compact] = self._world.ship, self._world.compact
        for event in (None, *events):
            if event is not None:
                self.happened.append(event.__name__)
                event()
            for program in self._programs:
                self._do(program, partial(program.act, self._share_of(len(events) + 1)))
                if self._drawn.random() < CHECK_SHARE:
                    self._do(program, program.check)
        if with_many_splits:
            some = self._drawn.choice(self._programs)
            self._do(some, partial(some.shift_often, MANY_SPLITS))
        for program in self._programs:
            self._do(program, program.check)

    def _share_of(self, rounds: int) -> int:
        """Draws how often a run acts in a round."""
        least, further = divmod(ACTIONS, rounds)
        return least + (self._drawn.random() * rounds < further)

    def _let_go(self) -> None:
        """All predictions of some routers go, and their feedback stays."""
        chosen = [program.client for program in self._programs if self._drawn.random() < LET_GO_SHARE]
        for client in chosen:
            client.retain(1)
        self._world.retain()
        for client in chosen:
            client.retain(0)
            self._seen["predictions let go"] += bool(client.log.recorded())
            client.log.let_go()

    def _do(self, program: Program, action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:
            error.add_note(f"{program.client.router_id} did {' '.join(program.done)}")
            error.add_note(f"the server saw {' '.join(self.happened)}")
            raise
