"""Answers about more predictions than their fields can count."""

from types import SimpleNamespace
from typing import Any

import pytest

from pointsman.control.calls import set_caller
from pointsman.control.servicers.drift import DriftServicer
from pointsman.domain.keys import Principal
from pointsman.v1 import drift_pb2


class Lanes:
    """Lanes in which every look finds one page."""

    def __init__(self, total: int) -> None:
        self.page = SimpleNamespace(items=(), total=total, unreached=())

    async def look(self, *_: Any) -> Any:
        return self.page


@pytest.mark.parametrize(
    ("total", "told"), [(0, 0), (2**31 - 1, 2**31 - 1), (2**31, 2**31 - 1), (2**40, 2**31 - 1)]
)
async def test_a_total_beyond_its_field_is_told_as_the_most_that_it_holds(total: int, told: int) -> None:
    set_caller(Principal("ada", frozenset()))
    parts = SimpleNamespace(predictions=SimpleNamespace(page=None))
    servicer = DriftServicer(parts, Lanes(total))  # type: ignore[arg-type]
    answer = await servicer.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="m"), None)
    assert answer.total == told
