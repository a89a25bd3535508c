"""Files of baselines: what a table's cells become, and what is refused because it would be read wrongly."""

import datetime as dt
import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.cli.drift.baseline_files import read_baseline
from pointsman.cli.line.context import CommandError


def read(folder: Path, name: str, content: str) -> dict[str, list[Any]]:
    (folder / name).write_text(content)
    return read_baseline(str(folder / name)).features


def refused(folder: Path, name: str, content: str) -> str:
    with pytest.raises(CommandError) as caught:
        read(folder, name, content)
    assert str(folder / name) in str(caught.value)
    return str(caught.value)


def test_empty_cells_are_missing_in_columns_of_text_and_of_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "t.csv", 'age,plan,rate,none\n1,a,0.5,\n,,,\n3,NA,"",\n')
    assert found == {
        "age": [1, None, 3],
        "plan": ["a", None, "NA"],
        "rate": [0.5, None, None],
        "none": [None] * 3,
    }


def test_digits_behind_a_zero_stay_text_and_fractions_are_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "t.csv", "zip,share,count,delta\n01234,0.5,0,-0.5\n98765,00.5,10,-7\n,,,\n")
    assert found == {
        "zip": ["01234", "98765", None],
        "share": ["0.5", "00.5", None],
        "count": [0, 10, None],
        "delta": [-0.5, -7.0, None],
    }


def test_cells_of_tsv_are_parted_by_tabs(tmp_path: Path) -> None:
    assert read(tmp_path, "t.TSV", "age\tplan\n1\ta,b\n") == {"age": [1], "plan": ["a,b"]}


def test_a_cell_may_hold_lines(tmp_path: Path) -> None:
    assert read(tmp_path, "t.csv", 'note,age\n"two\nlines",1\n') == {"note": ["two\nlines"], "age": [1]}


@pytest.mark.parametrize("name", ["t.jsonl", "t.txt", "t", "t.xlsx"])
def test_another_ending_is_refused_with_those_that_are_known(tmp_path: Path, name: str) -> None:
    told = refused(tmp_path, name, '{"age": 1}\n')
    assert "ends in none of .parquet, .csv, .tsv, .json" in told


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", "age;plan\n1;a\n", "names one column and holds ';'"),
        ("t.csv", "age;rate\n1,5;2,5\n", "names one column and holds ';'"),
        ("t.csv", "age\tplan\n1\ta\n", "names one column and holds '\\t'"),
        ("t.csv", "age|plan\n1|a\n", "names one column and holds '|'"),
        ("t.tsv", "age,plan\n1,a\n", "names one column and holds ','"),
        ("t.csv", "age,plan,age\n1,a,2\n", "2 columns are called 'age'"),
        (
            "t.csv",
            'age,plan\n1,a\n2,"b\n3,c\n',
            "line 3: the row that begins here is not CSV",
        ),
        ("t.csv", "age,plan\n1\n", "line 2: has 1 cells, and the first line 2"),
        ("t.csv", "", "cannot be read: Empty CSV file"),
        ("t.csv", "born,age\n2020-01-01,1\n", "column 'born' is of type date32"),
        ("t.json", '{"age": 1}', "age: is no list of values"),
        ("t.json", "[" * 100_000, "too many lists"),
        ("t.json", "[1]", "is no object"),
    ],
)
def test_a_table_that_would_be_read_wrongly_is_refused(
    tmp_path: Path, name: str, content: str, told: str
) -> None:
    assert told in refused(tmp_path, name, content)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([decimal.Decimal("1.5")], "decimal"),
        ([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)], "timestamp"),
        ([b"x"], "binary"),
    ],
)
def test_a_column_of_parquet_that_is_no_feature_is_named_with_its_type(
    tmp_path: Path, values: list[Any], kind: str
) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"age": [1], "odd": pa.array(values)}), file)
    with pytest.raises(CommandError, match=rf"column 'odd' is of type {kind}.*Leave the column out"):
        read_baseline(str(file))


def test_columns_of_parquet_are_read_with_their_values(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    words = pa.array(["a", None]).dictionary_encode()
    pq.write_table(pa.table({"age": [1, None], "plan": words, "yes": [True, False]}), file)
    assert read_baseline(str(file)).features == {"age": [1, None], "plan": ["a", None], "yes": [True, False]}


def test_columns_of_parquet_with_one_name_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["age", "age"]), file)
    with pytest.raises(CommandError, match="2 columns are called 'age'"):
        read_baseline(str(file))


WHOLE: dict[str, Any] = {
    "featureData": {"age": [1, None]},
    "targetData": {"type": "classification", "values": ["yes", "no"]},
    "labeledPredictions": {
        "probabilities": [[0.1, 0.9]],
        "predictedLabels": ["yes"],
        "actualLabels": ["no"],
    },
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"labelledPredictions": {}},
            "labelledPredictions: is not known; known are featureData",
        ),
        ({"labelledPredictions": {}}, "Did you mean 'labeledPredictions'"),
        ({"target_data": {}}, "target_data: is not known"),
        (
            {"targetData": {"type": "regression", "value": [1]}},
            "targetData.value: is not known",
        ),
        ({"targetData": {"type": "regression", "value": [1]}}, "known are type, values"),
        ({"targetData": {"type": "regression"}}, "targetData.values: is missing"),
        ({"targetData": {"type": ["both"], "values": []}}, "is none of classification, regression"),
        ({"targetData": {"type": "both", "values": []}}, "targetData.type: 'both' is none of"),
        ({"targetData": {"type": "regression", "values": "yes"}}, "targetData.values: is no list"),
        (
            {"labeledPredictions": []},
            "labeledPredictions: is no object with predictedLabels",
        ),
        (
            {"labeledPredictions": WHOLE["labeledPredictions"] | {"probabilites": []}},
            "labeledPredictions.probabilites: is not known",
        ),
        (
            {"labeledPredictions": WHOLE["labeledPredictions"] | {"probabilities": [0.5]}},
            "labeledPredictions.probabilities[0]: is no list",
        ),
        ({"featureData": {"age": "1"}}, "featureData.age: is no list"),
        ({"featureData": [1]}, "is no list of values"),
    ],
)
def test_what_a_file_of_blocks_says_beside_them_is_refused(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    read(tmp_path, "whole.json", json.dumps(WHOLE))
    assert told in refused(tmp_path, "changed.json", json.dumps(WHOLE | changed))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", "born,age\n2020-01-01,1\n", "column 'born' is of type date32"),
        (
            "t.json",
            '{"plan": ["a", "\\ud800"]}',
            "feature_data['plan'][1]: holds half of a pair of surrogates",
        ),
    ],
)
def test_the_command_says_what_is_wrong_and_sends_nothing(
    server: Any, tmp_path: Path, name: str, content: str, told: str
) -> None:
    (tmp_path / name).write_text(content)
    command = ["drift", "baseline", "create", "m", str(tmp_path / name), "--version", "v"]
    result = CliRunner().invoke(app, [*command, "--server", server.address])
    assert result.exit_code == 1
    assert told in result.stderr
    assert "mistake in pointsman" not in result.stderr
    assert not server.asked("DriftService/CreateBaseline")
