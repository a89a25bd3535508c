"""Feedback as fast as it is taken, and whether it is counted once."""

import json
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benches.load.pointsman_server import CALL_SECONDS, Server, make_stub
from benches.load.processes import HarnessError
from benches.load.sample import run_load
from benches.records.findings import Findings, Table
from benches.records.lake import reading_database, wait_until_shipped
from benches.records.stage import ROUTER, SHAPE, Stage, contestant

CALLERS = 64
CONNECTIONS = 4
ROUNDS = 2
LEAST_PER_SECOND = 15_000
FULL_PREDICTIONS, QUICK_PREDICTIONS = 150_000, 40_000
METRIC = "reward"


def run(stage: Stage) -> Findings:
    """Measures the case."""
    predictions = QUICK_PREDICTIONS if stage.is_quick else FULL_PREDICTIONS
    findings = Findings(
        "feedback",
        f"RecordFeedback with wait DURABLE for {predictions:,} predictions made before, each {ROUNDS} times, "
        "one value "
        f"a call; {CALLERS} callers, each one call after the other, over {CONNECTIONS} connections. The "
        "applier runs "
        "beside it",
    )
    ids = stage.folder / "ids.txt"
    with ExitStack() as stack:
        server = stage.start_server(stack, "feedback", seal_after_seconds=1.0)
        stage.create_router(server)
        flags = ("--calls", str(predictions), "--ids", str(ids))
        made = run_load(stage.load, contestant(server), SHAPE, *flags, timeout_seconds=300)
        wait_until_shipped(server, made.answered)
        found = send(stage, server, ids, "--rounds", str(ROUNDS))
        ended = time.monotonic()
        wait_until_applied(stage, server, ids)
        applied_seconds = time.monotonic() - ended
        _judge(findings, server, found, applied_seconds)
    return findings


def send(stage: Stage, server: Server, ids: Path, *flags: str) -> dict[str, Any]:
    """Sends feedback for the ids of a file.

    Raises:
        HarnessError: A call failed.
    """
    command = [
        str(stage.peers.program),
        "feedback_load",
        *("--target", server.address),
        *("--ids", str(ids)),
        *("--callers", str(CALLERS)),
        *("--connections", str(CONNECTIONS)),
        *("--metric", METRIC),
        *("--observe", str(server.pid)),
        *flags,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise HarnessError(f"feedback: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    if found["failures"]:
        raise HarnessError(f"feedback: {found['failures']} calls failed: {found['first_failure']}")
    return found


def wait_until_applied(stage: Stage, server: Server, ids: Path) -> None:
    """Brings one value once more and waits until it is applied; all that came before is applied before it."""
    with ids.open() as lines:
        first = next(lines)
    one = stage.folder / "one-id.txt"
    one.write_text(first)
    found = send(stage, server, one, "--wait", "applied")
    if found["outcomes"] != {"duplicate": 1}:
        raise HarnessError(f"feedback: the first value came to be {found['outcomes']}, not a duplicate")


def _judge(findings: Findings, server: Server, found: dict[str, Any], applied_seconds: float) -> None:
    rate = found["acknowledged_per_second"]
    findings.at_least("acknowledged a second", rate, LEAST_PER_SECOND)
    count, total = found["distinct_count"], found["distinct_sum"]
    with reading_database(server.data_dir) as connection:
        stored = connection.execute("SELECT count(*), coalesce(sum(value), 0) FROM feedback").fetchone()
        [counted] = connection.execute("SELECT coalesce(sum(count), 0) FROM feedback_totals").fetchone()
    findings.at_most("SQL totals, count − distinct values sent", abs(counted - count), 0)
    findings.at_most(
        "values in SQL − distinct values sent", abs(stored[0] - count) + abs(stored[1] - total), 0
    )
    seen_count, seen_total = _read_metrics(server)
    findings.at_most("GetRouterMetrics, count − distinct values sent", abs(seen_count - count), 0)
    [cpu] = found["cpu_us_per_call"]
    table = Table(
        ("acknowledged", "a second", "CPU µs/call", "p50 µs", "p99 µs", "p99.9 µs", "applied after s")
    )
    table.add(
        found["acknowledged"],
        rate,
        round(cpu, 1),
        found["p50_us"],
        found["p99_us"],
        found["p999_us"],
        round(applied_seconds, 2),
    )
    findings.tables.append(table)
    findings.notes.append(
        f"{count:,} distinct values with the sum {total:,.0f}; SQL holds {stored[0]:,} with "
        f"{stored[1]:,.0f}, its totals say {counted:,}, GetRouterMetrics says {seen_count:,} with "
        f"{seen_total:,.0f}"
    )
    findings.notes.append("CPU is that of the whole process while calls came, the applier included")


def _read_metrics(server: Server) -> tuple[int, float]:
    import grpc

    from pointsman.v1 import router_pb2, router_pb2_grpc

    with grpc.insecure_channel(server.address) as channel:
        stub = make_stub(router_pb2_grpc.RouterServiceStub, channel)
        request = router_pb2.GetRouterMetricsRequest(router_id=ROUTER)
        metrics = stub.GetRouterMetrics(request, timeout=CALL_SECONDS)
    [feedback] = [found for found in metrics.total.feedback if found.metric == METRIC]
    return feedback.count, feedback.count * feedback.mean
