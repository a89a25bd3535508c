"""Reads what to do from standard input, compares, and writes the result."""

import os
import sys

from pointsman.control.drift.program.running import run
from pointsman.control.drift.spec import AnalysisSpec

# Calls go before analyses.
os.nice(10)
sys.exit(run(AnalysisSpec.read(sys.stdin.buffer.read())))
