"""``pointsman models``: the registry of model versions."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.access import permissions
from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import context_of
from pointsman.cli.models import uploading
from pointsman.cli.models.signatures import make_signature
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.client import GrpcBackend, ModelVersion, OnnxBackend, Signature

MAX_SHOWN_FEATURES = 4

app = commandline.Group(help="Register, test, list and promote model versions.")
app.include("pointsman.cli.models.access:app")

ModelId = Annotated[str, commandline.Argument(metavar="MODEL", complete=names.models, help="The model's id.")]
Version = Annotated[
    str, commandline.Argument(metavar="VERSION", complete=names.versions, help="The version.")
]


class StageName(StrEnum):
    """Where a model version can be moved."""

    NONE = "none"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"


class HoldsName(StrEnum):
    """What --prediction-holds takes."""

    VALUE = "value"
    INDEX = "index"


class TaskName(StrEnum):
    """What a model does."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@app.command()
def register(
    context: commandline.Context,
    model_id: ModelId,
    version: Version,
    grpc: Annotated[
        str,
        commandline.Option(
            metavar="HOST:PORT[,…]", help="It answers at a server that speaks the Open Inference Protocol."
        ),
    ] = "",
    model_name: Annotated[str, commandline.Option(help="Its name at that server.  [the model's id]")] = "",
    onnx: Annotated[
        Path | None,
        commandline.Option(
            metavar="FILE", help="It is this ONNX file on this machine, which is uploaded to the server."
        ),
    ] = None,
    onnx_path: Annotated[
        str,
        commandline.Option(
            metavar="PATH", help="It is an ONNX file that the server has: its path in <data-dir>/models."
        ),
    ] = "",
    sha256: Annotated[
        str, commandline.Option(metavar="HEX", help="Refuse the ONNX file if its SHA-256 is another.")
    ] = "",
    task: Annotated[TaskName | None, commandline.Option(help="What it does.")] = None,
    label: Annotated[
        list[str] | None,
        commandline.Option(help="A class label; once for each, in the order of the probabilities."),
    ] = None,
    class_: Annotated[
        list[str] | None,
        commandline.Option(
            "--class",
            help="What the prediction output says for a class where that is not its label; once for each, in "
            "the same order. Read from an ONNX file that has such a list.",
        ),
    ] = None,
    prediction_holds: Annotated[
        HoldsName | None,
        commandline.Option(help="Whether the prediction output holds the class itself or its place from 0."),
    ] = None,
    threshold: Annotated[
        float | None,
        commandline.Option(help="Of two labels the second is predicted from this probability on."),
    ] = None,
    probability_output: Annotated[
        str, commandline.Option(help="The output with the class probabilities.")
    ] = "",
    prediction_output: Annotated[
        str, commandline.Option(help="The output with the predicted label or value.")
    ] = "",
    signature: Annotated[
        str,
        commandline.Option(
            metavar="JSON|@FILE", help="The whole signature, as 'models get -o json' writes it."
        ),
    ] = "",
    description: Annotated[str, commandline.Option(help="A short text for people.")] = "",
    run_uri: Annotated[str, commandline.Option(help="Where the training run is described.")] = "",
    metric: Annotated[
        list[str] | None, commandline.Option(metavar="NAME=NUMBER", help="A training figure.")
    ] = None,
    tag: Annotated[list[str] | None, commandline.Option(help="A word to find it by.")] = None,
    owner: Annotated[
        str,
        commandline.Option(
            metavar="USER",
            complete=names.owners,
            help="Whose a new model shall be; another user's by admins only.  [you]",
        ),
    ] = "",
    validate_only: Annotated[
        bool, commandline.Option("--validate-only", help="Check only; change nothing.")
    ] = False,
) -> None:
    """Register a model version.

    Without --grpc, --onnx and --onnx-path it is only monitored and no router can use it. What the signature
    leaves out is read from the backend and shown; what is said is checked against it.

    A file is uploaded unless the server has it, also with --validate-only; one that no version names is
    removed there after a day.
    """
    from pointsman.client import ModelVersion

    wanted = ModelVersion(
        model_id,
        version,
        backend=_backend(grpc, model_name, onnx, onnx_path, sha256),
        signature=make_signature(
            signature,
            {
                "task": task.value if task else "",
                "labels": label or [],
                "classes": class_ or [],
                "prediction_holds": prediction_holds.value if prediction_holds else "",
                "threshold": threshold,
                "probability_output": probability_output,
                "prediction_output": prediction_output,
            },
        ),
        description=description,
        run_uri=run_uri,
        metrics=arguments.numbers(metric or [], "--metric"),
        tags=tag or [],
        owner=owner,
    )
    options = context_of(context)
    uploaded = None
    with options.connect() as client:
        if onnx is not None:
            uploaded = uploading.upload(client, onnx, sha256)
            wanted = replace(wanted, backend=uploaded.backend)
        registered = client.models.register(wanted, validate_only=validate_only)
    if options.as_json:
        printing.print_json(registered)
    else:
        done = "is valid" if validate_only else "is registered"
        commandline.echo(f"{model_id} {version} {done}, {_place(registered)}")
        if uploaded is not None:
            commandline.echo(f"file: {onnx}, {uploading.sentence(uploaded)}")
        elif onnx_path and _sha256(registered):
            commandline.echo(
                f"file: {onnx_path} at the server, SHA-256 {_sha256(registered)}; nothing was uploaded"
            )
        for said in registered.filled_in:
            commandline.echo(f"read from the backend: {said.removeprefix('signature.')}")
    for warning in registered.warnings:
        commandline.echo(f"warning: {warning}", err=True)


@app.command("list")
def list_versions(
    context: commandline.Context,
    model: Annotated[
        str, commandline.Option(complete=names.models, help="Only versions of this model.")
    ] = "",
    stage: Annotated[StageName | None, commandline.Option(help="Only versions in this stage.")] = None,
    tag: Annotated[str, commandline.Option(help="Only versions with this tag.")] = "",
) -> None:
    """List the model versions you may read."""
    from pointsman.client import Stage

    options = context_of(context)
    wanted = Stage(stage.value) if stage else Stage.UNSPECIFIED
    with options.connect() as client:
        found = list(client.models.list(model_id=model, stage=wanted, tag=tag))
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["!MODEL", "!VERSION", "STAGE", "BACKEND", "OWNER", "+ACCESS", "#REGISTERED"],
        (
            [
                m.model_id,
                m.version,
                m.stage,
                _place_in_list(m),
                m.owner,
                permissions.in_words(m.permissions),
                printing.short_time(m.create_time),
            ]
            for m in found
        ),
        empty="No model versions match. 'pointsman models register' adds one.",
    )


@app.command()
def get(context: commandline.Context, model_id: ModelId, version: Version) -> None:
    """Show a model version."""
    options = context_of(context)
    with options.connect() as client:
        found = client.models.get(model_id, version)
    if options.as_json:
        printing.print_json(found)
        return
    signature = found.signature
    printing.print_facts(
        [
            ("model", found.model_id),
            ("version", found.version),
            ("stage", found.stage),
            ("backend", _place(found)),
            ("sha256", _digest(found)),
            ("fault", found.backend_fault),
            ("description", found.description),
            ("run", found.run_uri),
            (
                "metrics",
                ", ".join(f"{name} {printing.exact(value)}" for name, value in sorted(found.metrics.items())),
            ),
            ("tags", ", ".join(found.tags)),
            ("owner", found.owner),
            ("access", permissions.in_words(found.permissions)),
            ("registered", printing.local_time(found.create_time)),
            ("changed", printing.local_time(found.update_time)),
            ("task", signature.task if signature else ""),
            ("labels", ", ".join(signature.labels) if signature else ""),
            ("classes", ", ".join(signature.classes) if signature else ""),
            ("prediction holds", _holds(signature) if signature else ""),
        ]
    )
    if signature:
        tensors = [("input", t) for t in signature.inputs] + [("output", t) for t in signature.outputs]
        printing.print_table(
            ["", "#TENSOR", "DATATYPE", "SHAPE", "FEATURES"],
            ([kind, t.name, t.datatype, str(list(t.shape)), _few(t.features)] for kind, t in tensors),
            empty="The backend did not describe its tensors.",
        )


@app.command()
def stage(
    context: commandline.Context,
    model_id: ModelId,
    version: Version,
    stage: Annotated[
        StageName, commandline.Argument(metavar="STAGE", help="none, staging, production or archived.")
    ],
) -> None:
    """Move a model version to another stage.

    Promotion to production archives its predecessor.
    """
    from pointsman.client import Stage

    options = context_of(context)
    with options.connect() as client:
        moved = client.models.set_stage(model_id, version, Stage(stage.value))
    if options.as_json:
        printing.print_json(moved)
    else:
        commandline.echo(f"{model_id} {version} is in stage {moved.stage}")


@app.command()
def delete(context: commandline.Context, model_id: ModelId, version: Version) -> None:
    """Delete a model version; refused while a router uses it."""
    options = context_of(context)
    with options.connect() as client:
        client.models.delete(model_id, version)
    if options.as_json:
        printing.print_json({})
    else:
        commandline.echo(f"{model_id} {version} is deleted")


app.add("test", "pointsman.cli.models.trying:run")


def _backend(
    grpc: str, model_name: str, onnx: Path | None, onnx_path: str, sha256: str
) -> GrpcBackend | OnnxBackend | None:
    """Makes the backend of what is at some place already; a file that is uploaded becomes one later."""
    from pointsman.client import GrpcBackend, OnnxBackend

    if sum(map(bool, (grpc, onnx, onnx_path))) > 1:
        raise commandline.BadParameter(
            "a model version answers at one place: name one of --grpc, --onnx and --onnx-path"
        )
    if model_name and not grpc:
        raise commandline.BadParameter("goes with --grpc", param_hint="--model-name")
    if sha256 and not (onnx or onnx_path):
        raise commandline.BadParameter("goes with --onnx or --onnx-path", param_hint="--sha256")
    if onnx:
        uploading.check_file(onnx, "--onnx", "--onnx-path")
    if grpc:
        return GrpcBackend(grpc, model_name)
    return OnnxBackend(onnx_path, sha256) if onnx_path else None


def _few(names: Sequence[str]) -> str:
    """Writes the first names, and how many more there are."""
    shown = ", ".join(names[:MAX_SHOWN_FEATURES])
    rest = len(names) - MAX_SHOWN_FEATURES
    return f"{shown} and {rest} more" if rest > 0 else shown


def _holds(signature: Signature) -> str:
    """Says what the prediction output holds, if that is known."""
    word = signature.prediction_holds.value
    return "" if word == "unspecified" else word


def _place(model_version: ModelVersion) -> str:
    """Says where a model version answers."""
    from pointsman.client import GrpcBackend, OnnxBackend

    backend = model_version.backend
    if isinstance(backend, GrpcBackend):
        return f"gRPC {backend.target} {backend.model_name}".rstrip()
    return f"ONNX {backend.path}" if isinstance(backend, OnnxBackend) else "monitored only"


def _place_in_list(model_version: ModelVersion) -> str:
    """Says where a model version answers, and whether something is wrong with its file."""
    mark = " (fault: 'models get' says which)" if model_version.backend_fault else ""
    return f"{_place(model_version)}{mark}"


def _digest(model_version: ModelVersion) -> str:
    """Says the digest of an ONNX file; of other backends nothing."""
    from pointsman.client import OnnxBackend

    backend = model_version.backend
    return (backend.sha256 or "not known") if isinstance(backend, OnnxBackend) else ""


def _sha256(model_version: ModelVersion) -> str:
    """Answers the digest of an ONNX file; empty when it is not known."""
    from pointsman.client import OnnxBackend

    backend = model_version.backend
    return backend.sha256 if isinstance(backend, OnnxBackend) else ""
