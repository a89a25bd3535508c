"""Uploads a CSV of outcomes over HTTP: ``python -m benches.ground_truth [--rows 1000000] [--database URL]``.

Prints seconds, the growth of the server's memory, and how long changes of others took meanwhile. Ends with
0 when all is within its figure: 30 s for a million rows, 500 MB, and no change slower than 5 s.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benches.load.processes import Program
from benches.records.memory import forget_peak, read_memory

MOST_SECONDS_PER_MILLION = 30.0
MOST_BYTES = 500_000_000
MOST_WAIT_SECONDS = 5.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Server:
    """A running pointsman, of whatever build."""

    http: str
    pid: int


@contextmanager
def serving(folder: Path, database: str) -> Iterator[Server]:
    """Serves on an empty folder while the context lasts.

    Args:
        folder: Where its files go.
        database: The database's URL; empty for a new SQLite file.
    """
    ready_file = folder / "ready.json"
    command = [
        *(sys.executable, "-m", "pointsman", "serve", "--data-dir", folder / "data"),
        *("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--ready-file", ready_file),
    ]
    environment = {"POINTSMAN_DATABASE": database} if database else {}
    with Program("pointsman", command, folder / "server.log", environment=environment) as program:
        ready = json.loads(program.wait_for_file(ready_file))
        yield Server(ready["http"], program.pid)


def write_file(path: Path, rows: int) -> None:
    """Writes a file of outcomes, in no order of entities.

    Args:
        path: Where to.
        rows: How many.
    """
    with path.open("w") as file:
        file.write("entity_id,actual_outcome,outcome_timestamp\n")
        for number in range(rows):
            # A bijection of numbers below 2^32, as random as an index can have it.
            entity = number * 2_654_435_761 % 2**32
            second, outcome = number % 60, ("approved", "denied")[number % 3 == 0]
            file.write(f"customer_{entity},{outcome},2026-11-{number % 28 + 1:02}T10:30:{second:02}Z\n")


def call(server: Server, path: str, body: object) -> dict[str, object]:
    """Posts JSON; answers JSON."""
    return post(server, path, json.dumps(body).encode(), "application/json")


def post(server: Server, path: str, body: object, content_type: str) -> dict[str, object]:
    """Posts a body; answers JSON.

    Args:
        server: Where to.
        path: The path with its query.
        body: Bytes, or an open file.
        content_type: What it is.
    """
    request = urllib.request.Request(f"http://{server.http}{path}", data=body, method="POST")  # type: ignore[arg-type]
    request.add_header("content-type", content_type)
    with urllib.request.urlopen(request, timeout=600) as answer:
        found: dict[str, object] = json.loads(answer.read())
        return found


def change_things(server: Server, waits: list[float], is_over: threading.Event) -> None:
    """Changes something again and again, as others do, and notes how long each took.

    Args:
        server: Where.
        waits: Takes the seconds of each change.
        is_over: Says when to stop.
    """
    while not is_over.wait(_PAUSE_SECONDS):
        started = time.monotonic()
        prediction = {
            "modelId": "other",
            "features": {"age": 42},
            "prediction": "approved",
            "probabilities": [0.1, 0.9],
        }
        call(server, "/api/v1/drift/predictions", prediction)
        waits.append(time.monotonic() - started)


def measure(rows: int, database: str) -> Iterator[str]:
    """Uploads twice, the second time what is there already.

    Args:
        rows: How many outcomes.
        database: Its URL; empty for a new SQLite file.

    Yields:
        What is missed.
    """
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as name:
        folder = Path(name)
        file = folder / "outcomes.csv"
        write_file(file, rows)
        with serving(folder, database) as server:
            for model in ("credit", "other"):
                call(server, f"/api/v1/models/{model}/versions", {"version": "1"})
            for what in ("new", "again"):
                yield from upload(server, file, rows, what)


def upload(server: Server, file: Path, rows: int, what: str) -> Iterator[str]:
    """Uploads a file while others change things.

    Args:
        server: Where to.
        file: The file.
        rows: How many it has.
        what: What to call it.

    Yields:
        What is missed.
    """
    waits: list[float] = []
    is_over = threading.Event()
    changing = threading.Thread(target=change_things, args=(server, waits, is_over))
    forget_peak(server.pid)
    before = read_memory(server.pid, "VmRSS")
    started = time.monotonic()
    with file.open("rb") as body:
        changing.start()
        answer = post(server, "/api/v1/drift/ground-truth/upload?modelId=credit", body, "text/csv")
        seconds = time.monotonic() - started
    is_over.set()
    changing.join()
    peak = read_memory(server.pid, "VmHWM")
    waits.sort()
    median, slowest = waits[len(waits) // 2], waits[-1]
    print(
        f"{what}: {rows:,} rows, {file.stat().st_size:,} bytes in {seconds:.1f} s; memory at first "
        f"{before / 1e6:.0f} MB, at most {peak / 1e6:.0f} MB (grown by {(peak - before) / 1e6:.0f} MB); "
        f"{len(waits)} changes of others, "
        f"median {median * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms; {json.dumps(answer)}",
        flush=True,
    )
    if answer["rowCount"] != rows or answer["inserted"] != (rows if what == "new" else 0):
        yield f"{what}: rows are missing"
    if seconds > MOST_SECONDS_PER_MILLION * max(1.0, rows / 1e6):
        yield f"{what}: took longer than {MOST_SECONDS_PER_MILLION:g} s a million rows"
    if peak > MOST_BYTES:
        yield f"{what}: took more than {MOST_BYTES / 1e6:.0f} MB"
    if slowest > MOST_WAIT_SECONDS:
        yield f"{what}: a change took longer than {MOST_WAIT_SECONDS:g} s"


def main() -> int:
    """Reads the command line and measures; answers the exit code."""
    parser = argparse.ArgumentParser("benches.ground_truth", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="a URL; a new SQLite file without it")
    arguments = parser.parse_args()
    missed = list(measure(arguments.rows, arguments.database))
    for one in missed:
        print(f"missed: {one}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
