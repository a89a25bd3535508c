"""Runs the program that draws."""

import subprocess
import sys

from pointsman.errors import FailedPreconditionError, UnavailableError

MODULE = "pointsman.control.drift.drawing"
REFUSED_EXIT = 3
"""The program's exit code where the report itself, or a package that lacks, is why there is no page."""
MOST_SECONDS = 60.0


def draw(content: bytes) -> bytes:
    """Answers the page of a report.

    Args:
        content: The report as JSON.

    Raises:
        FailedPreconditionError: It cannot be drawn here; the message says why.
        UnavailableError: The program did not start, or did not end well or in time.
    """
    try:
        ran = subprocess.run(
            # Nothing of the folder that the server runs in stands in for a module.
            [sys.executable, "-P", "-m", MODULE],
            input=content,
            capture_output=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"the report could not be drawn: {error}") from error
    if ran.returncode == 0:
        return ran.stdout
    words = ran.stderr.decode(errors="replace").strip()
    if ran.returncode == REFUSED_EXIT:
        raise FailedPreconditionError(f"the report cannot be drawn: {words}", reason="REPORT_NOT_DRAWN")
    last = words.splitlines()[-1:] or ["it said nothing"]
    raise UnavailableError(f"the program that draws ended with code {ran.returncode}: {last[0]}")
