import re
from pathlib import Path
from typing import Any

import click
import grpc
import pytest
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.cli.line.words import COMMANDS, in_command_words
from pointsman.domain.access import METHODS
from pointsman.v1 import prediction_pb2

PROTO = Path(__file__).parents[4] / "proto"
BACKENDS = "of the Open Inference Protocol; the command line calls models by Predict"
METHODS_WITHOUT_COMMAND = {
    "CancelAnalysis": "no command ends an analysis, and no message names it",
    "ModelConfig": BACKENDS,
    "ModelInfer": BACKENDS,
    "ModelMetadata": BACKENDS,
    "ModelReady": BACKENDS,
    "ModelStatistics": BACKENDS,
    "ModelStreamInfer": BACKENDS,
    "ServerLive": BACKENDS,
    "ServerMetadata": BACKENDS,
    "ServerReady": BACKENDS,
}


def context_of(*line: str, **params: object) -> click.Context:
    context = click.Context(app, info_name="pointsman")
    for word in line:
        group = context.command
        assert isinstance(group, click.Group)
        command = group.get_command(context, word)
        assert command is not None
        context = click.Context(command, info_name=word, parent=context)
    context.params = dict(params)
    return context


@pytest.mark.parametrize(
    ("line", "params", "said", "told"),
    [
        (
            ("routers", "create"),
            {"variant": ("lr=cancer:1@70", "gb=cancer:9@30")},
            "router.variants[1].model_version: 'cancer:9' is not registered; use RegisterModelVersion",
            "--variant gb=cancer:9@30: model version: 'cancer:9' is not registered; use "
            "'pointsman models register'",
        ),
        (
            ("routers", "create"),
            {"router_id": "a b"},
            "router.router_id: 'a b' has a space",
            "ROUTER: 'a b' has a space",
        ),
        (
            ("routers", "update"),
            {},
            "router.recording.features_share: 2 is above 1",
            "--features-share: 2 is above 1",
        ),
        (
            ("routers", "update"),
            {"metric": ["clicks:count", "loss:0..-1"]},
            "router.metrics[1].min_value: 0 is above -1",
            "--metric loss:0..-1: min value: 0 is above -1",
        ),
        (
            ("models", "register"),
            {"label": ["a", "a"]},
            "model_version.signature.labels[1]: 'a' occurs twice",
            "--label a: 'a' occurs twice",
        ),
        (
            ("models", "register"),
            {},
            "model_version.backend.grpc.target: names no port",
            "--grpc: names no port",
        ),
        (
            ("models", "register"),
            {"onnx": "./m.onnx"},
            "model_version.backend.onnx.path: is no model",
            "--onnx: is no model",
        ),
        (
            ("models", "register"),
            {"onnx_path": "m.onnx"},
            "model_version.backend.onnx.path: is not in the folder",
            "--onnx-path: is not in the folder",
        ),
        (("models", "register"), {"onnx": "m.onnx"}, "size_bytes: is too much", "--onnx: is too much"),
        (("predict",), {}, "entity_id: is too long", "--entity: is too long"),
        (("keys", "create"), {}, "expire_time: has passed", "--expires: has passed"),
        (("routers", "metrics"), {}, "granularity: is too fine", "--step: is too fine"),
        (("routers", "get"), {}, "variant lr: its backend is away", "variant lr: its backend is away"),
        (("routers", "get"), {}, "page_size: is negative", "page_size: is negative"),
    ],
)
def test_a_field_is_said_as_the_option_that_was_typed(
    line: tuple[str, ...], params: dict[str, object], said: str, told: str
) -> None:
    assert in_command_words(said, context_of(*line, **params)) == told


def test_methods_that_commands_stand_for_are_said_as_commands() -> None:
    for command in COMMANDS.values():
        context_of(*command.split())


def test_every_method_is_said_as_a_command_or_has_a_reason_to_stay() -> None:
    of_protos = {
        name
        for folder in ("pointsman", "inference")
        for file in (PROTO / folder).rglob("*.proto")
        for name in re.findall(r"^\s*rpc (\w+)", file.read_text(), re.MULTILINE)
    }
    methods = of_protos | {path.rpartition("/")[2] for path in METHODS}
    assert len(of_protos) > 70
    assert methods - set(COMMANDS) == set(METHODS_WITHOUT_COMMAND)
    assert set(COMMANDS) <= methods, "a command stands for a method that is no more"


@pytest.mark.parametrize(
    ("line", "params", "said", "told"),
    [
        (
            ("routers", "rollback"),
            {},
            "revision 99 of router 'r' is not kept; ListRouterRevisions shows those that are",
            "revision 99 of router 'r' is not kept; 'pointsman routers history' shows those that are",
        ),
        (
            ("drift", "report"),
            {},
            "result 'x' is none of model 'm'; GetResults lists them",
            "result 'x' is none of model 'm'; 'pointsman drift results' lists them",
        ),
        (
            ("models", "register"),
            {},
            "model_version.owner: is another; leave it out, and use UpdateModelPermissions",
            "--owner: is another; leave it out, and use 'pointsman models transfer'",
        ),
        (
            ("models", "register"),
            {},
            "model_version.permissions: are others; leave them out, and use UpdateModelPermissions",
            "model_version.permissions: are others; leave them out, and use 'pointsman models permissions'",
        ),
        (
            ("routers", "get"),
            {},
            "router 'GetRouter' is away; GetRouters, my-GetRouter and GetRouter.x are no methods.",
            "router 'GetRouter' is away; GetRouters, my-GetRouter and GetRouter.x are no methods.",
        ),
        (
            ("routers", "create"),
            {"variant": ("Analyze=Predict:GetUser@70",)},
            "router.variants[0].model_version: 'Predict:GetUser' is away",
            "--variant Analyze=Predict:GetUser@70: model version: 'Predict:GetUser' is away",
        ),
        (("routers", "get"), {}, "ask again by GetRouter.", "ask again by 'pointsman routers get'."),
    ],
)
def test_what_commands_do_is_said_as_commands(
    line: tuple[str, ...], params: dict[str, object], said: str, told: str
) -> None:
    assert in_command_words(said, context_of(*line, **params)) == told


@pytest.mark.parametrize("method", ["LogPrediction", "CancelAnalysis"])
def test_the_command_that_was_typed_needs_the_scope_that_a_key_lacks(method: str) -> None:
    told = in_command_words(
        f"{method} needs a key with the scope mlops:write; use another key", context_of("drift", "log")
    )
    assert told == "'pointsman drift log' needs a key with the scope mlops:write; use another key"


@pytest.mark.parametrize(
    ("line", "said", "told"),
    [
        (("routers", "create"), "or use STRATEGY_WEIGHTED", "or use --strategy weighted"),
        (("routers", "canary", "set"), "create one with STRATEGY_CANARY", "create one with strategy canary"),
        (
            ("apply",),
            "STRATEGY_WEIGHTED or STRATEGY_FEATURE_RULES",
            "strategy weighted or strategy feature_rules",
        ),
        (("keys", "create"), "is not set; use SCOPE_MLOPS_READ", "is not set; use --scope mlops:read"),
        (("models", "stage"), "STAGE_NONE or STAGE_ARCHIVED", "stage none or stage archived"),
        (("apply",), "STRATEGY_OF_MINE, STRATEGY_WEIGHTED_2", "STRATEGY_OF_MINE, STRATEGY_WEIGHTED_2"),
        (("apply",), "router 'STRATEGY_WEIGHTED' is away", "router 'STRATEGY_WEIGHTED' is away"),
    ],
)
def test_values_are_said_as_the_command_line_takes_them(line: tuple[str, ...], said: str, told: str) -> None:
    assert in_command_words(said, context_of(*line)) == told


SAID, TOLD = "no baseline; use CreateBaseline", "no baseline; use 'pointsman drift baseline create'"


@pytest.mark.parametrize(
    ("method", "line", "content"),
    [
        ("LogPrediction", ("log", "m"), '{"features": {"x": 1}, "prediction": 1}\n'),
        (
            "UploadGroundTruthFile",
            ("ground-truth", "upload", "m"),
            '{"entity_id": "e", "actual_outcome": 1}\n',
        ),
    ],
)
def test_an_error_that_is_told_with_its_file_speaks_of_commands(
    server: Any, refusal: Any, tmp_path: Path, method: str, line: tuple[str, ...], content: str
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(content)
    server.on(f"DriftService/{method}", refusal(grpc.StatusCode.INVALID_ARGUMENT, SAID))
    result = CliRunner().invoke(app, ["drift", *line, str(file), "--server", server.address])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {file}: ")
    assert TOLD in result.stderr


def test_rows_of_feedback_that_are_refused_speak_of_commands(server: Any, tmp_path: Path) -> None:
    refused = prediction_pb2.FeedbackResult(code=5, message="no router 'r'; ListRouters shows them")
    server.on(
        "PredictionService/BatchRecordFeedback",
        prediction_pb2.BatchRecordFeedbackResponse(results=[refused]),
    )
    file = tmp_path / "rows.csv"
    file.write_text("prediction_id,value\np1,1\n")
    result = CliRunner().invoke(app, ["feedback", "import", str(file), "--server", server.address])
    assert result.exit_code == 1
    assert "no router 'r'; 'pointsman routers list' shows them" in result.stderr


def test_the_last_error_of_repeated_calls_speaks_of_commands(server: Any, refusal: Any) -> None:
    server.on(
        "PredictionService/Predict",
        prediction_pb2.PredictResponse(variant="a"),
        refusal(grpc.StatusCode.UNAVAILABLE, "away; StartRouter starts it"),
    )
    result = CliRunner().invoke(app, ["predict", "r", "-n", "2", "--server", server.address])
    assert result.exit_code == 1
    assert "away; 'pointsman routers start' starts it" in result.stderr
