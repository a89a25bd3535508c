"""Says an error of the server in the words of the command line: options for fields, commands for methods."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PATH = re.compile(r"[a-z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*")
"""A field of a request, such as ``router.variants[1].weight``."""
_SEGMENT = re.compile(r"(?P<name>[a-z_]+)(?:\[(?P<index>\d+)\])?")

PARAMETERS = {
    "allow_feedback_corrections": "corrections",
    "alpha": "algorithm_number",
    "backend": "onnx",
    "chunk": "onnx",
    "classes": "class_",
    "durability": "durable",
    "end_time": "before",
    "entity": "record_entity",
    "entity_id": "entity",
    "epsilon": "algorithm_number",
    "exclude_features": "exclude_feature",
    "max_examples": "examples",
    "expire_time": "expires",
    "granularity": "step",
    "observe_time": "observed",
    "onnx": "onnx_path",
    "path": "onnx_path",
    "prior_alpha": "algorithm_number",
    "prior_beta": "algorithm_number",
    "prior_count": "algorithm_number",
    "prior_mean": "algorithm_number",
    "prior_variance": "algorithm_number",
    "prior_variance_shape": "algorithm_number",
    "record_predictions": "record",
    "size_bytes": "onnx",
    "start_time": "since",
    "router_id": "router",
    "status_code": "status",
    "target": "grpc",
    "user_id": "user",
    "value": "given",
    "version_pinning": "ignore_version",
}
"""Parameters of commands that are named otherwise than the field that they fill."""

COMMANDS = {
    "Analyze": "drift analyze",
    "CreateApiKey": "keys create",
    "CreateBaseline": "drift baseline create",
    "CreateRouter": "routers create",
    "DeleteRouter": "routers delete",
    "DeleteUser": "users delete",
    "DeployRouter": "routers deploy",
    "GetBaselines": "drift baseline list",
    "GetModelVersion": "models get",
    "GetRouter": "routers get",
    "GetRouterMetrics": "routers metrics",
    "GetShadowComparison": "shadows compare",
    "GetUser": "users get",
    "ExplainPrediction": "explain",
    "ListApiKeys": "keys list",
    "ListModelVersions": "models list",
    "ListPredictions": "predictions list",
    "ListRouters": "routers list",
    "ListUsers": "users list",
    "RegisterModelVersion": "models register",
    "ReplayPredictions": "replay",
    "ResetLearning": "routers reset-learning",
    "SetModelVersionStage": "models stage",
    "StartRouter": "routers start",
    "StopRouter": "routers stop",
    "TestModelVersion": "models test",
    "ToggleVariant": "routers toggle",
    "UpdateAlertConfig": "drift alerts settings",
    "UpdateAlertRules": "drift alerts rules",
    "UpdateRouter": "routers update",
    "UpdateRouterPermissions": "routers permissions",
}
_FEATURES = "features."
"""What follows is a name that the user gave, not a field: it stays as it is."""
_METHOD = re.compile(rf"\b({'|'.join(COMMANDS)})\b")


def in_command_words(text: str, context: click.Context) -> str:
    """Says a sentence of the server with the names that the user typed.

    Args:
        text: ``FIELD: what is wrong``, or any other sentence.
        context: Of the command that ran.

    Returns:
        The sentence with the option and its value for the field, and with commands for the API's methods. A
        field that the command has no option for stays.
    """
    path = None if text.startswith(_FEATURES) else PATH.match(text)
    if path is not None and text[path.end() :].startswith(": "):
        text = option_of(path.group(), context) + text[path.end() :]
    return _METHOD.sub(lambda found: f"'pointsman {COMMANDS[found.group()]}'", text)


def option_of(path: str, context: click.Context) -> str:
    """Answers the option or argument that fills a field, with what was typed there; else the path itself.

    Args:
        path: The field, for example ``router.variants[1].weight``.
        context: Of the command that ran.
    """
    parameters = {one.name: one for one in context.command.params if one.name}
    found: list[tuple[tuple[bool, bool, int], re.Match[str], str]] = []
    for segment in _SEGMENT.finditer(path):
        names = [name for name in _candidates(segment["name"]) if name in parameters]
        if names:
            name = next(filter(context.params.get, names), names[0])
            # What was typed, then the item of a list whose parts have no options, then what is told exactest.
            rank = (bool(context.params.get(name)), segment["index"] is not None, segment.start())
            found.append((rank, segment, name))
    if not found:
        return path
    _, segment, name = max(found, key=lambda one: one[0])
    words = [_label(parameters[name]), _typed(context.params, name, segment["index"])]
    rest = path[segment.end() :].rpartition(".")[2].replace("_", " ")
    return " ".join(filter(None, words)) + (f": {rest}" if rest else "")


def _candidates(field: str) -> Iterator[str]:
    yield field
    yield PARAMETERS.get(field, field)
    yield field.removesuffix("s")
    if PARAMETERS.get(field) == "onnx_path":
        yield "onnx"  # a file that was uploaded has its path from there


def _label(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.human_readable_name


def _typed(params: Mapping[str, object], name: str, index: str | None) -> str:
    values = params.get(name)
    if index is None or not isinstance(values, (list, tuple)):
        return ""
    listed: Sequence[object] = values
    return str(listed[int(index)]) if int(index) < len(listed) else ""
