import io
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from pointsman.cli.line import arguments
from pointsman.cli.line.group import hoist
from pointsman.cli.models.signatures import make_signature
from pointsman.client import PredictionHolds, Task, TensorSpec, Variant


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("routers list -o json", "-o json routers list"),
        ("routers list -ojson --server h:1", "-ojson --server h:1 routers list"),
        ("routers --api-key=k get x", "--api-key=k routers get x"),
        ("predict r -- -o json", "predict r -- -o json"),
        ("--server h:1 -o table serve", "--server h:1 -o table serve"),
        ("routers list -o", "-o routers list"),
        ("toggle r v --on", "toggle r v --on"),
    ],
)
def test_global_options_may_stand_anywhere(line: str, meant: str) -> None:
    assert hoist(line.split()) == meant.split()


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("x=1.5", 1.5),
        ("x=9007199254740993", 9007199254740993),
        ("x=true", True),
        ("x=null", None),
        ("x=[1, 2]", [1, 2]),
        ("x=Ann", "Ann"),
        ('x="1"', "1"),
        ("x=", ""),
        ("x=a=b", "a=b"),
    ],
)
def test_a_feature_is_json_or_else_a_string(item: str, value: Any) -> None:
    assert arguments.features([item], "") == {"x": value}


def test_single_features_go_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    file.write_text('{"a": 1, "b": 2}')
    assert arguments.features(["b=3"], f"@{file}") == {"a": 1, "b": 3}


def test_features_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1}'))
    assert arguments.features([], "-") == {"a": 1}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c' occurs twice, as 1 and as 2"),
        ("{", "not valid JSON"),
        ("[1]", "must be a JSON object"),
        ("@/nowhere", "/nowhere: no such file"),
    ],
)
def test_features_of_another_form_are_refused(source: str, said: str) -> None:
    with pytest.raises(click.BadParameter, match=said):
        arguments.features([], source)


@pytest.mark.parametrize("item", ['a="\\ud800"', "a=\udcff", 'a={"b": ["\\ud800"]}', "\udcff=1"])
def test_a_feature_that_holds_no_text_is_refused_by_its_name(item: str) -> None:
    with pytest.raises(click.BadParameter, match="holds half of a pair of surrogates") as raised:
        arguments.features([item], "")
    assert raised.value.param_hint == "-f"


def test_a_feature_that_is_given_twice_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="x is given twice, as '1' and as '2'"):
        arguments.features(["x=1", "y=1", "x=2"], "")


def test_a_variant_names_model_version_and_weight() -> None:
    assert arguments.variant("lr=cancer:1.0@70.5") == (Variant("lr", "cancer", "1.0", 70.5), True)
    assert arguments.variant("lr=cancer:1") == (Variant("lr", "cancer", "1", 100.0), False)


@pytest.mark.parametrize("item", ["lr", "lr=cancer", "lr=cancer@70", "=cancer:1", "lr=cancer:1@x", "lr=:1"])
def test_a_variant_of_another_form_is_refused(item: str) -> None:
    with pytest.raises(click.BadParameter):
        arguments.variant(item)


def test_weights_are_numbers_by_name() -> None:
    assert arguments.numbers(["lr=50", "gb=1e1"], "x") == {"lr": 50.0, "gb": 10.0}
    with pytest.raises(click.BadParameter, match="'much' is not a number"):
        arguments.numbers(["lr=much"], "x")
    with pytest.raises(click.BadParameter, match="is not name=value"):
        arguments.numbers(["50"], "x")


def test_times_are_iso_8601() -> None:
    assert arguments.moment("2026-11-22T10:30:00Z", "--since") == datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    assert arguments.moment("", "--since") is None
    ago = datetime.now(UTC) - (arguments.moment("1.5h", "--since") or datetime.now(UTC))
    assert 5399 < ago.total_seconds() < 5500
    with pytest.raises(click.BadParameter, match="is neither a time such as"):
        arguments.moment("yesterday", "--since")


@pytest.mark.parametrize("text", ["1795343400", "1795343400000", "2026-11-22 10:30:00+00"])
def test_times_are_also_what_programs_write(text: str) -> None:
    assert arguments.moment(text, "--since") == datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "in_utc"), [("2026-11-22T10:30", "2026-11-22T10:30Z"), ("2026-11-22", "2026-11-22T00:00Z")]
)
def test_a_time_without_a_zone_says_which_one_it_took(
    text: str, in_utc: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        read = arguments.moment(text, "--since")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert read is not None
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"--since: {text} names no zone and is taken as local time (IST, UTC+05:30); for UTC write {in_utc}\n"
    )


@pytest.mark.parametrize("text", ["2026-11-22T10:30Z", "2026-11-22T10:30+01:00", "24h", "1790000000", ""])
def test_a_time_that_leaves_nothing_open_says_nothing(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments.moment(text, "--since")
    assert capsys.readouterr().err == ""


def test_a_time_without_a_zone_is_local_on_the_command_line() -> None:
    local = datetime(2026, 11, 22, 10, 30).astimezone()
    assert arguments.moment("2026-11-22T10:30", "--since") == local
    assert arguments.moment("2026-11-22", "--since") == local.replace(hour=0, minute=0)


def test_an_end_is_ahead() -> None:
    ahead = (arguments.end("1h", "--expires") or datetime.now(UTC)) - datetime.now(UTC)
    assert 3590 < ahead.total_seconds() <= 3600
    assert arguments.end("", "--expires") is None
    assert arguments.end("2999-01-01T00:00:00Z", "--expires") == datetime(2999, 1, 1, tzinfo=UTC)
    with pytest.raises(click.BadParameter, match="'2020-01-01' has passed; name a time to come"):
        arguments.end("2020-01-01", "--expires")


@pytest.mark.parametrize("text", ["0s", "0d", "0.0ms"])
def test_no_time_from_now_is_no_end_and_no_time_ago_is_now(text: str) -> None:
    with pytest.raises(click.BadParameter, match="has passed"):
        arguments.end(text, "--expires")
    before = datetime.now(UTC)
    read = arguments.moment(text, "--since")
    assert read is not None
    assert before <= read <= datetime.now(UTC)


@pytest.mark.parametrize("read", [arguments.moment, arguments.end])
def test_a_time_beyond_the_calendar_is_refused_by_its_option(read: Any) -> None:
    with pytest.raises(click.BadParameter, match="'9999999d' from now is no date") as raised:
        read("9999999d", "--since")
    assert raised.value.param_hint == "--since"


def test_nothing_is_observed_in_the_future() -> None:
    assert arguments.observed("", "--observed") is None
    assert arguments.observed("1h", "--observed") is not None
    with pytest.raises(
        click.BadParameter, match="'4102444800': 2100-01-01T00:00:00Z is more than a day from"
    ):
        arguments.observed("4102444800", "--observed")


def test_json_of_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "features.json").write_text('\ufeff{"age": 42}', encoding="utf-8")
    assert arguments.json_object(f"@{tmp_path}/features.json", "--features") == {"age": 42}


def test_a_signature_is_json_with_single_options_over_it() -> None:
    source = '{"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}], "labels": ["a", "b"]}'
    made = make_signature(source, {"task": "classification", "labels": [], "threshold": 0.0})
    assert made is not None
    assert made.inputs == [TensorSpec("x", "FP32", [-1, 2])]
    assert (made.labels, made.task, made.threshold) == (["a", "b"], Task.CLASSIFICATION, 0.0)


def test_a_signature_says_what_its_prediction_output_holds() -> None:
    made = make_signature('{"prediction_holds": "value"}', {"classes": ["1", "2"], "prediction_holds": ""})
    assert made is not None
    assert (made.classes, made.prediction_holds) == (["1", "2"], PredictionHolds.VALUE)
    with pytest.raises(click.BadParameter, match="place"):
        make_signature('{"prediction_holds": "place"}', {})


def test_nothing_said_is_no_signature() -> None:
    assert make_signature("", {"task": "", "labels": [], "threshold": None}) is None


@pytest.mark.parametrize("source", ['{"input": []}', '{"task": "guess"}', '{"inputs": [{"nam": "x"}]}'])
def test_a_signature_of_another_form_is_refused(source: str) -> None:
    with pytest.raises(click.BadParameter):
        make_signature(source, {})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('{"inputs": {"name": "x"}}', "inputs: is {'name': 'x'}; write a list of tensors"),
        ('{"inputs": ["x"]}', "inputs[0]: is 'x'; write an object"),
        ('{"outputs": [{"dtype": "FP32"}]}', "outputs[0].dtype: there is no such field; there are name"),
        ('{"inputs": [{"features": "age"}]}', "inputs[0].features: is 'age'; write a list of texts"),
        ('{"inputs": [{"shape": [-1, "4"]}]}', "inputs[0].shape[1]: is '4'; write whole numbers"),
        ('{"inputs": [{"shape": [true]}]}', "inputs[0].shape[0]: is True; write whole numbers"),
        ('{"inputs": [{"name": 7}]}', "inputs[0].name: is 7; write a text"),
        ('{"labels": "ab"}', "labels: is 'ab'; write a list of texts"),
        ('{"classes": [1, 2]}', "classes[0]: is 1; write texts"),
    ],
)
def test_a_signature_of_a_wrong_form_is_refused_by_the_field(said: str, reason: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        make_signature(said, {})
    assert reason in caught.value.message
