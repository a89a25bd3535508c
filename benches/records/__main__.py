"""Measures records: ``python -m benches.records [--quick] [--case TEXT]``.

Ends with 0 when everything could be measured, whatever the figures; they carry their own PASS and MISS.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benches.load.contestants import Peers
from benches.load.processes import read_target_folder
from benches.records import analyses, feedback, reads, recording, shadows, soak, strategies
from benches.records.command import is_wanted, make_parser, report
from benches.records.findings import Findings
from benches.records.stage import Stage, setting_stage

CASES: dict[str, Callable[[Stage], Findings]] = {
    "recording": recording.run,
    "feedback": feedback.run,
    "reads": reads.run,
    "soak": soak.run,
    "strategies": strategies.run,
    "shadows": shadows.run,
    "analyses": analyses.run,
}

NOT_QUICK = {"shadows", "analyses"}
"""A percentile of a few seconds says nothing: a look leaves them out unless they are named."""


def run_cases(arguments: argparse.Namespace) -> list[Findings]:
    """Runs the cases that were asked for and answers what they found."""
    peers = Peers(read_target_folder() / "release")
    found = []
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as name:
        for case, run in CASES.items():
            is_left_out = arguments.quick and not arguments.case and case in NOT_QUICK
            if is_left_out or not is_wanted(case, arguments):
                continue
            started = time.monotonic()
            print(f"bench: {case}", flush=True)
            with setting_stage(peers, Path(name) / case, arguments.quick) as stage:
                found.append(run(stage))
            print(f"bench: {case} took {time.monotonic() - started:.0f} s", flush=True)
    return found


def main() -> int:
    """Reads the command line, measures, writes and prints; answers the exit code."""
    arguments = make_parser("benches.records", __doc__).parse_args()
    return report("records", arguments, partial(run_cases, arguments))


if __name__ == "__main__":
    sys.exit(main())
