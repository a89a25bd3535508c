"""Measures records: ``python -m benches.records [--quick] [--case TEXT]``.

Ends with 0 when everything could be measured, whatever the figures; they carry their own PASS and MISS.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benches.load.contestants import Peers
from benches.load.processes import ROOT, HarnessError, read_target_folder
from benches.records import feedback, reads, recording, soak
from benches.records.findings import Findings
from benches.records.report import write_reports
from benches.records.stage import Stage, setting_stage

CASES: dict[str, Callable[[Stage], Findings]] = {
    "recording": recording.run,
    "feedback": feedback.run,
    "reads": reads.run,
    "soak": soak.run,
}


def run_cases(wanted: list[str], is_quick: bool) -> list[Findings]:
    """Runs the cases whose names hold one of some texts, or all, and answers what they found."""
    peers = Peers(read_target_folder() / "release")
    found = []
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as name:
        for case, run in CASES.items():
            if wanted and not any(text in case for text in wanted):
                continue
            started = time.monotonic()
            print(f"bench: {case}", flush=True)
            with setting_stage(peers, Path(name) / case, is_quick) as stage:
                found.append(run(stage))
            print(f"bench: {case} took {time.monotonic() - started:.0f} s", flush=True)
    return found


def main() -> int:
    """Reads the command line, measures, writes and prints; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benches.records", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few records, for a look")
    parser.add_argument("--case", action="append", default=[], help="only cases whose name holds this")
    parser.add_argument("--output", type=Path, help="where to write, without suffix")
    arguments = parser.parse_args()
    name = "quick-records" if arguments.quick else "records"
    stem = arguments.output or ROOT / "benches" / "results" / name
    try:
        cases = run_cases(arguments.case, arguments.quick)
    except HarnessError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(write_reports(stem, cases))
    return 0


if __name__ == "__main__":
    sys.exit(main())
