"""Measures pointsman beside the others: ``python -m benches.load [--quick] [--case TEXT] [--without NAME]``.

Ends with 0 when everything could be measured, whatever the figures; they carry their own PASS and MISS.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from benches.load import contestants, pointsman_server
from benches.load.cases import CASES, Case
from benches.load.decision import read_decisions
from benches.load.many_routers import copy_router
from benches.load.processes import ROOT, HarnessError, read_target_folder
from benches.load.report import write_reports
from benches.load.rounds import Background, Outcome, Pace, run_case
from benches.load.sample import Contestant

FULL = Pace(rounds=7, seconds=3.0, warmup_seconds=0.7)
QUICK = Pace(rounds=5, seconds=0.8, warmup_seconds=0.3)
MANY_ROUTERS = 10_000


class Stage:
    """Everybody who takes part, started when first needed and ended together."""

    def __init__(self, stack: ExitStack, peers: contestants.Peers, folder: Path, routers: int) -> None:
        self.contestants: dict[str, Contestant] = {}
        self.backgrounds: dict[str, Background] = {}
        self.notes: list[str] = []
        self._stack = stack
        self._folder = folder
        self._routers = routers
        self._executable = Path(sys.executable).parent / "pointsman"
        self._backends = contestants.start_backends(stack, peers, folder)
        backends = self._backends
        self._starters: dict[str, Callable[[], Contestant]] = {
            "direct": partial(contestants.direct, backends),
            "relay": partial(contestants.start_relay, stack, peers, backends, folder),
            "envoy": partial(contestants.start_envoy, stack, backends, folder),
            "grpc.aio": partial(contestants.start_asyncio_router, stack, backends, folder),
            "pointsman": self._start_pointsman,
            "pointsman 10000": self._start_many,
        }

    def prepare(self, case: Case, without: set[str]) -> None:
        """Starts those of a case's contestants that do not run yet."""
        for name in case.contestants:
            if name not in self.contestants and name not in without:
                self.contestants[name] = self._starters[name]()

    def _serve(self, name: str, router_id: str) -> pointsman_server.Server:
        server = pointsman_server.start_server(self._stack, self._executable, self._folder, name)
        pointsman_server.create_router(server, self._backends, router_id)
        return server

    def _start_pointsman(self) -> Contestant:
        server = self._serve("pointsman", "bench")
        return pointsman_server.contestant(server, "pointsman", "bench", "sticky")

    def _start_many(self) -> Contestant:
        name, template = "pointsman-10000", "bench"
        with ExitStack() as first_run:
            server = pointsman_server.start_server(first_run, self._executable, self._folder, name)
            pointsman_server.create_router(server, self._backends, template)
        names = [template, *(f"bench-{number}" for number in range(1, self._routers))]
        copy_router(self._folder / name, template, names[1:])
        started = time.monotonic()
        server = pointsman_server.start_server(self._stack, self._executable, self._folder, name)
        pointsman_server.wait_for_router(server, names[-1])
        took = time.monotonic() - started
        self.notes.append(f"with {self._routers} routers, the last one serves {took:.1f} s after the start")
        self.backgrounds["pointsman 10000"] = partial(pointsman_server.updating_weights, server, names)
        return pointsman_server.contestant(server, "pointsman 10000", names[0], "variant")


def run_cases(arguments: argparse.Namespace, pace: Pace, target: Path) -> tuple[list[Outcome], list[str]]:
    """Runs the cases that were asked for and answers what came of them, with notes."""
    peers = contestants.Peers(target / "release")
    without = set(arguments.without)
    outcomes = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pointsman-bench-")))
        stage = Stage(stack, peers, folder, arguments.routers)
        for number, case in enumerate(CASES):
            if arguments.case and not any(text in case.name for text in arguments.case):
                continue
            if arguments.quick and number > 0:
                case = replace(case, contestants=case.judged)
            print(f"bench: {case.name}", flush=True)
            stage.prepare(case, without)
            outcomes.append(run_case(case, peers.program, stage.contestants, stage.backgrounds, pace))
        return outcomes, stage.notes


def main() -> int:
    """Reads the command line, measures, writes and prints; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benches.load", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short spans, for a look")
    parser.add_argument("--case", action="append", default=[], help="only cases whose name holds this")
    parser.add_argument("--without", action="append", default=[], help="leave a contestant out")
    parser.add_argument("--routers", type=int, default=MANY_ROUTERS, help="how many are many routers")
    parser.add_argument("--output", type=Path, help="where to write, without suffix")
    arguments = parser.parse_args()
    pace = QUICK if arguments.quick else FULL
    stem = arguments.output or ROOT / "benches" / "results" / ("quick" if arguments.quick else "load")
    target = read_target_folder()
    try:
        outcomes, notes = run_cases(arguments, pace, target)
    except HarnessError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(write_reports(stem, outcomes, read_decisions(target), pace, notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
