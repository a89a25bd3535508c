"""Reads over a day of recorded predictions while more of them come."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benches.load.pointsman_server import CALL_SECONDS, Server, make_stub
from benches.load.processes import HarnessError, Program
from benches.load.sample import Shape, load_command
from benches.records import feedback
from benches.records.filling import (
    ENTITIES,
    IDS_EVERY,
    SECOND_US,
    Filled,
    start_filled,
    wait_until_compacted,
)
from benches.records.findings import Findings, Table, quantile
from benches.records.lake import count_files, read_metrics
from benches.records.memory import MEBIBYTE, forget_peak, read_memory
from benches.records.stage import COLUMNS, MESSAGE_BYTES, ROUTER, Stage, contestant

if TYPE_CHECKING:
    import grpc
    from google.protobuf.timestamp_pb2 import Timestamp

    from pointsman.v1 import prediction_pb2, router_pb2

FULL_ROWS, QUICK_ROWS = 10_000_000, 1_000_000
INGEST_PER_SECOND = 1_500
INGEST_SHAPE = Shape(4, 5, MESSAGE_BYTES, columns=COLUMNS, entities=ENTITIES)
LEAST_INGEST_PER_SECOND = 1_000
WARM_SECONDS = 5.0
PAGES = {"deep": 45, "time": 20, "entity": 35}
IDS, NEWEST_IDS = 90, 10
METRICS_READS = 20
WALK_PAGE_SIZE = 1_000
FULL_WALK_PAGES, QUICK_WALK_PAGES = (150, 50, 20), (6, 4, 2)
"""Pages of the walks from the newest, from the oldest, and from each of some random times."""
RANDOM_WALKS = 4
MOST_PAGE_SECONDS = MOST_ID_SECONDS = 0.5
MOST_METRICS_SECONDS = 1.5
MOST_MEBIBYTES = 1024
SEED = 4


@dataclass(frozen=True)
class Read:
    """One read, and what sort it is of."""

    kind: str
    run: Callable[[], None]


class Reader:
    """A client that reads and checks that something came.

    Args:
        channel: Where to.
        filled: What there is to read.
    """

    def __init__(self, channel: "grpc.Channel", filled: Filled) -> None:
        from pointsman.v1 import router_pb2_grpc

        self._stub = make_stub(router_pb2_grpc.RouterServiceStub, channel)
        self._filled = filled

    def page(self, **fields: Any) -> "router_pb2.ListPredictionsResponse":
        """Reads a page; it must not be empty."""
        from pointsman.v1 import router_pb2

        request = router_pb2.ListPredictionsRequest(router_id=ROUTER, **fields)
        page: router_pb2.ListPredictionsResponse = self._stub.ListPredictions(request, timeout=CALL_SECONDS)
        if not page.predictions:
            raise HarnessError(f"reads: an empty page of {fields}")
        return page

    def walk(self, pages: int, **fields: Any) -> list[dict[str, Any]]:
        """Walks over large pages and answers what asks for each page but the first."""
        token = ""
        found = []
        for _ in range(pages):
            page = self.page(page_size=WALK_PAGE_SIZE, page_token=token, **fields)
            token = page.next_page_token
            if not token:
                break
            found.append(fields | {"page_token": token})
        return found

    def prediction(self, prediction_id: str) -> "prediction_pb2.PredictionRecord":
        """Reads one prediction."""
        from pointsman.v1 import router_pb2

        request = router_pb2.GetPredictionRequest(router_id=ROUTER, prediction_id=prediction_id)
        found: prediction_pb2.PredictionRecord = self._stub.GetPrediction(request, timeout=CALL_SECONDS)
        if found.prediction_id != prediction_id or len(found.features) != COLUMNS:
            raise HarnessError(f"reads: {prediction_id} came as {found}")
        return found

    def metrics(self) -> None:
        """Reads the figures from the beginning of the day until now, by the hour."""
        from google.protobuf.duration_pb2 import Duration

        from pointsman.v1 import router_pb2

        request = router_pb2.GetRouterMetricsRequest(
            router_id=ROUTER,
            start_time=time_of(self._filled.from_us),
            granularity=Duration(seconds=3_600),
        )
        metrics = self._stub.GetRouterMetrics(request, timeout=CALL_SECONDS)
        if metrics.total.request_count < self._filled.rows or len(metrics.series) < 24:
            raise HarnessError(
                f"reads: {metrics.total.request_count} calls in {len(metrics.series)} steps; there are more "
                "than "
                f"{self._filled.rows}"
            )


def run(stage: Stage) -> Findings:
    """Measures the case."""
    import grpc

    rows = QUICK_ROWS if stage.is_quick else FULL_ROWS
    findings = Findings("reads", "")
    with ExitStack() as stack:
        filled = start_filled(stage, stack, "reads", rows)
        server = filled.server
        sent = feedback.send(stage, server, filled.ids_file)
        feedback.wait_until_applied(stage, server, filled.ids_file)
        compacted_seconds = 0.0 if stage.is_quick else wait_until_compacted(server.data_dir)
        files, _, byte_count = count_files(server.data_dir)
        channel = stack.enter_context(grpc.insecure_channel(server.address, options=UNLIMITED))
        reader = Reader(channel, filled)
        with ingesting(stage, server) as rate:
            forget_peak(server.pid)
            pages = prepare_pages(reader, filled, stage.is_quick)
            ids = prepare_ids(reader, filled)
            took = {
                "pages": measure(pages),
                "ids": measure(ids),
                "metrics": measure([Read("metrics", reader.metrics)] * METRICS_READS),
            }
            peak = read_memory(server.pid, "VmHWM")
            ingest = rate()
    findings.conditions = (
        f"{rows:,} predictions of one day, {ENTITIES:,} entities, two variants, {COLUMNS} features, feedback "
        "for "
        f"{sent['distinct_count']:,} of them, in {files} files of {byte_count / 1e6:,.0f} MB; meanwhile "
        "calls are "
        f"recorded at {INGEST_PER_SECOND:,} a second. One client, one read after the other, over gRPC; pages "
        "of 100. Of "
        f"the pages {PAGES['deep']} are deep (tokens of walks from the newest, the oldest and {RANDOM_WALKS} "
        "random "
        f"times), {PAGES['time']} begin at a random time, {PAGES['entity']} are of a random entity; of the "
        "ids "
        f"{NEWEST_IDS} are just recorded; the metrics are of the whole day by the hour"
    )
    _judge(findings, took, peak, ingest)
    findings.notes.append(
        f"the day was written into the journal in {filled.fill_seconds:.0f} s and was in the lake "
        f"{filled.ship_seconds:.0f} s after the server's start, {filled.ship_seconds * 1e6 / rows:.1f} µs a "
        "row; "
        f"compaction took {compacted_seconds:.0f} s more. Every {IDS_EVERY}th prediction has feedback"
    )
    return findings


UNLIMITED = [("grpc.max_receive_message_length", -1)]


@contextmanager
def ingesting(stage: Stage, server: Server) -> Iterator[Callable[[], float]]:
    """Has calls come at a steady rate; yields what answers the rate so far."""
    command = [
        *load_command(stage.load, contestant(server), INGEST_SHAPE),
        *("--rate", str(INGEST_PER_SECOND)),
        *("--seconds", "86400"),
    ]
    with Program("ingest", command, stage.folder / "ingest.log"):
        # A pace: calls come for a while before they are counted.
        time.sleep(WARM_SECONDS)
        before, started = _calls(server), time.monotonic()
        yield lambda: (_calls(server) - before) / (time.monotonic() - started)


def _calls(server: Server) -> float:
    series = read_metrics(server).items()
    return sum(
        value for name, value in series if name.startswith("pointsman_requests_total{") and '"OK"' in name
    )


def prepare_pages(reader: Reader, filled: Filled, is_quick: bool) -> list[Read]:
    """Gathers page tokens and answers the reads of pages, mixed."""
    from pointsman.v1 import router_pb2

    drawn = random.Random(SEED)

    def random_time() -> "Timestamp":
        return time_of(drawn.randrange(filled.from_us + (filled.to_us - filled.from_us) // 50, filled.to_us))

    newest, oldest, each = QUICK_WALK_PAGES if is_quick else FULL_WALK_PAGES
    deep = reader.walk(newest) + reader.walk(oldest, order=router_pb2.PREDICTION_ORDER_OLDEST_FIRST)
    for _ in range(RANDOM_WALKS):
        deep += reader.walk(each, end_time=random_time())
    asked = [("deep", drawn.choice(deep)) for _ in range(PAGES["deep"])]
    asked += [("time", {"end_time": random_time()}) for _ in range(PAGES["time"])]
    # Entities that call more often are asked for more often.
    called = (reader.prediction(found) for found in drawn.sample(filled.ids, PAGES["entity"]))
    asked += [("entity", {"entity_id": found.entity_id}) for found in called]
    drawn.shuffle(asked)
    return [Read(kind, lambda fields=fields: _drop(reader.page(**fields))) for kind, fields in asked]  # type: ignore[misc]


def prepare_ids(reader: Reader, filled: Filled) -> list[Read]:
    """Answers the reads of single predictions: of the whole day, and just recorded."""
    drawn = random.Random(SEED)
    newest = [found.prediction_id for found in reader.page(page_size=NEWEST_IDS).predictions]
    chosen = [("of the day", found) for found in drawn.sample(filled.ids, IDS)]
    chosen += [("just recorded", found) for found in newest]
    drawn.shuffle(chosen)
    # A call that failed has no answer, but it has features.
    return [Read(kind, lambda found=found: _drop(reader.prediction(found))) for kind, found in chosen]  # type: ignore[misc]


def measure(reads: Sequence[Read]) -> list[tuple[str, float]]:
    """Reads one after the other; answers the sort and the seconds of each."""
    took = []
    for read in reads:
        started = time.monotonic()
        read.run()
        took.append((read.kind, time.monotonic() - started))
    return took


def _judge(findings: Findings, took: dict[str, list[tuple[str, float]]], peak: int, ingest: float) -> None:
    limits = {"pages": MOST_PAGE_SECONDS, "ids": MOST_ID_SECONDS, "metrics": MOST_METRICS_SECONDS}
    names = {"pages": "a page, p99", "ids": "a prediction by id, p99", "metrics": "metrics of a day, p99"}
    table = Table(("", "reads", "p50 ms", "p90 ms", "p99 ms", "most ms"))
    for case, measured in took.items():
        p99 = quantile([seconds for _, seconds in measured], 0.99)
        findings.at_most(names[case], p99 * 1e3, limits[case] * 1e3, "ms")
        for kind in dict.fromkeys(kind for kind, _ in measured):
            seconds = [found for of, found in measured if of == kind]
            milliseconds = [quantile(seconds, share) * 1e3 for share in (0.5, 0.9, 0.99, 1.0)]
            label = kind if kind == case else f"{case}: {kind}"
            table.add(label, len(seconds), *(round(value, 1) for value in milliseconds))
    findings.at_most("resident memory, peak", peak / MEBIBYTE, MOST_MEBIBYTES, "MiB")
    findings.at_least("calls recorded a second meanwhile", ingest, LEAST_INGEST_PER_SECOND)
    findings.tables.append(table)


def time_of(time_us: int) -> "Timestamp":
    """Answers a time as messages have it."""
    from google.protobuf.timestamp_pb2 import Timestamp

    return Timestamp(seconds=time_us // SECOND_US, nanos=time_us % SECOND_US * 1000)


def _drop(_: object) -> None:
    """Forgets what was read."""
