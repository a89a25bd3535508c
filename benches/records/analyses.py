"""What callers feel of an analysis of drift over a day of ten million predictions, in an open loop."""

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benches.load.pointsman_server import CALL_SECONDS, MODEL, Server, make_stub
from benches.load.processes import HarnessError
from benches.load.sample import Sample, run_load
from benches.records.filling import HOUR_US, Filled, start_filled, wait_until_compacted
from benches.records.findings import Findings, Table
from benches.records.lake import read_journal
from benches.records.reads import time_of
from benches.records.shadows import RATE_SHARE
from benches.records.stage import COLUMNS, SHAPE, SHAPE_IN_WORDS, Stage, contestant

if TYPE_CHECKING:
    import grpc

    from pointsman.v1 import drift_pb2

FULL_ROWS, QUICK_ROWS = 10_000_000, 1_000_000
FULL_ROUNDS, QUICK_ROUNDS = 5, 1
SPAN_SECONDS, WARMUP_SECONDS = 3.0, 0.5
QUIET_SPANS = 4
LEAST_SPANS = 2
"""Spans of load that must lie within an analysis, so that its round counts."""
MOST_LATENCY_RATIO = 1.5
MOST_CPU_RATIO = 1.05
MOST_ANALYSIS_SECONDS = 600.0
_BASELINE = "first-hour"


@dataclass
class Round:
    """Spans of load without an analysis and then beside one."""

    quiet: list[Sample] = field(default_factory=list)
    beside: list[Sample] = field(default_factory=list)
    analysis_seconds: float = 0.0


class Analyst:
    """A client that has a model analysed.

    Args:
        channel: Where to.
        filled: What there is to analyse.
    """

    def __init__(self, channel: "grpc.Channel", filled: Filled) -> None:
        from pointsman.v1 import drift_pb2_grpc

        self._stub = make_stub(drift_pb2_grpc.DriftServiceStub, channel)
        self._filled = filled

    def prepare(self) -> None:
        """Takes the first hour of the day as what is normal."""
        from pointsman.v1 import drift_pb2

        start = self._filled.from_us
        window = drift_pb2.BaselineWindow(start=time_of(start), end=time_of(start + HOUR_US))
        request = drift_pb2.CreateBaselineRequest(model_id=MODEL, version=_BASELINE, window=window)
        made = self._stub.CreateBaseline(request, timeout=CALL_SECONDS)
        self._stub.SetActiveBaseline(
            drift_pb2.SetActiveBaselineRequest(model_id=MODEL, baseline_id=made.baseline_id),
            timeout=CALL_SECONDS,
        )

    def begin(self) -> str:
        """Asks for an analysis of the whole day; answers its job."""
        from pointsman.v1 import drift_pb2

        request = drift_pb2.AnalyzeRequest(
            model_id=MODEL,
            window_start=time_of(self._filled.from_us),
            window_end=time_of(self._filled.to_us),
        )
        job: drift_pb2.AnalysisJob = self._stub.Analyze(request, timeout=CALL_SECONDS)
        return job.job_id

    def job(self, job_id: str) -> "drift_pb2.AnalysisJob":
        """Answers how an analysis stands; it must not have failed."""
        from pointsman.v1 import drift_pb2

        request = drift_pb2.GetAnalysisJobRequest(model_id=MODEL, job_id=job_id)
        job: drift_pb2.AnalysisJob = self._stub.GetAnalysisJob(request, timeout=CALL_SECONDS)
        if job.status not in (drift_pb2.ANALYSIS_STATUS_RUNNING, drift_pb2.ANALYSIS_STATUS_SUCCEEDED):
            raise HarnessError(f"analyses: {job}")
        return job

    def rows(self) -> int:
        """Answers the rows of the window of the latest analysis."""
        from pointsman.v1 import drift_pb2

        request = drift_pb2.GetLatestResultRequest(model_id=MODEL)
        result: drift_pb2.DriftResult = self._stub.GetLatestResult(request, timeout=CALL_SECONDS)
        return result.current_rows


def run(stage: Stage) -> Findings:
    """Measures the case."""
    import grpc

    rows = QUICK_ROWS if stage.is_quick else FULL_ROWS
    with ExitStack() as stack:
        filled = start_filled(stage, stack, "analyses", rows)
        server = filled.server
        if not stage.is_quick:
            wait_until_compacted(server.data_dir)
        analyst = Analyst(stack.enter_context(grpc.insecure_channel(server.address)), filled)
        analyst.prepare()
        seconds = (*("--seconds", str(SPAN_SECONDS)), *("--warmup-seconds", str(WARMUP_SECONDS)))
        closed = run_load(stage.load, contestant(server), SHAPE, *seconds, timeout_seconds=60)
        rate = round(RATE_SHARE * closed.calls_per_second)
        rounds = [
            measure(stage, server, analyst, (*seconds, "--rate", str(rate)))
            for _ in range(QUICK_ROUNDS if stage.is_quick else FULL_ROUNDS)
        ]
        counted, dropped = analyst.rows(), read_journal(server).dropped
    findings = Findings(
        "analyses",
        f"{SHAPE_IN_WORDS}; {rate:,} calls a second in an open loop, {RATE_SHARE:.0%} of what a closed one "
        f"gets answered; {len(rounds)} rounds of {QUIET_SPANS} spans of {SPAN_SECONDS:g} s, then as many as "
        f"fit into an analysis of {rows:,} predictions of {COLUMNS} features by the algorithms of default "
        "settings, in a program of its own on the same processors. CPU is that of the server's process",
    )
    _judge(findings, rounds)
    # Calls that failed are no predictions; one in two hundred of the day did.
    findings.at_least("predictions counted / calls of the day", counted / rows, 0.99)
    findings.at_most("records dropped", dropped, 0)
    return findings


def measure(stage: Stage, server: Server, analyst: Analyst, flags: tuple[str, ...]) -> Round:
    """Measures spans of load, then spans within an analysis."""
    from pointsman.v1 import drift_pb2

    def take() -> Sample:
        return run_load(stage.load, contestant(server), SHAPE, *flags, timeout_seconds=60)

    found = Round(quiet=[take() for _ in range(QUIET_SPANS)])
    started = time.monotonic()
    job_id = analyst.begin()
    while time.monotonic() - started < MOST_ANALYSIS_SECONDS:
        sample = take()
        job = analyst.job(job_id)
        if job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED:
            # The last span is in part beside nothing.
            found.analysis_seconds = (
                job.completed_at.ToMilliseconds() - job.started_at.ToMilliseconds()
            ) / 1e3
            return found
        found.beside.append(sample)
    raise HarnessError(f"analyses: none of {MOST_ANALYSIS_SECONDS:.0f} s was enough")


def _judge(findings: Findings, rounds: list[Round]) -> None:
    judged = [one for one in rounds if len(one.beside) >= LEAST_SPANS]
    if not judged:
        raise HarnessError(f"analyses: none took {LEAST_SPANS} spans of {SPAN_SECONDS:g} s; have more rows")
    p99 = [_median(one.beside, "p99_us") / _median(one.quiet, "p99_us") for one in judged]
    cpu = [_median(one.beside, "cpu_us_per_call") / _median(one.quiet, "cpu_us_per_call") for one in judged]
    findings.at_most(
        "p99, beside an analysis / without", statistics.median(p99), MOST_LATENCY_RATIO, spread=p99
    )
    findings.at_most(
        "CPU per call, beside an analysis / without", statistics.median(cpu), MOST_CPU_RATIO, spread=cpu
    )
    findings.tell("an analysis takes", statistics.median(one.analysis_seconds for one in judged), "s")
    table = Table(("", "spans", "calls/s", "CPU µs/call", "mean µs", "p50 µs", "p99 µs"))
    for name, samples in (
        ("without", [sample for one in judged for sample in one.quiet]),
        ("beside an analysis", [sample for one in judged for sample in one.beside]),
    ):
        figures = ("calls_per_second", "cpu_us_per_call", "mean_us", "p50_us", "p99_us")
        table.add(name, len(samples), *(round(_median(samples, figure), 1) for figure in figures))
    findings.tables.append(table)


def _median(samples: list[Sample], figure: str) -> float:
    return float(statistics.median(getattr(sample, figure) for sample in samples))
