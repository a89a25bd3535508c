"""What the reference says of reading the lake, done as it is written there, on a lake whose columns grew."""

import contextlib
import importlib.util
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import duckdb
import grpc
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from tritonclient.grpc import service_pb2

from stage.control import Control, grpc_backend
from stage.oip import infer
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "lake.md"
ROUTER, MODEL = "cancer", "gb"
CALLS_OF_EACH_KIND = 9
SPARK = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None

Rows = list[dict[str, Any]]


def documented(beginning: str) -> str:
    """The block of code in the reference that contains a text."""
    found: list[str] = [
        code for code in re.findall(r"```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL) if beginning in code
    ]
    assert len(found) == 1, beginning
    return found[0]


def request(**features: bytes) -> Any:
    message = service_pb2.ModelInferRequest(model_name=ROUTER)
    for name, value in features.items():
        datatype = "FP64" if len(value) == 8 else "BYTES"
        message.inputs.add(name=name, datatype=datatype, shape=[1])
        message.raw_input_contents.append(value)
    return message


def number(value: float) -> bytes:
    return struct.pack("<d", value)


def text(value: str) -> bytes:
    return struct.pack("<I", len(value)) + value.encode()


def record(folder: Path, target: str, *requests: Any) -> None:
    """Runs a server for some calls; its end brings them into the lake."""
    is_first = not (folder / "data").exists()
    server = Server(folder)
    try:
        if is_first:
            with contextlib.closing(Control(server.grpc)) as control:
                for version in ("one", "two"):
                    control.register(MODEL, version, grpc_backend(target, "m"))
                control.create(ROUTER, {"one": 50.0, "two": 50.0}, MODEL)
                control.deploy(ROUTER)
        with grpc.insecure_channel(server.grpc) as channel:
            for message in requests:
                infer(channel, message)
    finally:
        server.end()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in whose first files features are missing that later ones have."""
    folder = tmp_path_factory.mktemp("grown")
    few = [request(age=number(value)) for value in range(CALLS_OF_EACH_KIND)]
    more = [
        request(age=number(0.5), city=text(f"Bonn {value}"), income=number(value))
        for value in range(CALLS_OF_EACH_KIND)
    ]
    with contextlib.closing(RecordingBackend()) as backend:
        record(folder, backend.target, *few)
        record(folder, backend.target, *more)
    return folder


@pytest.fixture
def at_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> Rows:
    """All rows of the files on the disk, read one by one."""
    lake = folder / "data" / "lake"
    files = sorted((lake / "predictions").rglob("*.parquet"))
    assert len(files) >= 2
    names = [set(pq.read_schema(file).names) for file in files]
    assert len(set(map(frozenset, names))) >= 2, "no column was added"
    everything = set().union(*names)
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return ordered({name: row.get(name) for name in everything} for row in rows)


def ordered(rows: Any) -> Rows:
    """Rows as plain values, without what programs make of the folders' names, in one order."""
    plain = [{name: tidy(value) for name, value in row.items()} for row in rows]
    for row in plain:
        for name in ("router", "model", "date"):
            row.pop(name, None)
    return sorted(plain, key=lambda row: (row["prediction_id"], row["row"]))


def tidy(value: Any) -> Any:
    if value is pd.NA:
        return None
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, (list, tuple)):
        return [tidy(item) for item in value]
    return value


def spark_rows(code: str) -> Rows:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    try:
        found: dict[str, Any] = {"spark": spark}
        exec(code, found)
        return [row.asDict(recursive=True) for row in found["rows"].collect()]
    finally:
        spark.stop()


def read(program: str) -> Rows:
    """Reads the lake as the reference says for a program."""
    if program == "duckdb":
        with duckdb.connect() as connection:
            connection.execute(documented("getvariable")).fetchall()
            found = connection.sql("FROM cancer").to_arrow_table()
        return [dict(row) for row in found.to_pylist()]
    if program == "spark":
        return spark_rows(documented("mergeSchema"))
    names: dict[str, Any] = {}
    exec(documented("dtype_backend" if program == "pandas" else "missing_columns"), names)
    rows = names["rows"]
    found_rows: Rows = rows.collect().to_dicts() if program == "polars" else rows.to_dict("records")
    return found_rows


@pytest.mark.parametrize(
    "program",
    [
        "duckdb",
        "pandas",
        "polars",
        pytest.param("spark", marks=pytest.mark.skipif(not SPARK, reason="no Spark here; make spark has it")),
    ],
)
def test_every_program_reads_every_row_with_every_column(at_work: Path, expected: Rows, program: str) -> None:
    rows = ordered(read(program))
    assert len(rows) == 2 * CALLS_OF_EACH_KIND
    assert {name for name in rows[0] if name.startswith("f_")} == {"f_age", "f_city", "f_income"}
    assert rows == expected


def test_folders_of_data_hold_files_of_data_only(folder: Path) -> None:
    lake = folder / "data" / "lake"
    names = [path.name for kind in ("predictions", "feedback") for path in (lake / kind).rglob("*")]
    assert [name for name in names if "=" not in name and not name.endswith(".parquet")] == []


def test_a_column_that_a_program_would_leave_out_is_an_error_in_polars(at_work: Path) -> None:
    code = documented("missing_columns").replace("columns/gb.parquet", "columns/old.parquet")
    lake = at_work / "data" / "lake"
    schema = pq.read_schema(lake / "columns" / "gb.parquet")
    old = schema.remove(schema.get_field_index("f_city"))
    pq.write_table(old.empty_table(), lake / "columns" / "old.parquet")
    names: dict[str, Any] = {}
    exec(code, names)
    with pytest.raises(pl.exceptions.SchemaError, match="f_city"):
        names["rows"].collect()
    (lake / "columns" / "old.parquet").unlink()
