"""Holds every read of a router against the client's log, cell by cell."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.v1 import router_pb2

from .client_log import Call, Value
from .figures import Figures, Metric, figures_of
from .world import FEATURES, VARIANTS, Client, code_of, reason_of

MICROSECOND_NS = 1000
ALL = ""
Row = tuple[Call, int]
"""A call and the row of its batch."""


class Reads:
    """Asks for everything that a router tells of its records.

    Args:
        client: Whose log it is held against.
        drawn: What filters and windows are drawn from.
    """

    def __init__(self, client: Client, drawn: random.Random) -> None:
        self._client = client
        self._drawn = drawn
        self._log = client.log
        self._stub = client.control.routers

    def check(self) -> None:
        """Insists that all of it is what the log says."""
        self._check_list({}, lambda _: True)
        for _ in range(2):
            self._check_list(*self._some_filter())
        self._check_one_prediction()
        self._check_figures(None, None, 0)
        start_us, end_us = self._some_window()
        self._check_figures(start_us, end_us, self._drawn.choice((0, 1, 3)))
        self._check_live()

    # --- lists ---------------------------------------------------------------------------------------------

    def _check_list(self, filters: dict[str, Any], admits: Any) -> None:
        """Lists by a filter, in pages and an order that are drawn."""
        oldest_first = self._drawn.random() < 0.5
        order = router_pb2.PREDICTION_ORDER_OLDEST_FIRST if oldest_first else 0
        pages = self._pages(order=order, page_size=self._drawn.choice((1, 3, 7, 1000)), **filters)
        found = [record for page in pages for record in page]
        rows = [row for row in self._rows() if admits(row)]
        what = f"{self._client.router_id} listed by {filters}"
        told = [(record.prediction_id, record.row) for record in found]
        expected = [(call.prediction_id, number) for call, number in rows]
        assert sorted(told) == sorted(expected), f"{what}: {_difference(told, expected)}"
        times = [record.time.ToMicroseconds() for record in found]
        assert times == sorted(times, reverse=not oldest_first), f"{what}: not in order"
        by_key = {(call.prediction_id, number): call for call, number in rows}
        for record in found:
            call = by_key[record.prediction_id, record.row]
            self._check_record(record, call, self._values(call, record.row))

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

    def _rows(self) -> list[Row]:
        return [(call, number) for call in self._log.recorded() for number in call.recorded_rows]

    def _values(self, call: Call, row: int) -> list[Value]:
        return [value for value in self._log.values_of(call) if value.row == row]

    def _some_filter(self) -> tuple[dict[str, Any], Any]:
        """Draws a filter of the list; answers it and what it admits."""
        kind = self._drawn.randrange(5)
        if kind == 0:
            variant = self._drawn.choice(VARIANTS)
            return {"variant": variant}, lambda row: row[0].variant == variant
        if kind == 1:
            entity = self._drawn.choice([call.entity_id for call in self._log.calls.values()] or ["none"])
            return {"entity_id": entity}, lambda row: entity in ("", row[0].entity_id)
        if kind == 2:
            code = self._drawn.choice((0, 14))
            return {"status_code": code}, lambda row: row[0].status_code == code
        if kind == 3:
            has = self._drawn.random() < 0.5
            return {"has_feedback": has}, lambda row: bool(self._values(*row)) is has
        start_us, end_us = self._some_window()
        window = {"start_time": self._bound(start_us), "end_time": self._bound(end_us)}
        return window, lambda row: start_us <= row[0].time_us < end_us

    # --- single records ------------------------------------------------------------------------------------

    def _check_one_prediction(self) -> None:
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
        if is_there:
            self._check_record(record, call, list(self._log.values_of(call)))

    def _check_record(self, record: Any, call: Call, values: Sequence[Value]) -> None:
        """Holds every cell of a record that the client knows against its log."""
        told: dict[str, Any] = {
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
            "feedback": [(one.row, one.metric, one.value) for one in values],
        }
        if not call.status_code:
            told["features"] = {name: value.number_value for name, value in record.features.items()}
            told["prediction"] = record.prediction.number_value
            expected["features"] = dict(zip(FEATURES, call.rows[record.row], strict=True))
            expected["prediction"] = call.answers[record.row]
        wrong = {name: (told[name], expected[name]) for name in expected if told[name] != expected[name]}
        assert not wrong, f"{record.prediction_id}, row {record.row}: told and expected differ in {wrong}"

    # --- figures -------------------------------------------------------------------------------------------

    def _check_figures(self, start_us: int | None, end_us: int | None, steps: int) -> None:
        """Asks for the figures of a window, and of its steps."""
        request = router_pb2.GetRouterMetricsRequest(router_id=self._client.router_id)
        step_us = 0
        if start_us is not None and end_us is not None:
            request.start_time.CopyFrom(self._bound(start_us))
            request.end_time.CopyFrom(self._bound(end_us))
            if steps and end_us > start_us:
                step_us = -(-(end_us - start_us) // steps)
                request.granularity.CopyFrom(_duration(step_us))
        found = self._stub.GetRouterMetrics(request)
        told_us = (found.start_time.ToMicroseconds(), found.end_time.ToMicroseconds())
        if start_us is None:
            recorded = self._log.recorded()
            first_us = min((call.time_us for call in recorded), default=told_us[1])
            assert told_us[0] == first_us, f"the window begins at {told_us[0]}, not at {first_us}"
            assert all(call.time_us < told_us[1] for call in recorded)
        else:
            assert told_us == (start_us, end_us)
        self._compare(found, *told_us, f"figures of {told_us}")
        for number, step in enumerate(found.series):
            from_us = told_us[0] + number * step_us
            assert step.start_time.ToMicroseconds() == from_us
            to_us = min(from_us + step_us, told_us[1])
            self._compare(step, from_us, to_us, f"step {number} of {told_us}")
        assert len(found.series) == (-(-(told_us[1] - told_us[0]) // step_us) if step_us else 0)

    def _check_live(self) -> None:
        request = router_pb2.GetRouterMetricsRequest(router_id=self._client.router_id, live=True)
        found = self._stub.GetRouterMetrics(request)
        assert found.live
        self._compare(found, 0, 1 << 62, "live figures", life=self._client.world.life)

    def _compare(self, found: Any, start_us: int, end_us: int, what: str, life: int | None = None) -> None:
        told = {one.variant: one for one in found.variants} | {ALL: found.total}
        assert set(told) == {*VARIANTS, ALL}, f"{what}: {set(told)}"
        total = figures_of(self._log, VARIANTS, start_us, end_us, life=life)
        for name, one in told.items():
            expected = figures_of(self._log, [name], start_us, end_us, life=life) if name != ALL else total
            self._compare_one(one, expected, total.request_count, f"{what}, variant {name!r}")

    def _compare_one(self, told: Any, expected: Figures, all_requests: int, what: str) -> None:
        codes = {grpc.StatusCode[name].value[0]: count for name, count in told.requests_by_code.items()}
        cells: dict[str, tuple[Any, Any]] = {
            "requests_by_code": (codes, dict(expected.by_code)),
            "request_count": (told.request_count, expected.request_count),
            "error_count": (
                told.error_count,
                sum(count for code, count in expected.by_code.items() if code),
            ),
            "pinned_request_count": (told.pinned_request_count, expected.pinned),
            "feedback_count": (told.feedback_count, sum(one.count for one in expected.metrics.values())),
            "feedback": ([one.metric for one in told.feedback], list(expected.metrics)),
            "feedback_coverage": (
                told.feedback_coverage if told.HasField("feedback_coverage") else None,
                expected.coverage,
            ),
            "served_share": (
                told.served_share,
                expected.request_count / all_requests if all_requests else 0.0,
            ),
        }
        wrong = {name: cell for name, cell in cells.items() if cell[0] != cell[1]}
        assert not wrong, f"{what}: told and expected differ in {wrong}"
        for one in told.feedback:
            _compare_metric(one, expected.metrics[one.metric], what)
        reward: Mapping[str, Metric] = expected.metrics
        mean = told.mean_reward if told.HasField("mean_reward") else None
        assert (mean is None) == ("reward" not in reward), f"{what}: mean_reward is {mean}"

    # --- windows -------------------------------------------------------------------------------------------

    def _some_window(self) -> tuple[int, int]:
        """Draws a window whose ends are at, just before or just behind calls."""
        times = sorted(call.time_us for call in self._log.calls.values()) or [1_790_000_000_000_000]
        ends = [self._drawn.choice(times) + self._drawn.choice((-1, 0, 0, 1)) for _ in range(2)]
        return min(ends), max(ends)

    def _bound(self, time_us: int) -> Timestamp:
        """Makes a time that is this one when it is rounded up to whole microseconds."""
        nanos = time_us * MICROSECOND_NS - self._drawn.choice((0, 0, 1, 500, 999))
        return Timestamp(seconds=nanos // 10**9, nanos=nanos % 10**9)


def _compare_metric(told: Any, expected: Metric, what: str) -> None:
    where = f"{what}, metric {told.metric}"
    assert told.count == expected.count, f"{where}: {told.count} values, not {expected.count}"
    mean = float(expected.mean)
    assert math.isclose(told.mean, mean, rel_tol=1e-9), f"{where}: the mean is {told.mean}, not {mean}"
    assert told.HasField("mean_low") == (expected.half is not None), f"{where}: {told}"
    if expected.half is None:
        return
    # The ends are doubles themselves, and have no more digits than these.
    least = 4 * math.ulp(max(abs(told.mean_low), abs(told.mean_high)))
    for end, exact in ((told.mean_low, mean - expected.half), (told.mean_high, mean + expected.half)):
        assert math.isclose(end, exact, rel_tol=0, abs_tol=1e-9 * expected.half + least), (
            f"{where}: the interval ends at {end}, not at {exact}"
        )


def _duration(time_us: int) -> Duration:
    seconds, micros = divmod(time_us, 1_000_000)
    return Duration(seconds=seconds, nanos=micros * MICROSECOND_NS)


def _difference(told: Sequence[Any], expected: Sequence[Any]) -> str:
    more, less = set(told) - set(expected), set(expected) - set(told)
    return f"too many {sorted(more)}, too few {sorted(less)}, {len(told)} rows told, {len(expected)} expected"
