"""Says an error of the server in the words of the command line: options for fields, commands for methods."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

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
    "AddGroundTruth": "drift ground-truth add",
    "Analyze": "drift analyze",
    "ApplyDefinitions": "apply",
    "BatchRecordFeedback": "feedback import",
    "BatchUpdateVariantWeights": "routers weight",
    "ClearTrafficOverride": "routers override",
    "CreateApiKey": "keys create",
    "CreateBaseline": "drift baseline create",
    "CreateRouter": "routers create",
    "DeleteModelVersion": "models delete",
    "DeleteRouter": "routers delete",
    "DeleteUser": "users delete",
    "DeployRouter": "routers deploy",
    "EraseEntity": "routers erase",
    "ExplainPrediction": "explain",
    "ExplainRouting": "routers explain",
    "GetActiveBaseline": "drift baseline list",
    "GetAlertConfig": "drift alerts settings",
    "GetAlertEvents": "drift alerts history",
    "GetAlertRules": "drift alerts rules",
    "GetAnalysisJob": "drift analyze",
    "GetBaselines": "drift baseline list",
    "GetDriftReport": "drift report",
    "GetLatestResult": "drift results",
    "GetModelVersion": "models get",
    "GetPerformanceHistory": "drift performance",
    "GetPrediction": "predictions get",
    "GetPredictions": "drift predictions",
    "GetResults": "drift results",
    "GetRouter": "routers get",
    "GetRouterMetrics": "routers metrics",
    "GetRouterRevision": "routers history",
    "GetShadowComparison": "shadows compare",
    "GetUnmatchedPredictions": "drift predictions",
    "GetUser": "users get",
    "ListApiKeys": "keys list",
    "ListModelVersions": "models list",
    "ListPredictions": "predictions list",
    "ListRouterRevisions": "routers history",
    "ListRouters": "routers list",
    "ListUsers": "users list",
    "LogPrediction": "drift log",
    "MuteAlerts": "drift alerts mute",
    "Predict": "predict",
    "PromoteCanary": "routers canary promote",
    "RecordFeedback": "feedback record",
    "RegisterModelVersion": "models register",
    "ReplayPredictions": "replay",
    "ResetLearning": "routers reset-learning",
    "RevokeApiKey": "keys revoke",
    "RollbackRouter": "routers rollback",
    "SendTestAlert": "drift alerts test",
    "SetActiveBaseline": "drift baseline activate",
    "SetCanary": "routers canary set",
    "SetModelVersionStage": "models stage",
    "SetTrafficOverride": "routers override",
    "StartRouter": "routers start",
    "StopRouter": "routers stop",
    "TestModelVersion": "models test",
    "ToggleVariant": "routers toggle",
    "UpdateAlertConfig": "drift alerts settings",
    "UpdateAlertRules": "drift alerts rules",
    "UpdateModelPermissions": "models permissions",
    "UpdateRouter": "routers update",
    "UpdateRouterPermissions": "routers permissions",
    "UpdateVariantWeight": "routers weight",
    "UploadGroundTruth": "drift ground-truth upload",
    "UploadGroundTruthFile": "drift ground-truth upload",
    "UploadModelFile": "models register",
}
"""Commands that do what a method of the API does."""
_FEATURES = "features."
"""What follows is a name that the user gave, not a field: it stays as it is."""
_OWNER = ".owner"
"""The field of an owner, which a command of its own changes."""
_METHOD = re.compile(rf"(?<![\w'\"./:=@-])({'|'.join(COMMANDS)})(?![\w'\"]|[./:=@-]\w)")
"""A method; in quotes, or as part of a longer word, it is a name that somebody gave."""
_REFUSED = re.compile(r"\A[A-Z]\w+(?= needs a key with the scope )")
_ENUM_VALUE = re.compile(r"(?<![\w'\"])(STRATEGY|SCOPE|STAGE)_[A-Z_]+(?![\w'\"])")


def in_command_words(text: str, context: click.Context) -> str:
    """Says a sentence of the server with the names that the user typed.

    Args:
        text: ``FIELD: what is wrong``, or any other sentence.
        context: Of the command that ran.

    Returns:
        The sentence with the option and its value for the field, and with commands for the API's methods. A
        field that the command has no option for stays.
    """
    # What was typed is put before the rest when that is said: it is no word of the server.
    before = ""
    path = None if text.startswith(_FEATURES) else PATH.match(text)
    if path is not None and text[path.end() :].startswith(": "):
        before, text = option_of(path.group(), context), text[path.end() :]
        if path.group().endswith(_OWNER):
            text = text.replace("UpdateModelPermissions", "'pointsman models transfer'")
    elif not isinstance(context.command, click.Group):
        # Whichever of its methods the key may not call, the command that was typed needs the scope.
        text = _REFUSED.sub(f"'{context.command_path}'", text)
    options = {one.name for one in context.command.params if isinstance(one, click.Option)}
    return before + with_commands(text, options)


def with_commands(text: str, options: Collection[str | None] = ()) -> str:
    """Says a sentence of the server with commands for methods and the command line's words for values.

    Args:
        text: The sentence.
        options: The names of the options that the command has: their values are said with them.
    """
    text = _METHOD.sub(lambda found: f"'pointsman {COMMANDS[found.group()]}'", text)
    return _ENUM_VALUE.sub(lambda found: _value(found, options), text)


def _value(found: re.Match[str], options: Collection[str | None]) -> str:
    from pointsman.client import Scope, Stage, Strategy

    kind = found[1].lower()
    words: Iterable[Scope | Stage | Strategy] = {"strategy": Strategy, "scope": Scope, "stage": Stage}[kind]
    word = next((one.value for one in words if f"{found[1]}_{one.name}" == found[0]), None)
    if word is None:
        return found[0]
    return f"--{kind} {word}" if kind in options else f"{kind} {word}"


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
