"""How often detectors alarm without a change, and how soon they see one: ``python drift/scripts/streams.py``.

Values are on the scale of a reference of 1,000 rows, as the server shows them to detectors.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pointsman_drift import Watcher, scale_of

RUNS, QUIET_ROWS = 200, 10_000
SHIFT_RUNS, BEFORE, AFTER = 50, 5_000, 20_000
SHIFTS = (0.25, 0.5, 1.0, 3.0)
DETECTORS = ("adwin", "page_hinkley")
Floats = NDArray[np.float64]
RANDOM = np.random.default_rng(14)
QUIET: dict[str, Callable[[int], Floats]] = {
    "normal": lambda n: RANDOM.normal(40, 10, n),
    "lognormal": lambda n: RANDOM.lognormal(0, 1, n),
    "counts": lambda n: RANDOM.poisson(3, n).astype(np.float64),
    "Student's t": lambda n: RANDOM.standard_t(3, n),
    "5 % ones": lambda n: (RANDOM.random(n) < 0.05).astype(np.float64),
}


def scaled(reference: Floats, values: Floats) -> Floats:
    """Puts values on the scale of a reference."""
    scale = scale_of(reference)
    assert scale is not None
    return scale.of(values)


def main() -> None:
    """Simulates and prints."""
    print(f"| {QUIET_ROWS:,} values without a change | runs | " + " | ".join(DETECTORS) + " |")
    print("| --- | --- | --- | --- |")
    for name, draw in QUIET.items():
        runs = [scaled(draw(1000), draw(QUIET_ROWS)) for _ in range(RUNS)]
        shares = [sum(bool(Watcher(one).see(run)) for run in runs) / RUNS for one in DETECTORS]
        print(f"| {name} | {RUNS} | " + " | ".join(f"{share:.1%}" for share in shares) + " |", flush=True)
    print()
    print("| shift of the mean | " + " | ".join(f"{one}: rows after it, median (most)" for one in DETECTORS))
    print("| --- | --- | --- |")
    for shift in SHIFTS:
        cells = []
        for one in DETECTORS:
            delays = []
            for _ in range(SHIFT_RUNS):
                values = np.r_[RANDOM.normal(0, 1, BEFORE), RANDOM.normal(shift, 1, AFTER)]
                places = Watcher(one).see(scaled(RANDOM.normal(0, 1, 1000), values))
                delays.append(next((place - BEFORE for place in places if place >= BEFORE), AFTER))
            cells.append(f"{np.median(delays):,.0f} ({max(delays):,})")
        print(f"| {shift} standard deviations | " + " | ".join(cells) + " |", flush=True)
    print()
    values = RANDOM.normal(0.5, 0.1, 1_000_000)
    for one in DETECTORS:
        watcher, start = Watcher(one), time.perf_counter()
        watcher.see(values)
        seconds = time.perf_counter() - start
        print(f"{one}: {seconds:.2f} µs a value, {len(watcher.state()):,} characters after a million")


if __name__ == "__main__":
    main()
