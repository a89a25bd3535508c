"""A day of recorded predictions: written into a stopped server's journal, shipped by it as its own."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from benches.load.many_routers import DATABASE
from benches.load.pointsman_server import MODEL, Server
from benches.load.processes import HarnessError
from benches.records.lake import count_files, wait_until_shipped
from benches.records.stage import COLUMNS, ROUTER, Stage

ENTITIES = 100_000
IDS_EVERY = 100
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
ROOMY_JOURNAL = {"JOURNAL__MAX_PREDICTION_BYTES": 64 * 1024**3}
SETTLED_SECONDS = 40.0
"""Longer than the pause between two rounds of the lake's upkeep."""
MOST_SETTLING_SECONDS = 600.0


@dataclass(frozen=True)
class Filled:
    """A running server with a day of predictions.

    Attributes:
        from_us: When the day began.
        ids: Every hundredth prediction id.
        ids_file: The same in a file.
    """

    server: Server
    rows: int
    from_us: int
    to_us: int
    ids: Sequence[str]
    ids_file: Path
    fill_seconds: float
    ship_seconds: float


@dataclass(frozen=True)
class _Signature:
    """What ids of a router's predictions are made with."""

    incarnation: int
    key_id: int
    secret: bytes


def start_filled(stage: Stage, stack: ExitStack, name: str, rows: int) -> Filled:
    """Starts a server whose lake has a day of predictions.

    A first run of the server creates the router. Between the runs the router is made older than the day, and
    segments of the journal are written as the server writes them; the second run takes them for its own.
    """
    with ExitStack() as first_run:
        server = stage.start_server(first_run, name, seal_after_seconds=1.0)
        stage.create_router(server)
    to_us = int(time.time() * SECOND_US)
    from_us = to_us - DAY_US
    signature = _make_older(server.data_dir, from_us - HOUR_US)
    ids_file = stage.folder / "day-ids.txt"
    started = time.monotonic()
    command = [
        stage.peers.program,
        "fill_journal",
        *("--folder", server.data_dir / "journal"),
        *("--rows", rows),
        *("--router", ROUTER),
        *("--incarnation", signature.incarnation),
        *("--model", MODEL),
        *("--from-us", from_us),
        *("--to-us", to_us),
        *("--key-id", signature.key_id),
        *("--key-secret", signature.secret.hex()),
        *("--entities", ENTITIES),
        *("--columns", COLUMNS),
        *("--ids", ids_file),
        *("--ids-every", IDS_EVERY),
    ]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise HarnessError(f"fill_journal: {done.stderr.strip()}")
    if json.loads(done.stdout)["rows"] != rows:
        raise HarnessError(f"fill_journal: {done.stdout.strip()}")
    filled = time.monotonic()
    server = stage.start_server(stack, name, seal_after_seconds=60.0, **ROOMY_JOURNAL)
    wait_until_shipped(server, 0)
    ended = time.monotonic()
    ids = ids_file.read_text().split()
    return Filled(server, rows, from_us, to_us, ids, ids_file, filled - started, ended - filled)


def wait_until_compacted(data_dir: Path) -> float:
    """Waits until the manifest stays as it is for longer than the upkeep rests; answers how long it took."""
    started = changed = time.monotonic()
    seen = count_files(data_dir)
    while (now := time.monotonic()) - changed < SETTLED_SECONDS:
        if now - started > MOST_SETTLING_SECONDS:
            raise HarnessError(f"the lake was still compacted after {MOST_SETTLING_SECONDS:.0f} s")
        # A pace: what is waited for is that nothing changes.
        time.sleep(1.0)
        found = count_files(data_dir)
        if found != seen:
            seen, changed = found, now
    return changed - started


def _make_older(data_dir: Path, create_time_us: int) -> _Signature:
    """Gives router and models an earlier creation, in a generation of its own; answers what makes its ids."""
    with closing(sqlite3.connect(data_dir / DATABASE)) as connection, connection:
        connection.execute("UPDATE generation SET value = value + 1")
        connection.execute(
            "UPDATE routers SET create_time_us = ?, changed_generation = (SELECT value FROM generation)"
            " WHERE router_id = ?",
            (create_time_us, ROUTER),
        )
        connection.execute("UPDATE model_versions SET create_time_us = ?", (create_time_us,))
        found = connection.execute(
            "SELECT incarnation, key_id, secret FROM routers, signing_keys"
            " WHERE router_id = ? AND retire_time_us IS NULL",
            (ROUTER,),
        ).fetchone()
    return _Signature(*found)
