"""Recording beside Envoy and beside the same router without it, with all that comes after the calls."""

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from benches.load import contestants
from benches.load.pointsman_server import Server
from benches.load.processes import read_cpu_seconds
from benches.load.sample import Contestant, Sample, Shape, run_load
from benches.records.findings import Findings, Table
from benches.records.lake import count_lake, read_journal, wait_until_shipped
from benches.records.stage import ROUTER, SHAPE, SHAPE_IN_WORDS, Stage, contestant

MOST_CPU_RATIO = 1.0
LEAST_THROUGHPUT_RATIO = 0.85
ENVOY, OFF, ON = "envoy", "recording off", "recording on"


@dataclass(frozen=True)
class Pace:
    """How often and how long."""

    rounds: int
    seconds: float
    warmup_seconds: float
    seal_after_seconds: float


FULL = Pace(rounds=9, seconds=12.0, warmup_seconds=3.0, seal_after_seconds=5.0)
QUICK = Pace(rounds=3, seconds=2.0, warmup_seconds=0.5, seal_after_seconds=1.0)


@dataclass(frozen=True)
class Turn:
    """One span of load on one contestant, and what came after it.

    Attributes:
        cpu_us_per_call: Processor time from the first call until the lake has all of them, over all calls.
        catch_up_seconds: How long that took after the last call.
    """

    sample: Sample
    cpu_us_per_call: float
    catch_up_seconds: float


@dataclass
class Party:
    """A contestant with its turns.

    Attributes:
        finish: Waits until what it does after the calls is done; answers how long that took.
    """

    contestant: Contestant
    finish: Callable[[int], float]
    turns: list[Turn] = field(default_factory=list)
    answered: int = 0

    def take_turn(self, stage: Stage, pace: Pace, shape: Shape = SHAPE) -> None:
        """Runs the load and waits for what comes after it."""
        pid = self.contestant.pid or 0
        before = read_cpu_seconds(pid)
        sample = run_load(
            stage.load,
            self.contestant,
            shape,
            *("--seconds", str(pace.seconds)),
            *("--warmup-seconds", str(pace.warmup_seconds)),
            timeout_seconds=pace.seconds + pace.warmup_seconds + 30,
        )
        self.answered += sample.answered
        catch_up_seconds = self.finish(self.answered)
        used = read_cpu_seconds(pid) - before
        self.turns.append(Turn(sample, used * 1e6 / sample.answered, catch_up_seconds))


def run(stage: Stage) -> Findings:
    """Measures the case."""
    pace = QUICK if stage.is_quick else FULL
    findings = Findings(
        "recording",
        f"{SHAPE_IN_WORDS}; {SHAPE.connections} connections × {SHAPE.streams} streams; {pace.rounds} rounds "
        "of "
        f"{pace.seconds:g} s after {pace.warmup_seconds:g} s of warm-up, in turns. A turn of recording ends "
        "when its "
        f"journal is empty (the last segment is sealed after {pace.seal_after_seconds:g} s, otherwise the "
        "settings "
        "are the defaults). CPU is that of the whole process from the first call to the end of the turn, "
        "over all "
        "calls answered",
    )
    with ExitStack() as stack:
        off = stage.start_server(stack, "off", pace.seal_after_seconds)
        stage.create_router(off, record=False)
        on = stage.start_server(stack, "on", pace.seal_after_seconds)
        stage.create_router(on)
        envoy = contestants.start_envoy(stack, stage.backends, stage.folder)
        parties = {
            ENVOY: Party(envoy, lambda _: 0.0),
            OFF: Party(contestant(off, OFF), lambda _: 0.0),
            ON: Party(contestant(on, ON), lambda answered: wait_until_shipped(on, answered)),
        }
        first_cpu = read_cpu_seconds(on.pid)
        started = time.monotonic()
        for number in range(pace.rounds):
            names = list(parties)
            for name in names if number % 2 == 0 else reversed(names):
                parties[name].take_turn(stage, pace)
        whole_cpu = read_cpu_seconds(on.pid) - first_cpu
        _judge(findings, parties)
        _count(findings, on, parties[ON].answered)
        findings.notes.append(
            f"recording on over the whole case of {time.monotonic() - started:.0f} s, compaction and the "
            "others' "
            f"turns included: {whole_cpu * 1e6 / parties[ON].answered:.1f} µs of CPU a call"
        )
    return findings


def _judge(findings: Findings, parties: dict[str, Party]) -> None:
    def ratios(figure: Callable[[Turn], float], first: str, second: str) -> list[float]:
        pairs = zip(parties[first].turns, parties[second].turns, strict=True)
        return [figure(one) / figure(other) for one, other in pairs]

    cpu = ratios(lambda turn: turn.cpu_us_per_call, ON, ENVOY)
    findings.at_most("CPU per call, recording on / envoy", statistics.median(cpu), MOST_CPU_RATIO, spread=cpu)
    throughput = ratios(lambda turn: turn.sample.calls_per_second, ON, OFF)
    findings.at_least(
        "throughput, recording on / off",
        statistics.median(throughput),
        LEAST_THROUGHPUT_RATIO,
        spread=throughput,
    )
    table = Table(("", "calls/s", "CPU µs/call", "mean µs", "p50 µs", "p99 µs", "catch-up s"))
    for name, party in parties.items():
        samples = [turn.sample for turn in party.turns]
        table.add(
            name,
            statistics.median(sample.calls_per_second for sample in samples),
            round(statistics.median(turn.cpu_us_per_call for turn in party.turns), 1),
            statistics.median(sample.mean_us for sample in samples),
            statistics.median(sample.p50_us for sample in samples),
            statistics.median(sample.p99_us for sample in samples),
            round(statistics.median(turn.catch_up_seconds for turn in party.turns), 1),
        )
    findings.tables.append(table)


def _count(findings: Findings, server: Server, answered: int) -> None:
    findings.at_most("records dropped", read_journal(server).dropped, 0)
    count_rows(findings, server, answered)


def count_rows(findings: Findings, server: Server, expected: int) -> None:
    """Adds what the lake holds against what must be there, each id once."""
    counted = count_lake(server.data_dir, ROUTER)
    missing = abs(counted.rows - expected) + abs(counted.distinct_ids - expected)
    missing += abs(counted.manifest_rows - expected)
    findings.at_most("rows of the lake − answered calls", missing, 0)
    findings.notes.append(
        f"{expected:,} calls answered and not dropped; the lake has {counted.rows:,} rows with "
        f"{counted.distinct_ids:,} ids in {counted.files} files of {counted.byte_count / 1e6:,.0f} MB, its "
        "manifest "
        f"says {counted.manifest_rows:,}"
    )
