"""Measures what a newcomer waits for: ``python -m benches.first_hours [--clone] [--rounds N]``.

Ends with 0 when everything could be measured, whatever the figures; they carry their own PASS and MISS.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from benches.load.processes import ROOT, HarnessError, Program
from benches.load.report import describe_machine

FIRST_TABLE_SECONDS = 270.0
READY_SECONDS = 3.0
LIST_SECONDS = 0.4
ROUNDS = 10
TABLE_TITLE = "A bandit at work"
"""How the demo's first table begins."""
CLONE_SECONDS = 1800.0


@dataclass(frozen=True)
class Figure:
    """One wait.

    Attributes:
        what: What is waited for.
        seconds: Each round's wall-clock time.
        limit: What the median must not exceed, in seconds.
    """

    what: str
    seconds: list[float]
    limit: float

    @property
    def line(self) -> str:
        """The row of the table."""
        middle = statistics.median(self.seconds)
        verdict = "PASS" if middle <= self.limit else "MISS"
        span = f"{min(self.seconds):.2f}–{max(self.seconds):.2f}" if len(self.seconds) > 1 else ""
        return f"| {self.what} | {middle:.2f} s | {span} | ≤ {self.limit:g} s | {verdict} |"


def measure_command(executable: Path, rounds: int) -> list[Figure]:
    """Times starts of a server on empty folders, and ``routers list`` of another one.

    Args:
        executable: The installed command.
        rounds: How often each.
    """
    ready: list[float] = []
    listed: list[float] = []
    with tempfile.TemporaryDirectory(prefix="pointsman-first-hours-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        for number in range(rounds):
            with ExitStack() as one:
                started = time.monotonic()
                _start(one, executable, folder, f"s{number}")
                ready.append(time.monotonic() - started)
        address = _start(stack, executable, folder, "listed")
        command = [str(executable), "routers", "list", "--server", address]
        for _ in range(rounds):
            started = time.monotonic()
            subprocess.run(command, check=True, capture_output=True)
            listed.append(time.monotonic() - started)
    return [
        Figure("server ready", ready, READY_SECONDS),
        Figure("`pointsman routers list`", listed, LIST_SECONDS),
    ]


def measure_first_table() -> Figure:
    """Clones what is committed here into an empty folder and times ``make demo`` until its first table.

    Raises:
        HarnessError: The demo failed or showed no table in time.
    """
    with tempfile.TemporaryDirectory(prefix="pointsman-clone-") as scratch:
        clone = Path(scratch) / "pointsman"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        dropped = ("VIRTUAL_ENV", "PYO3_PYTHON", "PYTHONPATH", "CARGO_TARGET_DIR", "MAKEFLAGS", "MAKELEVEL")
        environment = {name: value for name, value in os.environ.items() if name not in dropped}
        started = time.monotonic()
        demo = subprocess.Popen(
            ["make", "demo", "DEMO_FLAGS=--duration 4"],
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        seconds, said = 0.0, []
        with demo:
            for line in demo.stdout or ():
                said.append(line)
                if not seconds and TABLE_TITLE in line:
                    seconds = time.monotonic() - started
                if time.monotonic() - started > CLONE_SECONDS:
                    demo.kill()
        if demo.returncode or not seconds:
            raise HarnessError(
                f"make demo in an empty clone ended with {demo.returncode}: {''.join(said[-20:])}"
            )
        return Figure("first table of `make demo`, empty clone", [seconds], FIRST_TABLE_SECONDS)


def _start(stack: ExitStack, executable: Path, folder: Path, name: str) -> str:
    """Starts a server on an empty folder and waits until it is ready; answers its address."""
    ready_file = folder / f"{name}.ready"
    addresses = ("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0")
    command = [executable, "serve", *addresses, "--data-dir", folder / name, "--ready-file", ready_file]
    program = stack.enter_context(Program(name, command, folder / f"{name}.log", cwd=folder))
    address: str = json.loads(program.wait_for_file(ready_file))["grpc"]
    return address


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints the table and writes it beside the other results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clone", action="store_true", help="time make demo in an empty clone, too")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help="how often the server and the command start"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "benches/results/first_hours")
    options = parser.parse_args(arguments)
    try:
        figures = measure_command(Path(sys.executable).with_name("pointsman"), options.rounds)
        if options.clone:
            figures.append(measure_first_table())
    except HarnessError as error:
        print(error, file=sys.stderr)
        return 1
    machine = describe_machine()
    heading = "| what | median | range | limit | |\n| --- | --- | --- | --- | --- |"
    told = "\n".join([heading, *(figure.line for figure in figures)])
    page = f"# What a newcomer waits for\n\n{machine['processor']}, {machine['cores']} cores.\n\n{told}\n"
    options.output.with_suffix(".md").write_text(page)
    kept = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    options.output.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
