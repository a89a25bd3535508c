"""Times one analysis of large tables: ``python drift/scripts/throughput.py [ROWS] [COLUMNS]``.

Writes two Parquet files of row groups of 100,000 into a temporary folder, compiles a baseline of the one,
then compares the other with it by four algorithms. Then estimates the performance of as many predictions
without their labels, from as many with labels. Says wall and processor seconds, the largest memory, and
how busy the machine was.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pointsman_drift import compare, compile_baseline, estimate_performance, read_classes

ALGORITHMS = ["psi", "ks_test", "js_divergence", "wasserstein"]
GROUP = 100_000


def write(path: Path, rows: int, columns: int, shift: float) -> None:
    """Writes normal columns, group by group, so that writing takes little memory.

    Args:
        path: The file.
        rows: How many rows.
        columns: How many columns.
        shift: Mean of the first column.
    """
    random = np.random.default_rng(rows + int(shift * 100))
    names = [f"f{place}" for place in range(columns)]
    with pq.ParquetWriter(path, pa.schema([(name, pa.float64()) for name in names])) as writer:
        for start in range(0, rows, GROUP):
            size = min(GROUP, rows - start)
            arrays = [random.normal(shift if place == 0 else 0.0, 1, size) for place in range(columns)]
            writer.write_table(pa.table(dict(zip(names, arrays, strict=True))))


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Prints how long its block took and the largest memory so far."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = after.ru_maxrss / 1024
    print(f"{what}: {wall:.2f} s, of a processor {processor:.2f} s, largest memory so far {memory:.0f} MiB")


def main() -> None:
    """Measures once with empty caches of this process and twice more."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    columns = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    print(
        f"{rows} + {rows} rows, {columns} columns, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        reference, current = Path(folder) / "reference.parquet", Path(folder) / "current.parquet"
        with timed("writing both"):
            write(reference, rows, columns, 0.0)
            write(current, rows, columns, 0.25)
        with timed("compiling the baseline"):
            baseline = compile_baseline(reference)
        for _ in range(3):
            with timed(f"comparing by {', '.join(ALGORITHMS)}"):
                result = compare(baseline, current, algorithms=ALGORITHMS)
        drifting = [feature for feature, status in result.features.items() if status != "ok"]
        print(f"status {result.status}, drifting: {', '.join(drifting) or 'none'}")
    estimate(rows)


def estimate(rows: int) -> None:
    """Times the estimate of six metrics of scores whose accuracy follows from a closed form.

    Args:
        rows: Labelled rows of the reference, and rows without labels.
    """
    random = np.random.default_rng(1)
    scores = random.beta(2, 5, (2, rows))
    labels = (random.random(rows) < scores[0]).astype(int)
    before = read_classes([0, 1], scores[0], (scores[0] >= 0.5).astype(int), labels)
    after = read_classes([0, 1], scores[1], (scores[1] >= 0.5).astype(int))
    for _ in range(2):
        with timed(f"calibrating by {rows} labels and estimating {rows} rows"):
            found = estimate_performance(before, after)
    told = ", ".join(f"{name} {one.estimate.value:.4f}" for name, one in found.items())
    print(f"{told}; by closed form accuracy 0.7344, roc_auc 0.7203")


if __name__ == "__main__":
    main()
