"""Calls peers that end connections: ``python -m benches.orderly_ends [--quick] [--cell TEXT]``.

Ends with 0 when everything could be measured, whatever the figures; they carry their own PASS and MISS.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from benches.load import contestants, pointsman_server
from benches.load.processes import ROOT, HarnessError, read_target_folder
from benches.load.report import describe_machine
from benches.orderly_ends import closing_peers, report
from benches.orderly_ends.closing_peers import Model
from benches.orderly_ends.plain_client import Sample, make_calls
from benches.orderly_ends.report import ENVOY, PLAIN, POINTSMAN, Outcome, write_reports

CALLS, SLOW_CALLS = 20_000, 8_000
QUICK_SHARE = 10
ROUNDS = 4
NEVER = 2_000_000_000
REQUESTS = (1, 10, 100, 1_000, NEVER)
AGES_MS = (100, 500, 2_000, NEVER)


class Pace(NamedTuple):
    """A model, and how many calls are made of it."""

    model: Model
    calls: int


class Starter(Protocol):
    """Starts a peer before a model, and answers its address."""

    def __call__(self, stack: ExitStack, folder: Path, model: Model) -> str:
        """Starts it."""


class Cell(NamedTuple):
    """One peer with one limit."""

    peer: str
    limit: str
    start: Starter

    @property
    def name(self) -> str:
        """What ``--cell`` looks into."""
        return f"{self.peer}, {self.limit}"


def list_cells() -> list[Cell]:
    """Answers all cells."""
    by_requests = (("Envoy", closing_peers.start_envoy), ("nginx", closing_peers.start_nginx))
    cells = [
        Cell(peer, _limit(most, "requests"), partial(start, most_requests=most))
        for peer, start in by_requests
        for most in REQUESTS
    ]
    ageing = closing_peers.start_ageing_server
    return cells + [Cell("grpc server", _limit(age, "ms"), partial(ageing, age_ms=age)) for age in AGES_MS]


def _limit(number: int, unit: str) -> str:
    return report.NEVER if number == NEVER else f"{number:,} {unit}"


def run_cell(
    cell: Cell, server: pointsman_server.Server, number: int, paces: Sequence[Pace], folder: Path
) -> Outcome:
    """Has a plain client, pointsman and Envoy call one peer in turns, at each pace."""
    samples = [
        _run_pace(cell, server, f"orderly-{number}-{place}", pace, folder / str(place))
        for place, pace in enumerate(paces)
    ]
    return Outcome(cell.peer, cell.limit, *samples)


def _run_pace(
    cell: Cell, server: pointsman_server.Server, router_id: str, pace: Pace, folder: Path
) -> dict[str, list[Sample]]:
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        address = cell.start(stack, folder, pace.model)
        envoy = closing_peers.start_envoy_in_between(stack, folder, address)
        pointsman_server.create_plain_router(server, router_id, address, contestants.PLAIN_MODEL)
        ways = {
            PLAIN: (address, contestants.PLAIN_MODEL),
            POINTSMAN: (server.address, router_id),
            ENVOY: (envoy, contestants.PLAIN_MODEL),
        }
        samples: dict[str, list[Sample]] = {name: [] for name in ways}
        for turn in range(ROUNDS):
            # Turned round each time, so that nobody always follows the same neighbour.
            for name in ways if turn % 2 == 0 else reversed(ways):
                samples[name].append(make_calls(*ways[name], pace.calls // ROUNDS))
    return samples


def run_cells(arguments: argparse.Namespace) -> list[Outcome]:
    """Runs the cells that were asked for.

    Raises:
        HarnessError: Something could not be started.
    """
    peers = contestants.Peers(arguments.programs or read_target_folder() / "release")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pointsman-ends-")))
        paces = []
        for delay_ms, calls in ((0, CALLS), (report.SLOW_MS, SLOW_CALLS)):
            backends = contestants.start_backends(stack, peers, folder, delay_ms=delay_ms)
            model = Model(delay_ms, backends.plain_a)
            paces.append(Pace(model, calls // (QUICK_SHARE if arguments.quick else 1)))
        executable = Path(sys.executable).parent / "pointsman"
        server = pointsman_server.start_server(stack, executable, folder, "pointsman")
        outcomes = []
        for number, cell in enumerate(list_cells()):
            is_wanted = not arguments.cell or any(text in cell.name for text in arguments.cell)
            if is_wanted and cell.peer not in arguments.without:
                print(f"orderly ends: {cell.name}", flush=True)
                outcomes.append(run_cell(cell, server, number, paces, folder / str(number)))
        return outcomes


def main() -> int:
    """Reads the command line, measures, writes and prints; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benches.orderly_ends", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls, for a look")
    parser.add_argument("--cell", action="append", default=[], help="only cells whose name holds this")
    parser.add_argument("--without", action="append", default=[], help="leave a peer out")
    parser.add_argument("--output", type=Path, help="where to write, without suffix")
    parser.add_argument("--programs", type=Path, help="the folder of the built load programs")
    arguments = parser.parse_args()
    name = "quick-orderly_ends" if arguments.quick else "orderly_ends"
    stem = arguments.output or ROOT / "benches" / "results" / name
    try:
        outcomes = run_cells(arguments)
    except HarnessError as error:
        print(f"orderly ends: {error}", file=sys.stderr)
        return 1
    if not outcomes:
        print("orderly ends: no cell has such a name", file=sys.stderr)
        return 1
    machine = describe_machine()
    machine |= {"nginx": closing_peers.read_nginx_version()} if "nginx" not in arguments.without else {}
    print(write_reports(stem, machine, outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
