"""Windows of what routers recorded: of features whose column had another type, at another time or in part."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman.control.drift.program.window import Window
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.domain.drift.baselines import ColumnKind
from pointsman.errors import FailedPreconditionError

from .rows import add_model

HOUR_US = 3_600_000_000
BEGIN_US = 10**15
AGE = {"age": ColumnKind.NUMBER}


def a_table(times, ages, others=None):
    """Rows as routers record them: ages in their own column, and those that it cannot hold beside it."""
    count = len(times)
    beside = [[] if other is None else [("age", other)] for other in others or [None] * count]
    return pa.table(
        {
            "time_us": pa.array(times, pa.int64()),
            "prediction_id": [f"p{number}" for number in range(count)],
            "row": pa.array([0] * count, pa.int32()),
            "status_code": pa.array([0] * count, pa.int32()),
            "features_content": ["all"] * count,
            "variant": ["a"] * count,
            "model_version": ["1"] * count,
            "f_age": ages,
            "features_other": pa.array(beside, pa.map_(pa.string(), pa.string())),
        }
    )


@pytest.fixture
def window_of(database, tmp_path):
    """Answers the window's ages: of the hour after the first, over files and tails."""
    add_model(database)

    def made(files, tails=(), began_us=0):
        paths: dict[str, list[str]] = {"files": [], "tails": []}
        for number, table in enumerate(files):
            paths["files"].append(str(tmp_path / f"{number}.parquet"))
            pq.write_table(table, paths["files"][-1])
        for number, table in enumerate(tails):
            paths["tails"].append(str(tmp_path / f"{number}.arrows"))
            with pa.ipc.new_stream(paths["tails"][-1], table.schema) as writer:
                writer.write_table(table)
        recorded = tuple(paths["files"]), (), tuple(paths["tails"])
        spec = AnalysisSpec("", "job", 1, str(tmp_path), *recorded, began_us=began_us)
        start_us = BEGIN_US + HOUR_US
        analysis = Analysis(
            "job", "cancer", 1, 1, AnalysisStatus.RUNNING, start_us, start_us + HOUR_US, 1, 2, 1
        )
        window = Window(database, analysis, spec, tmp_path, AGE)
        return sorted(pq.read_table(window.write()).column("age").to_pylist()), window.notes

    return made


WITHIN = [BEGIN_US + HOUR_US + number for number in range(3)]
FORMER = a_table([BEGIN_US], pa.array(["thirty"]))
NUMBERS = a_table(WITHIN, pa.array([31.5, 32.5, 33.5]))


@pytest.mark.parametrize("place", ["files", "tails"])
def test_a_column_s_one_text_of_another_time_does_not_keep_its_numbers_from_being_read(window_of, place):
    texts = pa.array(["thirty", None, None, None], pa.string())
    mixed = a_table([BEGIN_US, *WITHIN], texts, [None, "31", "32.5", "33"])
    assert window_of(**{"files": [], place: [mixed]}) == ([31.0, 32.5, 33.0], [])


@pytest.mark.parametrize("began_us", [0, BEGIN_US + 1], ids=["other time", "former owner"])
def test_numbers_of_one_file_are_read_beside_texts_of_another_time_in_another(window_of, began_us):
    assert window_of([FORMER, NUMBERS], began_us=began_us) == ([31.5, 32.5, 33.5], [])
    assert window_of([NUMBERS, FORMER], [NUMBERS], began_us) == ([31.5, 31.5, 32.5, 32.5, 33.5, 33.5], [])


def test_whole_numbers_of_both_signs_and_fractions_are_numbers_together(window_of):
    signed = a_table(WITHIN, pa.array([-1, 2, 3], pa.int64()))
    unsigned = a_table(WITHIN, pa.array([4, 5, 2**63], pa.uint64()))
    assert window_of([signed, unsigned])[0] == [-1.0, 2.0, 3.0, 4.0, 5.0, float(2**63)]
    assert len(window_of([signed, unsigned, NUMBERS])[0]) == 9


@pytest.mark.parametrize("place", ["files", "tails"])
def test_texts_of_the_window_are_refused_where_the_baseline_has_numbers(window_of, place):
    texts = a_table([BEGIN_US, *WITHIN], pa.array(["thirty", "forty", None, "fifty"]))
    with pytest.raises(FailedPreconditionError) as failure:
        window_of(**{"files": [NUMBERS], place: [texts]})
    assert failure.value.reason == "FEATURE_TYPE_DIFFERS"
    assert "routers recorded 2 of the window as VARCHAR" in failure.value.message
