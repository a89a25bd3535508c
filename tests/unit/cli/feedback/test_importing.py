"""Feedback from files."""

import csv
import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.cli.feedback import importing
from pointsman.v1 import prediction_pb2, router_pb2

BATCH = "PredictionService/BatchRecordFeedback"
APPLIED = prediction_pb2.FEEDBACK_OUTCOME_APPLIED
RECORDED = prediction_pb2.FEEDBACK_OUTCOME_RECORDED


def run(server: Any, *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, ["feedback", *arguments, "--server", server.address], input=given)


def answer(request: Any) -> prediction_pb2.BatchRecordFeedbackResponse:
    """Takes every value but those of prediction "bad"."""
    results = [
        prediction_pb2.FeedbackResult(code=3, message="prediction_id: is forged")
        if value.prediction_id == "bad"
        else prediction_pb2.FeedbackResult(outcome=RECORDED)
        for value in request.feedback
    ]
    return prediction_pb2.BatchRecordFeedbackResponse(results=results)


def test_a_csv_file_is_sent_in_batches_and_every_row_is_told_of(server: Any, tmp_path: Path) -> None:
    server.on(BATCH, answer)
    file = tmp_path / "in.csv"
    rows = [f"p{number},1,,,\n" for number in range(2500)]
    rows[7] = "bad,1,,,\n"
    rows[2001] = "p2001,many,,,\n"
    rows[2002] = "p2002,0.5,loss,3,2026-11-22T10:30:00Z\n"
    file.write_text("\ufeffprediction_id,value,metric,row,observe_time\n" + "".join(rows))
    result = run(server, "import", str(file), "--errors", str(tmp_path / "errors.csv"))
    assert (result.exit_code, result.stdout) == (1, "2500 values: 2498 recorded, 2 refused\n")
    told = list(csv.DictReader((tmp_path / "errors.csv").open()))
    assert [(row["line"], row["reason"]) for row in told] == [
        ("9", "prediction_id: is forged"),
        ("2003", "value: 'many' is not a number"),
    ]
    sent = {value.prediction_id: value for request in server.asked(BATCH) for value in request.feedback}
    assert len(sent) == 2499
    one = sent["p2002"]
    assert (one.value, one.metric, one.row, one.observe_time.seconds) == (0.5, "loss", 3, 1_795_343_400)


def test_json_lines_may_name_entities(server: Any) -> None:
    server.on(BATCH, answer)
    lines = [
        {"entity_id": "u1", "value": 1},
        {"entity_id": "u2", "router_id": "other", "value": True, "observe_time": 1_795_343_400.5},
        {"prediction_id": "p1", "value": -2.5, "metric": "loss", "row": 2},
    ]
    given = "\n".join(map(json.dumps, lines))
    result = run(server, "import", "-", "--router", "r", "-o", "json", given=given)
    assert (result.exit_code, json.loads(result.stdout)["outcomes"]) == (0, {"recorded": 3})
    (request,) = server.asked(BATCH)
    first, second, third = request.feedback
    assert (first.entity_id, first.router_id, first.metric) == ("u1", "r", "reward")
    assert (second.router_id, second.value, second.observe_time.nanos) == ("other", 1.0, 500_000_000)
    assert (third.prediction_id, third.router_id, third.row, third.value) == ("p1", "", 2, -2.5)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is not JSON"),
        ("[1]", "is no JSON object"),
        ('{"value": 1}', "prediction_id: is empty"),
        ('{"entity_id": "u1", "value": 1}', "router_id: is empty"),
        ('{"prediction_id": "p1"}', "value: is empty"),
        (
            '{"prediction_id": "p1", "value": 9007199254740993}',
            "value: 9007199254740993 has more digits than a double holds; the nearest is 9007199254740992",
        ),
        (
            '{"prediction_id": "p1", "value": "-9007199254740993"}',
            "value: '-9007199254740993' has more digits than a double holds",
        ),
        ('{"prediction_id": "p1", "value": NaN}', "value: nan is not a finite number"),
        ('{"prediction_id": "p1", "value": 1, "row": -1}', "row: -1 is not a whole number from 0"),
        ('{"prediction_id": "p1", "value": 1, "row": 0.5}', "row: 0.5 is not a whole number"),
        (
            '{"prediction_id": "p1", "value": "0,5"}',
            "value: '0,5' is not a number; write its decimals behind",
        ),
        ('{"prediction_id": "p1", "value": "1_0"}', "value: '1_0' is not a number"),
        ('{"prediction_id": "p1", "value": "maybe"}', "value: 'maybe' is not a number"),
        ('{"prediction_id": "p1", "value": 1' + "0" * 400 + "}", "value: 1"),
        ('{"prediction_id": "p1", "value": 1, "row": "1.5"}', "row: '1.5' is not a whole number"),
        (
            '{"prediction_id": "p1", "value": 1, "value": 0}',
            "is not JSON: 'value' occurs twice, as 1 and as 0",
        ),
        ('{"entity_id": 1e5, "router_id": "r", "value": 1}', "entity_id: 100000.0 is no text"),
        ('{"entity_id": true, "router_id": "r", "value": 1}', "entity_id: True is no text"),
        ('{"prediction_id": ["p1"], "value": 1}', "prediction_id: ['p1'] is no text"),
        ('{"prediction_id": "p1", "value": 1, "metric": 0.5}', "metric: 0.5 is no text"),
        ('{"prediction_id": "p1", "value": 1, "row": true}', "row: True is not a whole number"),
        ('{"prediction_id": "p1", "value": 1, "observe_time": "soon"}', "observe_time: 'soon' is not a time"),
        ('{"prediction_id": "p1", "value": 1, "observe_time": true}', "observe_time: 'True' is not a time"),
        (
            '{"prediction_id": "p1", "value": 1, "observe_time": 4102444800}',
            "observe_time: 4102444800: 2100-01",
        ),
    ],
)
def test_a_row_that_makes_no_sense_is_told_and_not_sent(server: Any, line: str, reason: str) -> None:
    server.on(BATCH, answer)
    result = run(server, "import", "-", given=f"\n{line}\n")
    assert result.exit_code == 1
    assert f"line 2: {reason}" in result.stderr
    assert not [value for request in server.asked(BATCH) for value in request.feedback]


def test_a_whole_number_of_json_names_the_entity_that_it_prints_as(server: Any) -> None:
    server.on(BATCH, answer)
    given = '{"entity_id": 0, "value": 1}\n{"entity_id": 9007199254740993, "value": 1}\n'
    assert run(server, "import", "-", "--router", "r", given=given).exit_code == 0
    (request,) = server.asked(BATCH)
    assert [value.entity_id for value in request.feedback] == ["0", "9007199254740993"]


def test_a_heading_without_the_needed_columns_is_refused(server: Any, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("id,score\np1,1\n")
    result = run(server, "import", str(file))
    assert (result.exit_code, "it must name value" in result.stderr) == (1, True)


def imported(server: Any, tmp_path: Path, text: str) -> list[prediction_pb2.RecordFeedbackRequest]:
    server.on(BATCH, answer)
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    result = run(server, "import", str(tmp_path / "in.csv"))
    assert result.exit_code == 0, result.output
    return [value for request in server.asked(BATCH) for value in request.feedback]


@pytest.mark.parametrize("word", ["True", "true", "TRUE", "t", "yes", "1", "1.0"])
def test_true_is_1_as_pandas_spark_and_spreadsheets_write_it(server: Any, tmp_path: Path, word: str) -> None:
    (value,) = imported(server, tmp_path, f"prediction_id,value\np1,{word}\n")
    assert value.value == 1.0


@pytest.mark.parametrize("word", ["False", "false", "FALSE", "f", "no", "0"])
def test_false_is_0_as_pandas_spark_and_spreadsheets_write_it(server: Any, tmp_path: Path, word: str) -> None:
    (value,) = imported(server, tmp_path, f"prediction_id,value\np1,{word}\n")
    assert value.value == 0.0


@pytest.mark.parametrize(
    "text", ["1795343400.25", "1795343400250", "1795343400250000", "2026-11-22 10:30:00.250000+00:00"]
)
def test_times_of_a_csv_file_are_what_programs_write(server: Any, tmp_path: Path, text: str) -> None:
    (value,) = imported(server, tmp_path, f"prediction_id,value,observe_time\np1,1,{text}\n")
    assert (value.observe_time.seconds, value.observe_time.nanos) == (1_795_343_400, 250_000_000)


def test_a_time_of_a_file_names_its_zone(server: Any) -> None:
    given = "prediction_id,value,observe_time\np1,1,2026-11-22 10:30:00\n"
    result = run(server, "import", "-", "--format", "csv", given=given)
    assert result.exit_code == 1
    assert "line 2: observe_time: '2026-11-22 10:30:00' names no zone; write 2026-11-22T10:30:00Z" in (
        result.stderr
    )


def test_a_row_that_pandas_made_a_number_is_whole(server: Any, tmp_path: Path) -> None:
    values = imported(server, tmp_path, "prediction_id,value,row\np1,1,3.0\np2,1,\n")
    assert [value.row for value in values] == [3, 0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_heading_tells_what_parts_the_cells(server: Any, tmp_path: Path, delimiter: str) -> None:
    lines = ['prediction_id|"note, or ; so"|value', 'p1|"a, b; c"|0.5', "p2||2"]
    values = imported(server, tmp_path, "\n".join(lines).replace("|", delimiter))
    assert [(value.prediction_id, value.value) for value in values] == [("p1", 0.5), ("p2", 2.0)]


@pytest.mark.parametrize(
    ("heading", "reason"),
    [
        ("value,a;value;prediction_id;b,prediction_id", "parted by commas as well as by semicolons; rename"),
        ("prediction_id|value", "it must name value, and prediction_id or entity_id, parted by commas"),
        ("prediction_id;score", "the columns prediction_id, score, parted by semicolons"),
        ("prediction_id,value,value", "names the column value twice; leave one out"),
    ],
)
def test_a_heading_that_does_not_tell_is_refused(server: Any, heading: str, reason: str) -> None:
    result = run(server, "import", "-", "--format", "csv", given=f"{heading}\n")
    assert (result.exit_code, reason in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("kind", "given"),
    [("csv", "prediction_id,value\r\np1,1\r\n"), ("jsonl", '{"prediction_id":"p1","value":1}')],
)
def test_standard_input_may_begin_with_a_byte_order_mark(server: Any, kind: str, given: str) -> None:
    server.on(BATCH, answer)
    result = run(server, "import", "-", "--format", kind, given="\ufeff" + given)
    assert (result.exit_code, result.stdout) == (0, "1 values: 1 recorded\n")


def test_standard_input_that_is_no_text_is_refused(server: Any) -> None:
    command = ["feedback", "import", "-", "--server", server.address]
    result = CliRunner().invoke(app, command, input='{"prediction_id": "é"}'.encode("utf-16"))
    assert (result.exit_code, "standard input: is not UTF-8 text" in result.stderr) == (1, True)


def test_lines_are_counted_as_an_editor_does(server: Any) -> None:
    given = '\nprediction_id,note,value\n\np1,"two\nlines",x\n\np2,,y\n'
    result = run(server, "import", "-", "--format", "csv", given=given)
    assert "line 4: value: 'x'" in result.stderr
    assert "line 7: value: 'y'" in result.stderr


@pytest.mark.parametrize(
    ("count", "end"), [(3000, "the file ends"), (30_000, "the cell has 131072 characters")]
)
def test_a_quote_that_is_not_closed_is_named_and_what_stands_before_it_is_recorded(
    server: Any, tmp_path: Path, count: int, end: str
) -> None:
    server.on(BATCH, answer)
    rows = [f"p{number},0,fine\n" for number in range(count)]
    rows[1500] = 'p1500,0,"open\n'
    (tmp_path / "in.csv").write_text("prediction_id,value,comment\n" + "".join(rows))
    result = run(server, "import", str(tmp_path / "in.csv"))
    assert (result.exit_code, result.stdout) == (1, "1500 values: 1500 recorded\n")
    assert f"line 1502: a quote opens in this row and is not closed before {end}" in result.stderr
    assert "nothing from line 1502 on was read" in result.stderr
    sent = [value.prediction_id for request in server.asked(BATCH) for value in request.feedback]
    assert sorted(sent) == sorted(f"p{number}" for number in range(1500))
    in_json = CliRunner().invoke(
        app, ["-o", "json", "feedback", "import", str(tmp_path / "in.csv"), "--server", server.address]
    )
    assert "line 1502" in json.loads(in_json.stdout)["unread"]


def test_lines_that_a_stray_quote_makes_one_row_are_named(server: Any) -> None:
    server.on(BATCH, answer)
    given = 'prediction_id,value,note\np1,1,"open\np2,1,"more" or less\np3,1,x\n'
    result = run(server, "import", "-", "--format", "csv", given=given)
    assert (result.exit_code, result.stdout) == (1, "2 values: 1 recorded, 1 refused\n")
    assert "line 2: is not CSV" in result.stderr
    assert "lines 2 to 3 are one row by their quotes, and none of them was read" in result.stderr


def test_json_that_is_too_deep_is_a_refused_row(server: Any) -> None:
    server.on(BATCH, answer)
    given = "[" * 100_000 + '\n{"prediction_id": "p1", "value": 1}\n'
    result = run(server, "import", "-", given=given)
    assert (result.exit_code, result.stdout) == (1, "2 values: 1 recorded, 1 refused\n")
    assert "line 1: has too many lists and objects in one another" in result.stderr


def test_an_empty_file_is_said_to_be_empty(server: Any, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("")
    assert run(server, "import", str(tmp_path / "in.csv")).stdout == "the file has no rows\n"


def test_what_is_refused_for_a_while_is_sent_again(
    server: Any, refusal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_FIRST_PAUSE_SECONDS", 0.001)
    full = prediction_pb2.FeedbackResult(code=14, message="the journal is full")
    taken = prediction_pb2.FeedbackResult(outcome=RECORDED)
    server.on(
        BATCH,
        refusal(grpc.StatusCode.UNAVAILABLE, "away"),
        prediction_pb2.BatchRecordFeedbackResponse(results=[taken, full]),
        answer,
    )
    given = '{"prediction_id": "p1", "value": 1}\n{"prediction_id": "p2", "value": 1}\n'
    assert run(server, "import", "-", given=given).stdout == "2 values: 2 recorded\n"
    assert [len(request.feedback) for request in server.asked(BATCH)] == [2, 2, 1]


def test_a_server_that_stays_away_ends_the_import_and_says_how_to_go_on(
    server: Any, refusal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_FIRST_PAUSE_SECONDS", 0.0)
    server.on(BATCH, refusal(grpc.StatusCode.UNAVAILABLE, "away"))
    result = run(server, "import", "-", given='{"prediction_id": "p1", "value": 1}\n')
    assert (result.exit_code, "Import the file again later" in result.stderr) == (1, True)


def test_feedback_for_an_entity_names_its_router(server: Any) -> None:
    server.on(
        "PredictionService/RecordFeedback",
        prediction_pb2.RecordFeedbackResponse(outcome=APPLIED, prediction_id="p1"),
    )
    result = run(server, "record", "1", "--router", "r", "--entity", "u1")
    assert result.stdout == "reward 1 is recorded\n"
    (request,) = server.asked("PredictionService/RecordFeedback")
    assert (request.prediction_id, request.router_id, request.entity_id) == ("", "r", "u1")
    assert request.wait == prediction_pb2.FEEDBACK_WAIT_APPLIED
    assert run(server, "record", "1", "--entity", "u1").exit_code == 2
    assert run(server, "record", "1").exit_code == 2


def test_feedback_that_is_only_on_disk_is_not_said_to_count(server: Any) -> None:
    answer = prediction_pb2.RecordFeedbackResponse(outcome=RECORDED, prediction_id="p1")
    server.on("PredictionService/RecordFeedback", answer)
    told = run(server, "record", "p1", "1", "--durable").stdout
    assert told == "reward 1 is on disk, and will count if it is the first\n"
    (request,) = server.asked("PredictionService/RecordFeedback")
    assert request.wait == prediction_pb2.FEEDBACK_WAIT_DURABLE


def test_an_entity_is_erased_when_the_question_is_answered_with_yes(server: Any) -> None:
    erased = router_pb2.EraseEntityResponse(prediction_count=3, feedback_count=1)
    server.on("RouterService/EraseEntity", erased)
    command = ["routers", "erase", "r", "u1", "--server", server.address]
    assert CliRunner().invoke(app, command, input="n\n").exit_code == 1
    assert not server.asked("RouterService/EraseEntity")
    assert "3 predictions and 1 values" in CliRunner().invoke(app, command, input="y\n").stdout
    assert CliRunner().invoke(app, [*command, "--yes"]).exit_code == 0
