"""The command line of a measurement, and what comes of it: reports, and an exit code."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benches.load.processes import ROOT, HarnessError
from benches.records.findings import Findings
from benches.records.report import write_reports


def make_parser(module: str, doc: str | None) -> argparse.ArgumentParser:
    """Makes the parser of what all measurements can be told."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=doc)
    parser.add_argument("--quick", action="store_true", help="little of each, for a look")
    parser.add_argument("--case", action="append", default=[], help="only cases whose name holds this")
    parser.add_argument("--output", type=Path, help="where to write, without suffix")
    return parser


def is_wanted(name: str, arguments: argparse.Namespace) -> bool:
    """Answers whether a case was asked for; all are when none was named."""
    return not arguments.case or any(text in name for text in arguments.case)


def report(name: str, arguments: argparse.Namespace, measure: Callable[[], list[Findings]]) -> int:
    """Measures, writes and prints; answers the exit code.

    Args:
        name: What the reports are called.
        arguments: What the command was told.
        measure: Answers what was found.
    """
    stem = arguments.output or ROOT / "benches" / "results" / (f"quick-{name}" if arguments.quick else name)
    try:
        found = measure()
    except HarnessError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(write_reports(stem, found))
    return 0
