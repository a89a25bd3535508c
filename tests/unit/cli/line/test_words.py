import click
import pytest

from pointsman.cli import app
from pointsman.cli.line.words import in_command_words


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
    from pointsman.cli.line.words import COMMANDS

    for command in COMMANDS.values():
        context_of(*command.split())
