"""Reads what to do from standard input, compares, and writes the result."""

import sys


def main() -> int:
    """Runs the program; answers its exit code."""
    # First, for whoever starts it waits until all is read.
    content = sys.stdin.buffer.read()
    from pointsman.control.drift.program.running import run
    from pointsman.control.drift.spec import AnalysisSpec
    from pointsman.dataplane.pacing import pacing

    return run(AnalysisSpec.read(content), pacing=pacing)


if __name__ == "__main__":
    sys.exit(main())
