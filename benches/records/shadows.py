"""What callers feel of a shadow that answers, hangs or is gone, in an open loop, beside none."""

import statistics
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benches.load import contestants, pointsman_server
from benches.load.sample import Sample, run_load
from benches.records.findings import Findings, Table
from benches.records.lake import read_journal
from benches.records.recording import FULL, QUICK
from benches.records.stage import COLUMNS, ROUTER, SHAPE, SHAPE_IN_WORDS, Stage, signature
from benches.records.strategies import weighted_router

if TYPE_CHECKING:
    from pointsman.v1 import router_pb2

NONE, WELL, HUNG, GONE = "no shadow", "a shadow that answers", "a shadow that hangs", "a shadow that is gone"
MOST_LATENCY_RATIO = 1.2
RATE_SHARE = 0.3
"""The part of the calls that a closed loop gets answered."""
HANGING_MS = 3_600_000
SHADOW_MODEL = "shadow"


def run(stage: Stage) -> Findings:
    """Measures the case."""
    pace = QUICK if stage.is_quick else FULL
    with ExitStack() as stack:
        hanging = contestants.start_backends(stack, stage.peers, stage.folder, COLUMNS, HANGING_MS)
        # A router is not deployed over a backend that is gone already.
        going, folder = stack.enter_context(ExitStack()), stage.folder / "gone"
        folder.mkdir()
        gone = contestants.start_backends(going, stage.peers, folder, COLUMNS)
        ports = {WELL: stage.backends.rewritten_b, HUNG: hanging.rewritten_b, GONE: gone.rewritten_b}
        servers = {
            name: stage.start_server(stack, _folder(name), pace.seal_after_seconds) for name in (NONE, *ports)
        }
        for name, server in servers.items():
            if port := ports.get(name):
                _register(server, port)
            pointsman_server.deploy_router(server, stage.backends, _router(name != NONE), signature())
        going.close()
        callers = {
            name: pointsman_server.contestant(server, name, ROUTER, "sticky")
            for name, server in servers.items()
        }
        seconds = (*("--seconds", str(pace.seconds)), *("--warmup-seconds", str(pace.warmup_seconds)))
        limit = pace.seconds + pace.warmup_seconds + 30
        saturated = run_load(stage.load, callers[NONE], SHAPE, *seconds, timeout_seconds=limit)
        rate = round(RATE_SHARE * saturated.calls_per_second)
        findings = Findings(
            "shadows",
            f"{SHAPE_IN_WORDS}; all calls are copied; {rate:,} calls a second in an open loop over "
            f"{SHAPE.connections} connections × {SHAPE.streams} streams, {RATE_SHARE:.0%} of what the router "
            f"without a shadow answers in a closed one; {pace.rounds} rounds of {pace.seconds:g} s after "
            f"{pace.warmup_seconds:g} s of warm-up, in turns",
        )
        samples: dict[str, list[Sample]] = {name: [] for name in callers}
        for number in range(pace.rounds):
            for name in list(callers) if number % 2 == 0 else reversed(list(callers)):
                samples[name].append(
                    run_load(
                        stage.load, callers[name], SHAPE, *seconds, "--rate", str(rate), timeout_seconds=limit
                    )
                )
        _judge(findings, samples)
        for name, server in servers.items():
            findings.at_most(f"records dropped, {name}", read_journal(server).dropped, 0)
    return findings


def _judge(findings: Findings, samples: dict[str, list[Sample]]) -> None:
    for name in (WELL, HUNG, GONE):
        ratios = [one.p99_us / other.p99_us for one, other in zip(samples[name], samples[NONE], strict=True)]
        found = statistics.median(ratios)
        if name == WELL:
            # Its answers cost what calls cost, on the same processors.
            findings.tell(f"p99, {name} / {NONE}", found)
        else:
            findings.at_most(f"p99, {name} / {NONE}", found, MOST_LATENCY_RATIO, spread=ratios)
    table = Table(("", "calls/s", "CPU µs/call", "mean µs", "p50 µs", "p99 µs"))
    for name, taken in samples.items():
        table.add(
            name,
            statistics.median(sample.calls_per_second for sample in taken),
            round(statistics.median(sample.cpu_us_per_call for sample in taken), 1),
            statistics.median(sample.mean_us for sample in taken),
            statistics.median(sample.p50_us for sample in taken),
            statistics.median(sample.p99_us for sample in taken),
        )
    findings.tables.append(table)


def _folder(name: str) -> str:
    return name.replace(" ", "-")


def _register(server: pointsman_server.Server, port: int) -> None:
    """Registers the shadow's model."""
    import grpc

    with grpc.insecure_channel(server.address) as channel:
        target = f"127.0.0.1:{port}"
        pointsman_server.register_version(
            channel, SHADOW_MODEL, "1", target, contestants.MODEL_B, signature()
        )


def _router(has_shadow: bool) -> "router_pb2.Router":
    """A sticky 70/30 router, recorded, maybe with a shadow that gets copies of all calls."""
    from pointsman.v1 import router_pb2

    router = weighted_router()
    if has_shadow:
        router.variants.add(
            name="s", model_id=SHADOW_MODEL, model_version="1", role=router_pb2.VARIANT_ROLE_SHADOW
        )
    return router
