# Generated from _async/records.py by scripts/generate_client.py: edit that file, then make generate.
"""Recorded predictions, as they are asked for page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from pointsman.client._frames import frame_of_records
from pointsman.client._types import PredictionRecord

if TYPE_CHECKING:
    import pandas as pd


class Records(Iterator[PredictionRecord]):
    """Goes through recorded predictions; asks for the next page when it is reached."""

    def __init__(self, records: Iterator[PredictionRecord]) -> None:
        self._records = records

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PredictionRecord:
        return next(self._records)

    def to_dataframe(self) -> pd.DataFrame:
        """Reads all that is left into a pandas DataFrame, in memory: bound it by time or by filters.

        Returns:
            A row for each record: its fields, ``f_NAME`` for each feature, ``feedback_METRIC`` for each
            metric. Each column has a type; whole numbers that a double would round are exact.

        Raises:
            ImportError: pandas is not installed.
            ClientError: A page cannot be had.

        Example::

            frame = client.routers.predictions("cancer", has_feedback=True).to_dataframe()
            print(frame.groupby("variant")["feedback_reward"].mean())
        """
        return frame_of_records([record for record in self])
