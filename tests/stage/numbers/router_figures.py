"""Holds the figures of a router, of windows and live, against those that the client's log gives."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import grpc

from pointsman.v1 import router_pb2

from . import latencies
from .client import Client
from .client_log import Call
from .figures import Figures, Metric, figures_of
from .splits import live_p_value_of, p_value_of
from .windows import bound_of, duration_of, some_window
from .world import VARIANTS

ALL = ""
PRECISION = 1e-9
FOR_EVER_US = 1 << 62
MANY_SPLITS = 64
SLOTS = 10_000
LARGE_MEAN = 1e12


class RouterFigures:
    """Asks for the figures of a router. The lists must have been checked before, for they tell latencies.

    Args:
        client: Whose log they are held against.
        drawn: What windows are drawn from.
    """

    def __init__(self, client: Client, drawn: random.Random) -> None:
        self._client = client
        self._drawn = drawn
        self._log = client.log
        self._stub = client.control.routers

    def check_all(self) -> None:
        """Insists that the figures of all that is recorded are right."""
        found = self._stub.GetRouterMetrics(
            router_pb2.GetRouterMetricsRequest(router_id=self._client.router_id)
        )
        start_us, end_us = found.start_time.ToMicroseconds(), found.end_time.ToMicroseconds()
        recorded = self._log.recorded()
        first_us = min((call.time_us for call in recorded), default=end_us)
        assert start_us == first_us, f"the window begins at {start_us}, not at {first_us}"
        assert all(call.time_us < end_us for call in recorded)
        self._check_window(found, start_us, end_us, 0)

    def check_some(self) -> None:
        """Insists that the figures of a drawn window, and of its steps, are right."""
        start_us, end_us = some_window(self._log, self._drawn)
        request = router_pb2.GetRouterMetricsRequest(router_id=self._client.router_id)
        request.start_time.CopyFrom(bound_of(start_us, self._client, self._drawn))
        request.end_time.CopyFrom(bound_of(end_us, self._client, self._drawn))
        steps, step_us = self._drawn.choice((0, 1, 3)), 0
        if steps and end_us > start_us:
            step_us = -(-(end_us - start_us) // steps)
            request.granularity.CopyFrom(duration_of(step_us))
        found = self._stub.GetRouterMetrics(request)
        told_us = (found.start_time.ToMicroseconds(), found.end_time.ToMicroseconds())
        assert told_us == (start_us, end_us), f"the window is {told_us}, not {(start_us, end_us)}"
        self._check_window(found, start_us, end_us, step_us)

    def check_live(self) -> None:
        """Insists that what the server counted in its present life is right."""
        request = router_pb2.GetRouterMetricsRequest(router_id=self._client.router_id, live=True)
        found = self._stub.GetRouterMetrics(request)
        assert found.live
        life = self._client.world.life
        total = self._compare(found, 0, FOR_EVER_US, "live figures", life)
        _compare_p_value(found, live_p_value_of(self._log, total.decided, life), "live figures")
        self._client.see("live p-value", when=found.HasField("sample_ratio_p_value"))
        self._client.see("live figures of calls", when=bool(total.decided))

    def _check_window(self, found: Any, start_us: int, end_us: int, step_us: int) -> None:
        what = f"figures of {start_us} to {end_us}"
        total = self._compare(found, start_us, end_us, what, None)
        p_value, compared = p_value_of(self._log, total.decided, VARIANTS)
        _compare_p_value(found, p_value, f"{what}, {compared} splits")
        self._client.see("p-value of a split", when=compared == 1)
        self._client.see("p-value of several splits", when=compared > 1)
        self._client.see("p-value of more than 64 splits", when=compared > MANY_SPLITS)
        for number, step in enumerate(found.series):
            from_us = start_us + number * step_us
            assert step.start_time.ToMicroseconds() == from_us
            to_us = min(from_us + step_us, end_us)
            self._compare(step, from_us, to_us, f"step {number} of {what}", None)
            self._client.see("step of a window with calls", when=step.total.request_count > 0)
        assert len(found.series) == (-(-(end_us - start_us) // step_us) if step_us else 0)

    def _compare(self, found: Any, start_us: int, end_us: int, what: str, life: int | None) -> Figures:
        told = {one.variant: one for one in found.variants} | {ALL: found.total}
        assert set(told) == {*VARIANTS, ALL}, f"{what}: {set(told)}"
        total = figures_of(self._log, VARIANTS, start_us, end_us, life=life)
        for name, one in told.items():
            expected = figures_of(self._log, [name], start_us, end_us, life=life) if name != ALL else total
            where = f"{what}, variant {name!r}"
            self._compare_one(one, expected, total.request_count, where)
            self._compare_latencies(one, expected.decided, where, is_live=life is not None)
        return total

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
        self._check_share(told, what)
        self._client.see("coverage between none and all", when=0 < (expected.coverage or 0) < 1)
        for one in told.feedback:
            metric = expected.metrics[one.metric]
            _compare_metric(one, metric, what)
            self._client.see(
                "interval of a mean of 1e12", when=metric.half is not None and metric.mean >= LARGE_MEAN
            )
        reward: Mapping[str, Metric] = expected.metrics
        mean = told.mean_reward if told.HasField("mean_reward") else None
        assert (mean is None) == ("reward" not in reward), f"{what}: mean_reward is {mean}"
        if mean is not None:
            exact = float(reward["reward"].mean)
            assert math.isclose(mean, exact, rel_tol=PRECISION), f"{what}: mean_reward is {mean}, not {exact}"

    def _check_share(self, told: Any, what: str) -> None:
        weights = self._log.weights
        share = 1.0 if told.variant == ALL else weights[told.variant] / sum(weights.values())
        # Entities keep whole slots.
        slots = told.effective_share * SLOTS
        off = 0.5 / SLOTS + 1e-12 if self._log.sticky and math.isclose(slots, round(slots)) else 1e-15
        assert math.isclose(told.effective_share, share, rel_tol=0, abs_tol=off), (
            f"{what}: the effective share is {told.effective_share}, not {share}"
        )

    def _compare_latencies(self, told: Any, decided: Sequence[Call], what: str, *, is_live: bool) -> None:
        # All rows of a call have its latencies.
        records = [self._log.told.get((call.prediction_id, 0)) for call in decided]
        for name in ("overhead", "backend"):
            field = "backend_latency" if name == "backend" else name
            recorded = [latencies.nanoseconds_of(getattr(record, field)) for record in records if record]
            where = f"{what}, {name}"
            if is_live:
                observed = [call.observed_ns for call in decided]
                latencies.check_live(getattr(told, name), observed, recorded, where)
            else:
                assert len(recorded) == len(decided), f"{where}: some calls were in no list"
                latencies.check_window(getattr(told, name), recorded, where)


def _compare_p_value(found: Any, expected: float | None, what: str) -> None:
    told = found.sample_ratio_p_value if found.HasField("sample_ratio_p_value") else None
    assert (told is None) == (expected is None), f"{what}: the p-value is {told}, not {expected}"
    if told is not None and expected is not None:
        assert math.isclose(told, expected, rel_tol=PRECISION, abs_tol=1e-300), (
            f"{what}: the p-value is {told}, not {expected}"
        )


def _compare_metric(told: Any, expected: Metric, what: str) -> None:
    where = f"{what}, metric {told.metric}"
    assert told.count == expected.count, f"{where}: {told.count} values, not {expected.count}"
    mean = float(expected.mean)
    assert math.isclose(told.mean, mean, rel_tol=PRECISION), f"{where}: the mean is {told.mean}, not {mean}"
    assert told.HasField("mean_low") == (expected.half is not None), f"{where}: {told}"
    if expected.half is None:
        return
    # The ends are doubles themselves, and have no more digits than these.
    least = 4 * math.ulp(max(abs(told.mean_low), abs(told.mean_high)))
    for end, exact in ((told.mean_low, mean - expected.half), (told.mean_high, mean + expected.half)):
        assert math.isclose(end, exact, rel_tol=0, abs_tol=PRECISION * expected.half + least), (
            f"{where}: the interval ends at {end}, not at {exact}"
        )
