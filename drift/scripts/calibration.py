"""How often verdicts are wrong, as a table: ``python drift/scripts/calibration.py [RUNS]``.

Twenty features without drift, analysed again and again; then one of twenty with drift of a known size. Ends
with 1 where a share is outside its limit.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np

from pointsman_drift.options import read_options
from simulation import Draw, found_share, null_counts, null_pair, null_shares, reweighed, shifted, thinned

RUNS = 1000
PLAIN_RUNS = 200
POWER_RUNS = 400
PLAIN = read_options(None, {}, {}, "off", 30)
MOST_WARNED, MOST_ALERTED = 0.06, 0.01
CATEGORIES = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.26, 0.27, 0.27, 0.20])


@dataclass(frozen=True)
class Drift:
    """Drift of a known size."""

    what: str
    draw: Draw
    least: float
    """The share of analyses that must find it."""


DRIFTS = (
    Drift("shift of 0.395 sd (PSI 0.15)", shifted(0.395), 0.80),
    Drift("category shares (PSI 0.15)", reweighed(*CATEGORIES), 0.80),
    Drift("missing values 5 % to 16.5 % (PSI 0.15)", thinned(0.05, 0.1645), 0.80),
    Drift("missing values 30 % to 48.8 % (PSI 0.15)", thinned(0.3, 0.488), 0.80),
    Drift("shift of 0.5 sd", shifted(0.5), 0.99),
)


def main() -> None:
    """Simulates and prints."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    is_within = True
    print("| rows a side | analyses | any warning | any alert | any warning, calibration off | seconds |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n, draw in ((100, null_pair), (1000, null_pair), (10_000, null_counts), (1_000_000, null_counts)):
        start = time.perf_counter()
        found = null_shares(draw, n, runs)
        plain = null_shares(draw, n, min(runs, PLAIN_RUNS), PLAIN)
        is_within &= found.warned <= MOST_WARNED and found.alerted <= MOST_ALERTED
        seconds = time.perf_counter() - start
        cells = (f"{n:,}", f"{runs:,}", f"{found.warned:.1%}", f"{found.alerted:.1%}", f"{plain.warned:.0%}")
        print(f"| {' | '.join(cells)} | {seconds:.0f} |", flush=True)
    print()
    print("| drift of one feature of 20, 1,000 rows a side | analyses | found | least |")
    print("| --- | --- | --- | --- |")
    for drift in DRIFTS:
        share = found_share(drift.draw, min(runs, POWER_RUNS))
        is_within &= share >= drift.least
        print(
            f"| {drift.what} | {min(runs, POWER_RUNS)} | {share:.1%} | {drift.least:.0%} |",
            flush=True,
        )
    if not is_within:
        sys.exit("a share is outside its limit")


if __name__ == "__main__":
    main()
