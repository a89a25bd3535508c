"""Arms that succeed at known rates, and engines that learn of them between calls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pointsman.dataplane.engine import OfflineEngine
from pointsman.v1 import snapshot_pb2

from .routers import ROUTER

Rates = Sequence[float]
TWO, FIVE, TEN = (0.5, 0.6), (0.5, *[0.45] * 4), (0.5, *[0.4] * 9)


def calls(count: int) -> pa.Table:
    """Makes calls without entities."""
    return pa.table({"number": np.zeros(count, np.int8)})


def picked(decided: pa.Table) -> NDArray[np.int64]:
    """Answers the index of each decision's variant: an engine's words are its router's variants in order."""
    column = decided.column("variant").combine_chunks()
    chunk = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(chunk.indices.to_numpy(zero_copy_only=False), np.int64)


@dataclass(frozen=True)
class Served:
    """Calls that were decided and rewarded; regret is what the best arm would have brought beyond them."""

    variants: NDArray[np.int64]
    propensities: NDArray[np.float64]
    rewards: NDArray[np.float64]
    regret: float


@dataclass
class Learner:
    """An engine that is told the reward of each call that it decided.

    Attributes:
        router: The bandit; its variants are named ``v0`` and so on.
        seed: Of the engine's draws.
    """

    router: snapshot_pb2.RouterSnapshot
    seed: int
    engine: OfflineEngine = field(init=False)
    names: NDArray[np.object_] = field(init=False)

    def __post_init__(self) -> None:
        self.engine = OfflineEngine(self.router, self.seed)
        self.names = np.array([variant.name for variant in self.router.variants], dtype=object)

    def serve(self, batch: pa.Table, rates: Rates, chance: np.random.Generator) -> Served:
        """Decides calls and tells their rewards, in the order of the calls.

        Args:
            batch: The calls.
            rates: How likely each arm's reward is 1; else it is 0.
            chance: Draws the rewards.
        """
        decided = self.engine.decide(ROUTER, batch)
        variants = picked(decided)
        of_call = np.asarray(rates)[variants]
        values = (chance.random(len(variants)) < of_call).astype(float)
        self.engine.observe_rewards(ROUTER, self.names[variants].tolist(), values.tolist())
        propensities = decided.column("propensity").to_numpy()
        return Served(variants, propensities, values, float(max(rates) * len(variants) - of_call.sum()))


@dataclass(frozen=True)
class Problem:
    """A simulated problem.

    Attributes:
        router: The bandit.
        phases: The rates of each phase; phases are equally long.
        horizon: How many calls.
        batch: After so many calls of an engine their rewards are told and its shares are computed anew.
        engines: How many engines share the calls, each a batch in turn.
        merge_every: After so many calls of all engines they tell each other their totals.
        seconds_per_call: How long a call takes, on the clock of a half-life; 0 stands still.
    """

    router: snapshot_pb2.RouterSnapshot
    phases: Sequence[Rates]
    horizon: int
    batch: int
    engines: int = 1
    merge_every: int = 0
    seconds_per_call: float = 0.0

    def regret(self, seed: int) -> float:
        """Answers the regret of one run."""
        chance = np.random.default_rng(seed)
        learners = [Learner(self.router, seed * self.engines + number) for number in range(self.engines)]
        batch, total = calls(self.batch), 0.0
        for turn in range(self.horizon // self.batch):
            done = turn * self.batch
            learner = learners[turn % self.engines]
            rates = self.phases[done * len(self.phases) // self.horizon]
            total += learner.serve(batch, rates, chance).regret
            done += self.batch
            learned = [learner]
            if self.merge_every and done % self.merge_every == 0:
                _merge(learners)
                learned = learners
            seconds = done * self.seconds_per_call if self.seconds_per_call else None
            for one in learned:
                one.engine.update(ROUTER, seconds)
        return total

    def mean_regret(self, runs: int) -> "Figure":
        """Answers the mean regret of runs with the seeds 1, 2 and so on."""
        return figure([self.regret(seed) for seed in range(1, runs + 1)])


def _merge(learners: Sequence[Learner]) -> None:
    told = [learner.engine.arm_totals(ROUTER) for learner in learners]
    for own, learner in enumerate(learners):
        for other, (sequence, totals) in enumerate(told):
            if other != own:
                learner.engine.merge_arm_totals(ROUTER, other, sequence, totals)


@dataclass(frozen=True)
class Figure:
    """A mean with its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.error:.1f}"


def figure(values: Sequence[float]) -> Figure:
    """Answers the mean of independent values."""
    return Figure(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values)))


def ratio(above: Figure, below: Figure) -> Figure:
    """Answers a ratio of independent means; its error by its linear part."""
    value = above.mean / below.mean
    return Figure(value, value * math.hypot(above.error / above.mean, below.error / below.mean))


def assert_reaches(found: Figure, reach: Figure) -> None:
    """Fails where a mean is above another one by more than three standard errors of their difference."""
    print(f"{found}, to reach {reach}")
    assert found.mean <= reach.mean + 3 * math.hypot(found.error, reach.error)
