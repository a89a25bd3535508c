"""Compares large tables by this library and two others: ``python drift/scripts/beside_peers.py [ROWS]``.

Writes twenty float columns a side as Parquet, then has each library read and compare them in a process of its
own, one after the other. Says wall seconds, processor seconds and the largest memory of each, importing left
out of the seconds. NannyML has no population stability index.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from peers import EVIDENTLY, NANNYML, evidently_python, nannyml_python, quiet_environment
from throughput import write

COLUMNS = 20
_HEAD = """
import json, resource, sys, time
reference, current = sys.argv[1:3]
def report(step, begun):
    used = resource.getrusage(resource.RUSAGE_SELF)
    processor = used.ru_utime + used.ru_stime - begun[1]
    print(json.dumps([step, time.perf_counter() - begun[0], processor, used.ru_maxrss / 1024]), flush=True)
def begin():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime
"""
OURS = (
    _HEAD
    + """
import pointsman_drift
begun = begin()
baseline = pointsman_drift.compile_baseline(reference)
report("compiling the baseline", begun)
begun = begin()
names = ["psi", "ks_test", "js_divergence", "wasserstein"]
pointsman_drift.compare(baseline, current, algorithms=names)
report("PSI, KS, JS and Wasserstein", begun)
"""
)
EVIDENTLY_SCRIPT = (
    _HEAD
    + """
import pandas as pd
from evidently import Report
from evidently.metrics import ValueDrift
begun = begin()
before, after = pd.read_parquet(reference), pd.read_parquet(current)
report("reading", begun)
for name, method in (("PSI", "psi"), ("KS", "ks"), ("JS", "jensenshannon"), ("Wasserstein", "wasserstein")):
    begun = begin()
    metrics = [ValueDrift(column=column, method=method) for column in before.columns]
    Report(metrics).run(current_data=after, reference_data=before).dict()
    report(name, begun)
"""
)
NANNYML_SCRIPT = (
    _HEAD
    + """
import nannyml, pandas as pd
begun = begin()
before, after = pd.read_parquet(reference), pd.read_parquet(current)
report("reading", begun)
begun = begin()
calculator = nannyml.UnivariateDriftCalculator(
    column_names=list(before.columns),
    continuous_methods=["kolmogorov_smirnov", "jensen_shannon", "wasserstein"],
    chunk_size=len(after),
)
calculator.fit(before)
calculator.calculate(after)
report("KS, JS and Wasserstein", begun)
"""
)


@dataclass(frozen=True)
class Contestant:
    """A library and how it is run."""

    name: str
    python: str
    script: str
    variables: dict[str, str]


def main() -> None:
    """Measures and prints a table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contestants = [
            Contestant("pointsman-drift", sys.executable, OURS, dict(os.environ)),
            Contestant(f"NannyML {NANNYML}", nannyml_python(folder), NANNYML_SCRIPT, quiet_environment()),
            Contestant(
                f"Evidently {EVIDENTLY}", evidently_python(folder), EVIDENTLY_SCRIPT, quiet_environment()
            ),
        ]
        sides = folder / "reference.parquet", folder / "current.parquet"
        for path, shift in zip(sides, (0.0, 0.25), strict=True):
            write(path, rows, COLUMNS, shift)
        print(f"{rows:,} + {rows:,} rows, {COLUMNS} columns, {os.cpu_count()} processors")
        print("| library | step | seconds | processor seconds | largest memory so far, MiB |")
        print("| --- | --- | --- | --- | --- |")
        for one in contestants:
            command = [one.python, "-W", "ignore", "-c", one.script, *map(str, sides)]
            ran = subprocess.run(command, check=True, env=one.variables, stdout=subprocess.PIPE, text=True)
            for line in ran.stdout.splitlines():
                if line.startswith("["):
                    step, wall, processor, memory = json.loads(line)
                    cells = f"{one.name} | {step} | {wall:.2f} | {processor:.2f} | {memory:.0f}"
                    print(f"| {cells} |", flush=True)


if __name__ == "__main__":
    main()
