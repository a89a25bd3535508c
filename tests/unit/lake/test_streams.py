"""Columns of Python's values: what is put in comes out, and pandas stays where it is."""

import subprocess
import sys
from dataclasses import dataclass

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.lake.streams import table_of, texts_of

SCHEMA = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in {
            "text": pa.string(),
            "whole": pa.int64(),
            "small": pa.int32(),
            "number": pa.float64(),
            "is_true": pa.bool_(),
        }.items()
    ]
)

WITHOUT_PANDAS = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from pointsman.control.lake import feedback_files, listing
from pointsman.store.feedback.values import RowToExport

row = RowToExport(1, "p", 0, "reward", 1.0, 2, 3, 4, "lr", 0, 0.5, True, 1)
line = listing._Line("predictions", "r", "", "2026-01-01", True, "a.parquet", 1, 2, 3, 4)
with TemporaryDirectory() as folder:
    feedback_files.write_rows([row], Path(folder) / "one")
    feedback_files.merge([Path(folder) / "one"], Path(folder) / "two")
    feedback_files.without(Path(folder) / "two", {"p"}).write(Path(folder) / "none")
    listing._write(listing._table([line]), Path(folder) / "listing")
    assert listing._says(Path(folder) / "listing", listing._table([line]))
print("pandas" in sys.modules)
"""


@dataclass(frozen=True)
class Row:
    text: str = ""
    whole: int = 0
    small: int = 0
    number: float = 0.0
    is_true: bool = False


ROWS = st.builds(
    Row,
    st.text(st.characters(codec="utf-8")),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
)


@given(st.lists(ROWS))
def test_a_table_holds_what_the_rows_hold(rows):
    table = table_of(SCHEMA, rows)
    table.validate(full=True)
    assert [Row(**row) for row in table.to_pylist()] == rows


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_texts_are_kept_as_they_are(texts):
    assert texts_of(texts).to_pylist() == texts


@pytest.mark.parametrize(
    "wrong",
    [
        {"whole": 1.5},
        {"whole": 2**63},
        {"small": 2**31},
        {"whole": None},
        {"number": "x"},
        {"number": None},
        {"text": None},
    ],
)
def test_a_value_of_another_kind_is_refused(wrong):
    with pytest.raises((TypeError, ValueError, OverflowError, AttributeError)):
        table_of(SCHEMA, [Row(), Row(**wrong)])


def test_files_of_the_lake_are_written_without_pandas():
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr
