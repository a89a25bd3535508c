"""Measures this version beside an earlier one: ``python -m benches.before [FLAGS] PATH_OF_ITS_POINTSMAN``.

Ends with 0 when everything could be measured, whatever the figures; they carry their own PASS and MISS.
"""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benches.before.instructions import Counted, count
from benches.load.contestants import Peers
from benches.load.processes import HarnessError, read_target_folder
from benches.load.sample import Shape
from benches.records.command import is_wanted, make_parser, report
from benches.records.findings import Findings, Table
from benches.records.lake import wait_until_shipped
from benches.records.recording import Pace, Party
from benches.records.stage import SHAPE, Stage, contestant, setting_stage

MOST_CPU_RATIO = 1.03
MOST_INSTRUCTIONS_RATIO = 1.03
COUNTED_SECONDS, QUICKLY_COUNTED_SECONDS = 20.0, 4.0
NOW, BEFORE = "now", "before"
SEAL_SECONDS = 1.0
KIBIBYTE = 1024


class Case(NamedTuple):
    """One load on both, in turns that are short, so that what the machine does meets both."""

    name: str
    shape: Shape
    is_recorded: bool
    rounds: int
    seconds: float


CASES = (
    Case("1 KB, 10 connections × 10 streams", Shape(10, 10, KIBIBYTE), False, 25, 3.0),
    Case("1 KB, one connection × 50 streams", Shape(1, 50, KIBIBYTE), False, 25, 3.0),
    Case("1 MB, 10 connections × 10 streams", Shape(10, 10, KIBIBYTE * KIBIBYTE), False, 11, 6.0),
    Case("recording", SHAPE, True, 15, 6.0),
)


def run_case(case: Case, stage: Stage, executables: dict[str, Path]) -> Findings:
    """Has both answer the same load in turns."""
    findings = Findings(
        case.name,
        f"{case.shape}; {case.rounds} rounds of {case.seconds:g} s in turns, in either order by turns; "
        "CPU is that of the whole process from the first call until nothing is left to do, over all calls "
        "answered; the ratio is the median of the rounds' ratios",
    )
    pace = Pace(case.rounds, case.seconds, warmup_seconds=0.7, seal_after_seconds=SEAL_SECONDS)
    with ExitStack() as stack:
        parties = {}
        for name, executable in executables.items():
            of_version = replace(stage, executable=executable)
            server = of_version.start_server(stack, name, SEAL_SECONDS)
            of_version.create_router(server, record=case.is_recorded, with_signature=bool(case.shape.columns))
            finish = partial(wait_until_shipped, server) if case.is_recorded else lambda _: 0.0
            parties[name] = Party(contestant(server, name), finish)
        for number in range(case.rounds):
            for name in parties if number % 2 == 0 else reversed(parties):
                parties[name].take_turn(stage, pace, case.shape)
    _judge(findings, parties)
    return findings


def _judge(findings: Findings, parties: dict[str, Party]) -> None:
    pairs = list(zip(parties[NOW].turns, parties[BEFORE].turns, strict=True))
    cpu = [now.cpu_us_per_call / before.cpu_us_per_call for now, before in pairs]
    findings.at_most("CPU per call, now / before", statistics.median(cpu), MOST_CPU_RATIO, spread=cpu)
    findings.tell(
        "throughput, now / before",
        statistics.median(
            now.sample.calls_per_second / before.sample.calls_per_second for now, before in pairs
        ),
    )
    table = Table(("", "calls/s", "CPU µs/call", "least CPU", "p50 µs", "p99 µs"))
    for name, party in parties.items():
        samples = [turn.sample for turn in party.turns]
        of_turns = [turn.cpu_us_per_call for turn in party.turns]
        table.add(
            name,
            statistics.median(sample.calls_per_second for sample in samples),
            f"{statistics.median(of_turns):.2f}",
            f"{min(of_turns):.2f}",
            statistics.median(sample.p50_us for sample in samples),
            statistics.median(sample.p99_us for sample in samples),
        )
    findings.tables.append(table)


def count_case(case: Case, stage: Stage, executables: dict[str, Path]) -> Findings:
    """Counts the instructions of calls of both."""
    seconds = QUICKLY_COUNTED_SECONDS if stage.is_quick else COUNTED_SECONDS
    findings = Findings(
        f"instructions: {case.name}",
        f"{case.shape}; user-space instructions by callgrind of the thread that answers calls and of the one "
        f"that writes their records, over the calls of {seconds:g} s, after half as many",
    )
    counted: dict[str, Counted] = {}
    for name, executable in executables.items():
        of_version = replace(stage, executable=executable)
        counted[name] = count(name, of_version, case.shape, seconds, is_recorded=case.is_recorded)
    findings.at_most(
        "instructions per call, now / before",
        counted[NOW].per_call / counted[BEFORE].per_call,
        MOST_INSTRUCTIONS_RATIO,
    )
    table = Table(("", "calls", "answering", "writing records"))
    for name, counts in counted.items():
        table.add(name, f"{counts.calls:,}", f"{counts.worker:,.0f}", f"{counts.writer:,.0f}")
    findings.tables.append(table)
    return findings


def run_cases(arguments: argparse.Namespace) -> list[Findings]:
    """Runs the cases that were asked for and answers what they found.

    Raises:
        HarnessError: Something could not be started, or a call failed.
    """
    if not arguments.executable.is_file():
        raise HarnessError(f"{arguments.executable} is no program; run make bench-before")
    peers = Peers(read_target_folder() / "release")
    executables = {NOW: Path(sys.executable).parent / "pointsman", BEFORE: arguments.executable.absolute()}
    instructions, times = ("instructions", count_case), ("times", run_case)
    measures = [instructions] if arguments.instructions else [instructions, times]
    found = []
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as folder:
        for number, case in enumerate(case for case in CASES if is_wanted(case.name, arguments)):
            if arguments.quick:
                case = case._replace(rounds=3, seconds=1.0)
            place = Path(folder) / str(number)
            with setting_stage(peers, place, arguments.quick, case.shape.columns) as stage:
                for what, measure in measures:
                    print(f"before: {what} of {case.name}", flush=True)
                    found.append(measure(case, stage, executables))
    return found


def main() -> int:
    """Reads the command line, measures, writes and prints; answers the exit code."""
    parser = make_parser("benches.before", __doc__)
    parser.add_argument("executable", type=Path, help="the installed pointsman of the version before")
    parser.add_argument("--instructions", action="store_true", help="count instructions only")
    arguments = parser.parse_args()
    return report("before", arguments, partial(run_cases, arguments))


if __name__ == "__main__":
    sys.exit(main())
