"""Reads a report as JSON from standard input, and writes its page."""

import json
import os
import sys

from pointsman.control.drift.drawing.running import REFUSED_EXIT
from pointsman_drift import DriftError, Report

# Calls go before reports.
os.nice(10)
report = Report(**json.load(sys.stdin.buffer))
try:
    page = report.to_html()
except DriftError as error:
    sys.stderr.write(str(error))
    sys.exit(REFUSED_EXIT)
sys.stdout.buffer.write(page.encode())
