"""Where analyses run: as programs of their own, on this machine or elsewhere."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True)
class AnalysisStart:
    """What names one start of an analysis."""

    job_id: str
    attempt: int


class RunState(Enum):
    """What is known of a start's program."""

    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"
    """It was started by somebody else, so only what it writes tells."""


class AnalysisRunner(Protocol):
    """Starts and ends the programs."""

    def start(self, start: AnalysisStart, spec: bytes) -> None:
        """Starts a program; what it is to do it reads from its standard input.

        Args:
            start: Names the start.
            spec: What it is to do, as JSON.

        Raises:
            UnavailableError: It cannot be started.
        """

    def state(self, start: AnalysisStart) -> RunState:
        """Says whether a start's program runs."""

    def known(self) -> list[AnalysisStart]:
        """Answers the starts whose programs it looks after, ended ones until they are forgotten."""

    def last_words(self, start: AnalysisStart) -> str:
        """Answers the last line that an ended program wrote of an error; empty when there is none."""

    def end(self, start: AnalysisStart) -> None:
        """Ends a start's program if it is known here, and forgets it."""

    def close(self) -> list[AnalysisStart]:
        """Ends all programs; answers the starts of those that ran."""
