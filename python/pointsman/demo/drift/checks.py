"""Holds the result of an analysis against what the client counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pointsman.demo.errors import DemoError

if TYPE_CHECKING:
    from pointsman.client import DriftResult
    from pointsman.demo.drift.cases import Stretch


def check_result(result: DriftResult, job_id: str, stretch: Stretch) -> None:
    """Checks that a result is of a stretch: of its job, its rows and its right answers.

    Args:
        result: What the server says.
        job_id: The analysis that was asked for.
        stretch: What the client counted.

    Raises:
        DemoError: It says otherwise; the message says what.
    """
    if result.job_id != job_id:
        raise DemoError(f"the latest result is of analysis {result.job_id}, not of {job_id}")
    if result.current_rows != stretch.count:
        raise DemoError(f"{result.current_rows} rows were analysed of {stretch.count} that were asked")
    accuracy = result.performance.get("accuracy")
    if accuracy is None or accuracy.realised is None:
        raise DemoError("the result says no accuracy, although all outcomes were told")
    if accuracy.sample_size != stretch.count:
        raise DemoError(f"accuracy is of {accuracy.sample_size} outcomes of {stretch.count} that were told")
    if not math.isclose(accuracy.realised, stretch.accuracy, abs_tol=1e-9):
        raise DemoError(
            f"accuracy is {accuracy.realised} to the server and {stretch.accuracy} to the client, who "
            f"counted {stretch.right} of {stretch.count}"
        )
