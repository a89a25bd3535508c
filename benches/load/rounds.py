"""Runs the cases: contestants take turns within each round, so that what the machine does meets all alike."""

import math
import statistics
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benches.load.cases import Case, Figure, Judge
from benches.load.sample import Contestant, Sample, take_sample

Background = Callable[[], AbstractContextManager[object]]
"""What goes on beside the load of one contestant."""


@dataclass(frozen=True)
class Pace:
    """How long and how often."""

    rounds: int
    seconds: float
    warmup_seconds: float


@dataclass(frozen=True)
class Verdict:
    """What a judge said of the paired ratios."""

    judge: Judge
    ratios: list[float]

    @property
    def median(self) -> float:
        """The median of the paired ratios."""
        return statistics.median(self.ratios)

    @property
    def passed(self) -> bool:
        """Whether the median reaches the limit."""
        return self.judge.accepts(self.median)


@dataclass(frozen=True)
class Outcome:
    """A case with every sample, in the order of the rounds."""

    case: Case
    samples: dict[str, list[Sample]]
    verdicts: list[Verdict]


def run_case(
    case: Case,
    load: Path,
    contestants: Mapping[str, Contestant],
    backgrounds: Mapping[str, Background],
    pace: Pace,
) -> Outcome:
    """Runs all rounds of a case on those of its contestants that are there."""
    names = [name for name in case.contestants if name in contestants]
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    seconds = pace.seconds * case.span_factor
    for number in range(pace.rounds):
        # Turned round each time, so that nobody always follows the same neighbour.
        for name in names if number % 2 == 0 else reversed(names):
            with backgrounds.get(name, nullcontext)():
                sample = take_sample(load, contestants[name], case.shape, seconds, pace.warmup_seconds)
            samples[name].append(sample)
    verdicts = [
        Verdict(judge, paired_ratios(judge, samples))
        for judge in case.judges
        if {judge.first, judge.second} <= samples.keys()
    ]
    return Outcome(case, samples, verdicts)


def paired_ratios(judge: Judge, samples: Mapping[str, list[Sample]]) -> list[float]:
    """Answers the first contestant's figure over the second's, round by round."""
    pairs = zip(samples[judge.first], samples[judge.second], strict=True)
    match judge.figure:
        case Figure.CPU:
            return [first.cpu_us_per_call / second.cpu_us_per_call for first, second in pairs]
        case Figure.THROUGHPUT:
            return [first.calls_per_second / second.calls_per_second for first, second in pairs]
        case Figure.ADDED_LATENCY:
            return [
                _ratio(first.mean_us - direct.mean_us, second.mean_us - direct.mean_us)
                for (first, second), direct in zip(pairs, samples["direct"], strict=True)
            ]


def _ratio(first: float, second: float) -> float:
    """Divides; what adds nothing measurable cannot be a yardstick."""
    return first / second if second > 0 else math.nan
