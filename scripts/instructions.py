"""Counts the instructions of one decision and refuses more than the ceilings.

``python scripts/instructions.py [--binary PATH]`` runs ``decide_loop`` twice for each kind of decision
under callgrind. The difference of the two counts divided by the difference of the two lengths is the cost
of one decision: what start-up costs cancels out. Unlike nanoseconds, instructions do not depend on what
else the machine does, so that continuous integration can compare them.

Exit codes: 0 within the ceilings, or not measured because valgrind is missing (which it says);
1 above a ceiling; 2 when a program cannot be built or run.
"""

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parent.parent
SHORT_RUN = 20_000
LONG_RUN = 120_000


@dataclass(frozen=True)
class Ceiling:
    """What one kind of decision may cost.

    Attributes:
        kind: The word that ``decide_loop`` knows it by.
        measured: Instructions per decision on x86-64 when the ceiling was set.
    """

    kind: str
    measured: float

    @property
    def instructions(self) -> float:
        """The most that is accepted: compilers and C libraries differ by some per cent."""
        return self.measured * 1.15


CEILINGS = (
    Ceiling("sticky", 177.0),
    Ceiling("random", 79.0),
    # Two thirds of these are the look-ups in the map that Predict has features in.
    Ceiling("rules", 3851.0),
    Ceiling("pattern", 4275.0),
)


class MeasurementError(Exception):
    """A program could not be built or run; the text says which and why."""


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end.

    Args:
        command: The program and its arguments.

    Returns:
        Its output, as text.

    Raises:
        MeasurementError: It failed.
    """
    outcome = subprocess.run(command, cwd=SOURCE_ROOT, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        shown = " ".join(command)
        raise MeasurementError(f"{shown}: exit code {outcome.returncode}\n{outcome.stderr.strip()}")
    return outcome


def build() -> Path:
    """Builds ``decide_loop`` as the server is built.

    Returns:
        Where it lies.

    Raises:
        MeasurementError: Cargo failed, or built no such program.
    """
    command = ["cargo", "build", "--release", "--locked", "--package", "pointsman-decision-bench"]
    messages = run([*command, "--bin", "decide_loop", "--message-format", "json-render-diagnostics"]).stdout
    for line in messages.splitlines():
        message = json.loads(line)
        executable = message.get("executable")
        if executable and message["target"]["name"] == "decide_loop":
            return Path(executable)
    raise MeasurementError("cargo build: it names no program decide_loop")


def instructions(binary: Path, count: int, kind: str) -> int:
    """Counts the instructions of a whole run.

    Args:
        binary: The path of ``decide_loop``.
        count: How many decisions it makes.
        kind: One that ``decide_loop`` knows.

    Returns:
        The instructions that callgrind saw.

    Raises:
        MeasurementError: Valgrind failed, or its summary could not be read.
    """
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    summary = run([*valgrind, str(binary), str(count), kind]).stderr
    collected = re.search(r"Collected : (\d+)", summary)
    if collected is None:
        raise MeasurementError(f"valgrind: no line 'Collected' in its summary\n{summary}")
    return int(collected.group(1))


def per_decision(binary: Path, kind: str) -> float:
    """Measures one kind of decision.

    Args:
        binary: The path of ``decide_loop``.
        kind: One that ``decide_loop`` knows.

    Returns:
        Instructions per decision.

    Raises:
        MeasurementError: Valgrind failed.
    """
    short, long = (instructions(binary, count, kind) for count in (SHORT_RUN, LONG_RUN))
    return (long - short) / (LONG_RUN - SHORT_RUN)


def main() -> int:
    """Measures every kind of decision, prints the figures and judges them.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description="Counts the instructions of one decision.")
    parser.add_argument("--binary", type=Path, help="decide_loop, built already; default: build it")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("instructions per decision: not measured, valgrind is not installed (Debian: valgrind)")
        return 0
    # Another instruction set has other counts: there the figures are shown and not judged.
    judged = platform.machine() in {"x86_64", "AMD64"}
    above = False
    try:
        binary: Path = arguments.binary.resolve() if arguments.binary else build()
        for ceiling in CEILINGS:
            measured = per_decision(binary, ceiling.kind)
            if not judged:
                verdict = f"not judged on {platform.machine()}"
            elif measured <= ceiling.instructions:
                verdict = f"ceiling {ceiling.instructions:.0f}"
            else:
                verdict = f"ABOVE the ceiling of {ceiling.instructions:.0f}"
                above = True
            print(f"{ceiling.kind:<7} {measured:7.1f} instructions per decision ({verdict})")
    except (MeasurementError, OSError) as error:
        print(f"instructions: {error}", file=sys.stderr)
        return 2
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
