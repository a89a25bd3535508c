"""What a baseline is compared as."""

from pointsman.control.drift.program.comparing import reference_table
from pointsman.domain.drift.baselines import ColumnKind, kind_of
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.drift.windowed import data_of_window
from pointsman.domain.models import Task

LARGE = 1_234_567_890_123_456_789


def test_whole_numbers_that_a_double_lacks_are_rounded_as_those_of_windows_are():
    table = reference_table({"user": [LARGE, 2**53 + 1, 5, None]}, {"user": ColumnKind.NUMBER})
    assert table["user"].to_pylist() == [float(LARGE), float(2**53 + 1), 5.0, None]


def test_a_window_with_such_numbers_makes_a_baseline_that_can_be_compared_with():
    rows = [LoggedPrediction("p", "1", 1, features={"user": LARGE, "plan": "free"}, prediction=1.0)]
    data, notes = data_of_window(rows, Task.REGRESSION)
    kinds = {name: kind_of(values) or ColumnKind.TEXT for name, values in data.features.items()}
    assert notes == []
    assert reference_table(data.features, kinds).to_pylist() == [{"plan": "free", "user": float(LARGE)}]
