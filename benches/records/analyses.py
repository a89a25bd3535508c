"""What callers feel of an analysis of drift over a day of ten million predictions, in an open loop."""

import os
import random
import signal
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
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
SPAN_SECONDS, WARMUP_SECONDS = 3.0, 0.5
LEAST_PAIRS, MOST_PAIRS = 2, 60
"""Pairs of spans of load, one while the analysis is stopped and one beside it. The 99th percentile of a span
is between half and twice that of the next, so that only many tell something."""
MOST_LATENCY_RATIO = 1.5
MOST_CPU_RATIO = 1.05
_SEED, _DRAWS = 1, 1_000
_BASELINE = "first-hour"
_PROGRAM = b"pointsman.control.drift.program"


@dataclass
class Pairs:
    """Spans of load while an analysis is stopped, each with the one beside it that followed."""

    quiet: list[Sample] = field(default_factory=list)
    beside: list[Sample] = field(default_factory=list)
    analysis_seconds: float = 0.0
    """How long it took, without the time for which it was stopped."""

    def both(self) -> list[tuple[Sample, Sample]]:
        """Answers each span without beside the one with the analysis."""
        return list(zip(self.quiet, self.beside, strict=True))


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
        pairs = measure(stage, server, analyst, (*seconds, "--rate", str(rate)))
        counted, dropped = analyst.rows(), read_journal(server).dropped
    findings = Findings(
        "analyses",
        f"{SHAPE_IN_WORDS}; {rate:,} calls a second in an open loop, {RATE_SHARE:.0%} of what a closed one "
        f"gets answered; one analysis of {rows:,} predictions of {COLUMNS} features by the "
        "algorithms of default settings, in a program of its own on the same processors, which is stopped "
        f"for every other span of {SPAN_SECONDS:g} s: {len(pairs.quiet)} pairs of spans, of whose p99 "
        "the median ratio counts. CPU is that of the server's process",
    )
    _judge(findings, pairs)
    # Calls that failed are no predictions; one in two hundred of the day did.
    findings.at_least("predictions counted / calls of the day", counted / rows, 0.99)
    findings.at_most("records dropped", dropped, 0)
    return findings


def measure(stage: Stage, server: Server, analyst: Analyst, flags: tuple[str, ...]) -> Pairs:
    """Measures spans of load by turns without and beside an analysis, until it ends or there are enough."""
    from pointsman.v1 import drift_pb2

    def take() -> Sample:
        return run_load(stage.load, contestant(server), SHAPE, *flags, timeout_seconds=60)

    found = Pairs()
    stopped_seconds = 0.0
    job_id = analyst.begin()
    program = _program_of(server)
    while True:
        quiet = None
        if len(found.quiet) < MOST_PAIRS:
            stopped_at = time.monotonic()
            with _stopped(program):
                quiet = take()
            stopped_seconds += time.monotonic() - stopped_at
        beside = take()
        job = analyst.job(job_id)
        if job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED:
            # The last span is in part beside nothing.
            took = job.completed_at.ToMilliseconds() - job.started_at.ToMilliseconds()
            found.analysis_seconds = took / 1e3 - stopped_seconds
            return found
        if quiet is not None:
            found.quiet.append(quiet)
            found.beside.append(beside)


def _program_of(server: Server) -> int:
    """Waits for the program of the analysis that a server began; answers its process."""
    until = time.monotonic() + CALL_SECONDS
    while time.monotonic() < until:
        for child in Path(f"/proc/{server.pid}/task").glob("*/children"):
            for pid in map(int, child.read_text().split()):
                if _PROGRAM in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        time.sleep(0.01)
    raise HarnessError("analyses: the server started no program")


@contextmanager
def _stopped(program: int) -> Iterator[None]:
    os.kill(program, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(program, signal.SIGCONT)


def _judge(findings: Findings, pairs: Pairs) -> None:
    if len(pairs.quiet) < LEAST_PAIRS:
        raise HarnessError(f"analyses: {len(pairs.quiet)} pairs of spans fit into one; have more rows")
    ratios = [beside.p99_us / quiet.p99_us for quiet, beside in pairs.both()]
    findings.at_most(
        "p99, beside an analysis / without (median of pairs, quartiles)",
        statistics.median(ratios),
        MOST_LATENCY_RATIO,
        spread=statistics.quantiles(ratios, n=4),
    )
    # The server stores what it recorded now and then, which falls into some spans and not into others.
    findings.at_most(
        "CPU per call, beside an analysis / without (all spans, 95 % by resampling)",
        _cpu_us(pairs.beside) / _cpu_us(pairs.quiet),
        MOST_CPU_RATIO,
        spread=_resampled(pairs),
    )
    findings.tell("an analysis takes", pairs.analysis_seconds, "s")
    table = Table(("", "spans", "calls/s", "CPU µs/call", "mean µs", "p50 µs", "p99 µs"))
    for name, samples in (("without", pairs.quiet), ("beside an analysis", pairs.beside)):
        rate, *latencies = (
            round(_median(samples, figure), 1)
            for figure in ("calls_per_second", "mean_us", "p50_us", "p99_us")
        )
        table.add(name, len(samples), rate, round(_cpu_us(samples), 1), *latencies)
    findings.tables.append(table)


def _cpu_us(samples: Sequence[Sample]) -> float:
    """Answers the processor time of a call, of all spans together."""
    return sum(one.cpu_us_per_call * one.calls for one in samples) / sum(one.calls for one in samples)


def _resampled(pairs: Pairs) -> list[float]:
    """Answers between which ratios of processor time 95 of 100 draws of as many pairs are."""
    draw, both = random.Random(_SEED), pairs.both()
    ratios = []
    for _ in range(_DRAWS):
        quiet, beside = zip(*draw.choices(both, k=len(both)), strict=True)
        ratios.append(_cpu_us(beside) / _cpu_us(quiet))
    cuts = statistics.quantiles(ratios, n=40)
    return [cuts[0], cuts[-1]]


def _median(samples: list[Sample], figure: str) -> float:
    return float(statistics.median(getattr(sample, figure) for sample in samples))
