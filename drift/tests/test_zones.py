"""The machine's time zone changes nothing: times are read in UTC."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json
import pyarrow as pa
from pointsman_drift import compare, compile_baseline, sql_algorithm

hours = pa.array([hour * 3_600_000_000 for hour in range(24)] * 5, pa.timestamp("us", "UTC"))
table = pa.table({"time": hours, "x": [1.0, 2.0] * 60})
baseline = compile_baseline(table, columns={"time": "categorical"})
query = '(SELECT min(hour("time")) FROM current WHERE "time" >= $$1970-01-01 05:00$$)'
hour = sql_algorithm("hour", query, (1, 2))
windows = compare(table, table, windows="time", least_rows=5).groups
print(json.dumps([
    sorted(baseline.plans["time"].categories),
    compare(table, table, algorithms=[hour]).figure("(all)", "hour").score,
    [str(one.group) for one in windows],
]))
"""


def found(zone: str) -> list[object]:
    """Answers what a process in a time zone makes of the same table."""
    environment = {**os.environ, "TZ": zone}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: list[object] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_times_read_the_same_in_every_time_zone(zone: str) -> None:
    categories, hour, windows = found(zone)
    times = [f"1970-01-01 {hour:02}:00:00+00" for hour in range(24)]
    assert (categories, hour, windows) == (times, 5.0, times)
