"""What is measured and what must be reached."""

from dataclasses import dataclass
from enum import StrEnum

from benches.load.sample import Shape

KIBIBYTE = 1024


class Figure(StrEnum):
    """What two contestants are compared by."""

    CPU = "CPU per call"
    THROUGHPUT = "throughput"
    ADDED_LATENCY = "added latency"


@dataclass(frozen=True)
class Judge:
    """A ratio that must be reached: the first contestant's figure over the second's."""

    figure: Figure
    first: str
    second: str
    limit: float

    @property
    def is_ceiling(self) -> bool:
        """Whether smaller is better."""
        return self.figure is not Figure.THROUGHPUT

    def accepts(self, ratio: float) -> bool:
        """Answers whether a ratio reaches the limit."""
        return ratio <= self.limit if self.is_ceiling else ratio >= self.limit


@dataclass(frozen=True)
class Case:
    """One shape of load on several contestants, in rounds."""

    name: str
    shape: Shape
    contestants: tuple[str, ...]
    judges: tuple[Judge, ...]
    span_factor: float = 1.0
    """How much longer than others it is measured: slow calls need time to be many."""

    @property
    def judged(self) -> tuple[str, ...]:
        """The contestants that its judges need, in order."""
        needed = {name for judge in self.judges for name in (judge.first, judge.second)}
        if any(judge.figure is Figure.ADDED_LATENCY for judge in self.judges):
            needed.add("direct")
        return tuple(name for name in self.contestants if name in needed)


def _against(second: str, *limits: tuple[Figure, float], first: str = "pointsman") -> tuple[Judge, ...]:
    return tuple(Judge(figure, first, second, limit) for figure, limit in limits)


CASES = (
    Case(
        "1 KB, 10 connections × 10 streams",
        Shape(10, 10, KIBIBYTE),
        ("direct", "relay", "envoy", "pointsman"),
        _against("envoy", (Figure.CPU, 0.8), (Figure.THROUGHPUT, 1.2)),
    ),
    Case(
        "1 KB, one connection × 50 streams",
        Shape(1, 50, KIBIBYTE),
        ("direct", "relay", "envoy", "pointsman"),
        _against("envoy", (Figure.CPU, 0.75), (Figure.THROUGHPUT, 1.3)),
    ),
    Case(
        "1 KB, one stream",
        Shape(1, 1, KIBIBYTE),
        ("direct", "relay", "envoy", "pointsman"),
        _against("envoy", (Figure.ADDED_LATENCY, 0.5)),
    ),
    Case(
        "1 MB, 10 connections × 10 streams",
        Shape(10, 10, KIBIBYTE * KIBIBYTE),
        ("direct", "relay", "envoy", "pointsman"),
        _against("envoy", (Figure.CPU, 1.05)),
        span_factor=3.0,
    ),
    Case(
        "1 KB, 10 connections × 10 streams, Python",
        Shape(10, 10, KIBIBYTE),
        ("grpc.aio", "pointsman"),
        _against("grpc.aio", (Figure.THROUGHPUT, 4.0)),
    ),
    Case(
        "1 KB, 10 connections × 10 streams, 10 % to a shadow, recorded",
        Shape(10, 10, KIBIBYTE),
        ("envoy mirror", "pointsman shadow"),
        _against("envoy mirror", (Figure.CPU, 1.0), (Figure.THROUGHPUT, 1.0), first="pointsman shadow"),
    ),
    Case(
        "10,000 routers, 10 weight updates a second",
        Shape(10, 10, KIBIBYTE),
        ("pointsman", "pointsman 10000"),
        _against("pointsman", (Figure.CPU, 1.10), first="pointsman 10000"),
    ),
)
