"""How long calls take beside outcomes that are there: ``python -m benches.ground_truth.reading``.

Prints for each number of outcomes how long it takes to add one, to list predictions by whether their outcome
is known, and to tell a model's performance.
"""

import argparse
import json
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benches.ground_truth.__main__ import Server, call, post, serving, write_file

_PREDICTIONS = 2_000
_CALLS = 15


def get(server: Server, path: str) -> dict[str, object]:
    """Asks for JSON."""
    with urllib.request.urlopen(f"http://{server.http}{path}", timeout=600) as answer:
        found: dict[str, object] = json.loads(answer.read())
        return found


def seconds_of(work: Callable[[int], object], times: int) -> list[float]:
    """Does something several times, after once that does not count; answers how long each took."""
    work(0)
    found = []
    for number in range(1, times + 1):
        started = time.monotonic()
        work(number)
        found.append(time.monotonic() - started)
    return found


def log_predictions(server: Server) -> None:
    """Logs predictions of the first entities of the file."""
    for number in range(_PREDICTIONS):
        entity = number * 2_654_435_761 % 2**32
        prediction = {
            "modelId": "credit",
            "entityId": f"customer_{entity}",
            "features": {"age": 42},
            "prediction": "approved",
            "probabilities": [0.1, 0.9],
            "timestamp": "2026-11-01T00:00:00Z",
        }
        call(server, "/api/v1/drift/predictions", prediction)


def measure(rows: int, database: str) -> None:
    """Measures beside so many outcomes."""
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as name:
        folder = Path(name)
        file = folder / "outcomes.csv"
        write_file(file, rows)
        with serving(folder, database) as server:
            call(server, "/api/v1/models/credit/versions", {"version": "1"})
            log_predictions(server)
            with file.open("rb") as body:
                post(server, "/api/v1/drift/ground-truth/upload?modelId=credit", body, "text/csv")

            def add(number: int) -> None:
                truth = {"modelId": "credit", "entityId": f"new_{number}", "actualOutcome": "approved"}
                call(server, "/api/v1/drift/ground-truth", truth)

            listed = "/api/v1/drift/predictions?modelId=credit&limit=100"
            asked: list[tuple[str, Callable[[int], object], int]] = [
                ("add one outcome", add, _CALLS),
                ("list, all", lambda _: get(server, listed), _CALLS),
                ("list, outcome known", lambda _: get(server, f"{listed}&hasGroundTruth=true"), 3),
                ("list, outcome not known", lambda _: get(server, f"{listed}&hasGroundTruth=false"), 3),
                ("performance", lambda _: get(server, "/api/v1/drift/performance?modelId=credit"), 3),
            ]
            for what, work, times in asked:
                took = seconds_of(work, times)
                print(
                    f"{rows:>9,} outcomes: {what}: median {statistics.median(took) * 1000:,.1f} ms, "
                    f"slowest {max(took) * 1000:,.1f} ms",
                    flush=True,
                )


def main() -> None:
    """Reads the command line and measures."""
    parser = argparse.ArgumentParser("benches.ground_truth.reading", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--database", default="", help="of an empty database; a SQLite file without it")
    arguments = parser.parse_args()
    for rows in arguments.rows:
        measure(rows, arguments.database)


if __name__ == "__main__":
    main()
