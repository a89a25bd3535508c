"""Many records at full speed: whether memory stays flat and all of them reach the lake."""

import statistics
from contextlib import ExitStack

from benches.load.sample import run_load
from benches.records.findings import Findings, Table
from benches.records.lake import read_journal, wait_until_shipped
from benches.records.memory import MEBIBYTE, MemoryTrace, read_memory, tracing_memory
from benches.records.recording import count_rows
from benches.records.stage import SHAPE, SHAPE_IN_WORDS, Stage, contestant

FULL_CALLS, QUICK_CALLS = 10_000_000, 300_000
FIRST_SECONDS = 60.0
MOST_GROWTH = 0.10
MOST_MEBIBYTES = 600
TIMEOUT_SECONDS = 3_600.0
TABLE_STEPS = 12


def run(stage: Stage) -> Findings:
    """Measures the case."""
    calls = QUICK_CALLS if stage.is_quick else FULL_CALLS
    findings = Findings(
        "soak",
        f"{calls:,} calls as fast as they are answered: {SHAPE_IN_WORDS}; {SHAPE.connections} connections × "
        f"{SHAPE.streams} streams; default settings but for the last segment, which is sealed after 5 s. "
        "Resident "
        "memory once a second until the lake has caught up",
    )
    with ExitStack() as stack:
        server = stage.start_server(stack, "soak", seal_after_seconds=5.0)
        stage.create_router(server)
        with tracing_memory(server.pid) as trace:
            sample = run_load(
                stage.load,
                contestant(server),
                SHAPE,
                *("--calls", str(calls)),
                timeout_seconds=TIMEOUT_SECONDS,
            )
            load_seconds = trace.end_seconds
            waiting = read_journal(server).waiting_bytes
            catch_up_seconds = wait_until_shipped(server, sample.answered)
        peak = read_memory(server.pid, "VmHWM")
        dropped = read_journal(server).dropped
        _judge(findings, trace, peak, is_quick=stage.is_quick)
        findings.tell("records dropped and counted", dropped)
        count_rows(findings, server, sample.answered - dropped)
    findings.notes.append(
        f"{sample.answered:,} calls in {load_seconds:.0f} s, {sample.calls_per_second:,.0f} a second, p99 "
        f"{sample.p99_us / 1e3:.1f} ms; at the last call {waiting / 1e6:,.0f} MB waited in the journal, "
        f"{catch_up_seconds:.1f} s later none"
    )
    return findings


def _judge(findings: Findings, trace: MemoryTrace, peak: int, *, is_quick: bool) -> None:
    first_seconds = min(FIRST_SECONDS, trace.end_seconds / 3)
    first = trace.between(0, first_seconds)
    later = trace.between(first_seconds, trace.end_seconds + 1)
    # Each segment on its way into the lake is one tooth of a saw, so that single points say little. Medians
    # show a slow rise, the highest of two halves shows teeth that grow.
    begin = trace.between(first_seconds, 2 * first_seconds)
    end = trace.between(trace.end_seconds - first_seconds, trace.end_seconds + 1)
    middle = (first_seconds + trace.end_seconds) / 2
    halves = trace.between(first_seconds, middle), trace.between(middle, trace.end_seconds + 1)
    growths = {
        f"growth of resident memory, median of the last {first_seconds:.0f} s over that of the second": (
            statistics.median(end) / statistics.median(begin) - 1
        ),
        f"growth after {first_seconds:.0f} s, highest of the second half over that of the first": (
            max(halves[1]) / max(halves[0]) - 1
        ),
    }
    for name, growth in growths.items():
        if is_quick:
            # Shorter than the minute in which it is still to grow.
            findings.tell(name, growth)
        else:
            findings.at_most(name, growth, MOST_GROWTH)
    findings.tell(f"highest after {first_seconds:.0f} s over the highest before", max(later) / max(first) - 1)
    findings.at_most("resident memory, peak", peak / MEBIBYTE, MOST_MEBIBYTES, "MiB")
    table = Table(("from s", "to s", "least MiB", "median MiB", "most MiB"))
    step = trace.end_seconds / TABLE_STEPS
    for number in range(TABLE_STEPS):
        sizes = trace.between(number * step, (number + 1) * step)
        if sizes:
            table.add(
                round(number * step),
                round((number + 1) * step),
                round(min(sizes) / MEBIBYTE),
                round(statistics.median(sizes) / MEBIBYTE),
                round(max(sizes) / MEBIBYTE),
            )
    findings.tables.append(table)
