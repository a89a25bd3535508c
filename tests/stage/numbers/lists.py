"""Holds lists, pages and single predictions of a router against the client's log, cell by cell."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc

from pointsman.v1 import prediction_pb2, router_pb2

from .client import Client, code_of, reason_of
from .client_log import Call, Row, Value
from .latencies import nanoseconds_of
from .windows import bound_of, some_window
from .world import FEATURES, VARIANTS

Admits = Callable[[Row], bool]


class Lists:
    """Asks for the recorded predictions of a router.

    Args:
        client: Whose log they are held against.
        drawn: What filters and pages are drawn from.
    """

    def __init__(self, client: Client, drawn: random.Random) -> None:
        self._client = client
        self._drawn = drawn
        self._log = client.log
        self._stub = client.control.routers

    def check_all(self) -> None:
        """Insists that a list without filters is all that is recorded."""
        self._check({}, lambda _: True, 7 if self._drawn.random() < 0.1 else 1000)

    def check_some(self) -> None:
        """Insists that a list by a drawn filter is what it admits."""
        filters, admits = self._some_filter()
        self._check(filters, admits, self._drawn.choice((1, 3, 5, *[1000] * 7)))

    def check_one(self) -> None:
        """Insists that a prediction is found by its id, if it is there."""
        calls = list(self._log.calls.values())
        if not calls:
            return
        call = self._drawn.choice(calls)
        row = self._drawn.randrange(len(call.rows))
        request = router_pb2.GetPredictionRequest(
            router_id=self._client.router_id, prediction_id=call.prediction_id, row=row
        )
        is_there = call.prediction_id not in self._log.unrecorded and row in call.recorded_rows
        code, record = code_of(lambda: self._stub.GetPrediction(request))
        expected = grpc.StatusCode.OK if is_there else grpc.StatusCode.NOT_FOUND
        assert code is expected, f"row {row} of {call}: {code}, not {expected}"
        self._client.see("prediction found by id" if is_there else "prediction not found by id")
        if is_there:
            self._check_record(record, call, list(self._log.values_of(call)))

    def _check(self, filters: dict[str, Any], admits: Admits, page_size: int) -> None:
        oldest_first = self._drawn.random() < 0.5
        order = router_pb2.PREDICTION_ORDER_OLDEST_FIRST if oldest_first else 0
        pages = list(self._pages(order=order, page_size=page_size, **filters))
        self._client.see("list in several pages", when=len(pages) > 1)
        found = [record for page in pages for record in page]
        rows = [row for row in self._log.rows() if admits(row)]
        what = f"{self._client.router_id} listed by {filters}"
        told = [(record.prediction_id, record.row) for record in found]
        expected = [(call.prediction_id, number) for call, number in rows]
        assert sorted(told) == sorted(expected), f"{what}: {_difference(told, expected)}"
        times = [record.time.ToMicroseconds() for record in found]
        assert times == sorted(times, reverse=not oldest_first), f"{what}: not in order"
        calls = {call.prediction_id: call for call, _ in rows}
        values = self._log.values_by_call()
        for record in found:
            its = [value for value in values.get(record.prediction_id, ()) if value.row == record.row]
            self._check_record(record, calls[record.prediction_id], its)

    def _pages(self, **request: Any) -> Iterator[Sequence[Any]]:
        token = ""
        while True:
            answer = self._stub.ListPredictions(
                router_pb2.ListPredictionsRequest(
                    router_id=self._client.router_id, page_token=token, **request
                )
            )
            assert not answer.unreached
            yield answer.predictions
            token = answer.next_page_token
            if not token:
                return

    def _some_filter(self) -> tuple[dict[str, Any], Admits]:
        """Draws a filter of the list; answers it and what it admits."""
        kind = self._drawn.choice(("variant", "entity", "status", "feedback", "times"))
        self._client.see(f"list by {kind}")
        if kind == "variant":
            variant = self._drawn.choice(VARIANTS)
            return {"variant": variant}, lambda row: row[0].variant == variant
        if kind == "entity":
            entity = self._drawn.choice([call.entity_id for call in self._log.calls.values()] or ["none"])
            return {"entity_id": entity}, lambda row: entity in ("", row[0].entity_id)
        if kind == "status":
            code = self._drawn.choice((0, 14))
            return {"status_code": code}, lambda row: row[0].status_code == code
        if kind == "feedback":
            has = self._drawn.random() < 0.5
            rows = {(prediction_id, row) for prediction_id, row, _ in self._log.values}
            return {"has_feedback": has}, lambda row: ((row[0].prediction_id, row[1]) in rows) is has
        start_us, end_us = some_window(self._log, self._drawn)
        window = {
            "start_time": bound_of(start_us, self._client, self._drawn),
            "end_time": bound_of(end_us, self._client, self._drawn),
        }
        return window, lambda row: start_us <= row[0].time_us < end_us

    def _check_record(self, record: Any, call: Call, values: Sequence[Value]) -> None:
        """Holds every cell of a record against the log, or against what was told before."""
        told = {
            "router_id": record.router_id,
            "variant": record.variant,
            "model": (record.model_id, record.model_version),
            "entity_id": record.entity_id,
            "time_us": record.time.ToMicroseconds(),
            "generation": record.generation,
            "propensity": record.propensity,
            "reason": reason_of(record.reason),
            "status_code": record.status_code,
            "row_count": record.row_count,
            "features": {name: value.number_value for name, value in record.features.items()},
            "prediction": record.prediction.number_value if record.HasField("prediction") else None,
            "feedback": [(one.row, one.metric, one.value) for one in record.feedback],
        }
        expected: dict[str, Any] = {
            "router_id": self._client.router_id,
            "variant": call.variant,
            "model": ("m", call.variant),
            "entity_id": call.entity_id,
            "time_us": call.time_us,
            "generation": call.generation,
            "propensity": call.propensity,
            "reason": call.reason,
            "status_code": call.status_code,
            "row_count": len(call.rows),
            "features": dict(zip(FEATURES, call.rows[record.row], strict=True)),
            "prediction": None if call.status_code else call.answers[record.row],
            "feedback": [(one.row, one.metric, one.value) for one in values],
        }
        wrong = {name: (told[name], expected[name]) for name in expected if told[name] != expected[name]}
        what = f"{record.prediction_id}, row {record.row}"
        assert not wrong, f"{what}: told and expected differ in {wrong}"
        self._check_latency(record, call, what)
        self._check_told_before(record, what)

    def _check_latency(self, record: Any, call: Call, what: str) -> None:
        overhead_ns, backend_ns = nanoseconds_of(record.overhead), nanoseconds_of(record.backend_latency)
        assert overhead_ns > 0, f"{what}: the overhead is {overhead_ns} ns"
        assert backend_ns > 0, f"{what}: the backend took {backend_ns} ns"
        assert overhead_ns + backend_ns <= call.observed_ns, (
            f"{what}: {overhead_ns} ns, and {backend_ns} ns of the backend, but the client waited "
            f"{call.observed_ns} ns"
        )

    def _check_told_before(self, record: Any, what: str) -> None:
        """Insists that all but feedback is what the first read told, wherever the record has gone since."""
        told = prediction_pb2.PredictionRecord()
        told.CopyFrom(record)
        told.ClearField("feedback")
        before = self._log.told.setdefault((record.prediction_id, record.row), told)
        assert told == before, f"{what}: told is {told}, before it was {before}"


def _difference(told: Sequence[Any], expected: Sequence[Any]) -> str:
    more, less = set(told) - set(expected), set(expected) - set(told)
    return f"too many {sorted(more)}, too few {sorted(less)}, {len(told)} rows told, {len(expected)} expected"
