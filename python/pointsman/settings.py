"""The settings of ``pointsman serve``: one typed field each, with unit, default and reason.

A value comes from the first of: the command's flags, the environment (``POINTSMAN_…``, nested ones with
two underscores as in ``POINTSMAN_LIMITS__MAX_CONNECTIONS``), the file given with ``--config`` (or a
``pointsman.toml`` in the working directory), the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

if TYPE_CHECKING:
    from types import ModuleType

DEFAULT_FILE = Path("pointsman.toml")
ENVIRONMENT_PREFIX = "POINTSMAN_"
_PLAIN_OF_ALERTS = frozenset(("host", "port", "security", "sender", "timeout_seconds", "allowed_targets"))
"""What may be shown of what alerts are sent by: the rest is a secret, or where one is put by mistake."""

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(ge=0.001, le=365 * 86_400, allow_inf_nan=False)]
MAX_THREADS = 256
"""The most threads that the data plane takes calls on."""


class SettingsError(Exception):
    """A setting is not valid; the message names it, its value and the way out, one line for each."""


class Limits(BaseModel):
    """What one client, one call or one backend may take up. None is unlimited."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_connections: Count = 10_000
    """Open client connections. Each holds a file descriptor and its HTTP/2 windows; further ones are closed
    at once.
    """

    max_streams_per_connection: Count = 1_000
    """Calls at a time on one connection, so that a single client cannot fill the server."""

    max_header_list_bytes: Annotated[int, Field(ge=1_024, le=2**24)] = 65_536
    """Bytes of metadata of one call, names and values together. Checked before anything is decoded."""

    max_message_bytes: Annotated[int, Field(ge=1_024, le=2**31)] = 16 * 1024 * 1024
    """Bytes of one message, compressed or not: 16 MiB holds a 2048 × 2048 FP32 tensor. At most 2 GiB. For
    administrative changes 4 MiB are the most, for questions, health and reflection 64 KiB whatever this says.
    """

    max_in_flight_per_backend: Count = 1_024
    """Calls at a time at one backend. More are queued, so that a slow backend is not buried. The control
    plane takes at most 256, a quarter of them from one key and a sixteenth from one connection.
    """

    max_queued_per_backend: Annotated[int, Field(ge=0, le=1_000_000)] = 1_024
    """Calls that wait for a backend at its limit. Past it a call is answered RESOURCE_EXHAUSTED at once."""

    connect_timeout_seconds: Seconds = 2.0
    """Seconds to connect to a backend's endpoint before it counts as dead and the next one is tried."""

    default_deadline_seconds: Seconds = 30.0
    """Seconds a call may take when neither the client nor the router says so. A call without an end leaks."""

    max_deadline_seconds: Seconds = 3_600.0
    """Seconds a call may take whatever its client says: a deadline years away holds memory and places."""

    message_timeout_seconds: Seconds = 30.0
    """Seconds from a call's head to the last byte of its message, whatever its deadline: who sends slowly
    holds memory.
    """

    stalled_answer_seconds: Seconds = 10.0
    """Seconds a client may take nothing of its answer before the call is reset. Unread answers hold memory
    and room on connections to backends; while others need that room, one second is the most."""

    keepalive_interval_seconds: Seconds = 30.0
    """Seconds of silence on a client's connection before it is pinged, to notice peers that vanished."""

    keepalive_timeout_seconds: Seconds = 10.0
    """Seconds to wait for the answer to a ping before the connection is closed."""

    max_connection_age_seconds: Seconds = 1_800.0
    """Seconds after which a client is asked to reconnect, so that load finds new servers behind a balancer.
    """

    connection_age_jitter_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the connection age, 0 to 1, added or taken off at random: clients shall not reconnect all at
    once.
    """

    body_budget_bytes: Annotated[int, Field(ge=2**20, le=2**40)] = 256 * 1024 * 1024
    """Bytes of buffered and recorded bodies in memory, over all calls. Past it buffering is
    RESOURCE_EXHAUSTED. What has arrived counts, not what is announced. Administrative changes may fill a
    quarter of it, administrative questions a sixteenth, health and reflection together another sixteenth.
    """

    record_queue_length: Annotated[int, Field(ge=1, le=100_000_000)] = 65_536
    """Predictions waiting to be written to the journal. When it is full new ones are dropped and counted; no
    call ever waits.
    """

    onnx_threads: Annotated[int, Field(ge=1, le=256)] = 2
    """Threads that run ONNX models which are too slow to run on the thread of the call."""


class HttpLimits(BaseModel):
    """What clients of the HTTP port may take up. Health is answered whatever else goes on."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_connections: Annotated[int, Field(ge=1, le=100_000)] = 256
    """Open connections. Past it the oldest without a request in progress is closed, so that who asks at once
    is answered.
    """

    max_requests: Count = 64
    """Requests at a time, ``/health``, ``/livez`` and ``/readyz`` aside. Past it one is answered 503."""

    max_body_bytes: Annotated[int, Field(ge=1_024, le=2**31)] = 8 * 1024 * 1024
    """Bytes of one body, as it is sent. What is longer is for the gRPC port, which reads in pieces."""

    body_budget_bytes: Annotated[int, Field(ge=2**20, le=2**40)] = 64 * 1024 * 1024
    """Bytes of bodies in memory, over all requests. Past it one is answered 503. While a body is read, what
    it says takes several times as much.
    """

    head_seconds: Seconds = 10.0
    """Seconds for the head of a request to arrive whole. Then its connection is closed."""

    request_seconds: Seconds = 60.0
    """Seconds for a request to be answered, and for its client to take the answer. A call of the API gets
    95 % of it, whatever its client says, so that its end can still be told.
    """

    idle_seconds: Seconds = 30.0
    """Seconds that a connection may be open without a request."""

    upload_seconds: Annotated[float, Field(ge=1, le=86_400)] = 3600.0
    """Seconds for the upload of a file of outcomes, however long it is. Each part of it must come, and be
    taken, within ``request_seconds``.
    """


class JournalSettings(BaseModel):
    """How predictions and feedback are kept until the lake and the database have them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    segment_bytes: Annotated[int, Field(ge=4_096, le=2**30)] = 64 * 1024 * 1024
    """Bytes after which a segment of predictions goes to the lake. Larger ones make fewer, larger files."""

    seal_after_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 60.0
    """Seconds after which a segment goes to the lake whatever its size. Reads do not wait for it: they see
    what is still in the journal; only other programs that read the lake's files do.
    """

    max_prediction_bytes: Annotated[int, Field(ge=2**20, le=2**50)] = 8 * 1024**3
    """Bytes of predictions that may wait for the lake, for example while the database is away. Past it
    further ones are dropped and counted; calls are answered all the same.
    """

    max_feedback_bytes: Annotated[int, Field(ge=2**20, le=2**50)] = 2 * 1024**3
    """Bytes of feedback that may wait for the database. Past it further feedback is refused, UNAVAILABLE."""


class LakeSettings(BaseModel):
    """Where recorded predictions lie, and how long."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dir: Path | None = None
    """Folder of the Parquet files; unset means ``lake`` in the data folder."""

    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 90
    """Days that recorded predictions are kept, where a router does not say otherwise."""

    retention_bytes: Annotated[int, Field(ge=2**20, le=2**60)] = 50 * 1024**3
    """Bytes of files of one router and model past which the oldest are deleted, where the router does not
    say otherwise.
    """

    query_memory_bytes: Annotated[int, Field(ge=64 * 2**20, le=2**40)] = 256 * 1024 * 1024
    """Bytes that queries over recorded predictions may take up together; larger ones spill to disk."""


class UploadSettings(BaseModel):
    """What uploads of ONNX files may take up."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_file_bytes: Annotated[int, Field(ge=1, le=2**40)] = 2 * 1024**3
    """Bytes of one file. ONNX itself holds at most 2 GiB in one; larger models have data files beside them,
    which are not uploaded.
    """

    max_unfinished: Annotated[int, Field(ge=1, le=10_000)] = 32
    """Uploads that are begun and not complete. Past it the one that waits longest gives way if nothing came
    for it in ten minutes, else a further one is RESOURCE_EXHAUSTED. What is a day old is removed in any case.
    """

    reserve_bytes: Annotated[int, Field(ge=0, le=2**50)] = 512 * 1024 * 1024
    """Bytes of the disk that uploads leave free, for the journal and all else. An upload that would take more
    is RESOURCE_EXHAUSTED, before it begins.
    """


class SmtpSettings(BaseModel):
    """The mail server that alerts go to."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    host: str = ""
    """Its name or address; empty for none. One in a private network must be among ``allowed_targets``."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    """Its port: 587 for STARTTLS, 465 for TLS, 25 between servers."""

    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is protected. Without it a password is refused: anybody on the way could read it."""

    user: str = ""
    """Whom the server is logged in as; empty for nobody."""

    password: SecretStr = SecretStr("")
    """That user's."""

    password_file: Path | None = None
    """A file with the password, in its place; read when the server starts."""

    sender: str = "pointsman@localhost"
    """The address that messages are from."""


class SlackSettings(BaseModel):
    """The incoming webhook of Slack that alerts go to."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: SecretStr = SecretStr("")
    """Its address, which is a secret: whoever has it writes there."""

    url_file: Path | None = None
    """A file with the address, in its place; read when the server starts."""


class WebhookSettings(BaseModel):
    """A program that is told of alerts by HTTP."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    url: SecretStr = SecretStr("")
    """Its address. ``https`` unless the network is trusted: what is sent names models and features."""

    url_file: Path | None = None
    """A file with the address, in its place; read when the server starts."""

    secret: SecretStr = SecretStr("")
    """The key of the signature by which the program knows who sends: 32 characters or more."""

    secret_file: Path | None = None
    """A file with the key, in its place; read when the server starts."""


class AlertSettings(BaseModel):
    """Where alerts of drift go. Models' rules name these channels: ``email``, ``slack``, and webhooks."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    smtp: SmtpSettings = SmtpSettings()
    """The mail server that alerts go to."""

    slack: SlackSettings = SlackSettings()
    """The incoming webhook of Slack that alerts go to."""

    webhooks: dict[str, WebhookSettings] = {}
    """Programs that are told, by name, for example ``{"retrain": {"url": "https://…", "secret_file": "…"}}``.

    No answer of theirs changes a router.
    """

    allowed_targets: list[str] = []
    """What may be connected to although it is in no public network: names, addresses and networks, with a
    port or without, for example ``["smtp.internal:25", "10.1.0.0/16"]``.

    All others get nothing: no loopback, no private network, nothing that tells machines of clouds their keys.
    """

    timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = 10.0
    """Seconds that one message may take, from its connection to the answer. Then it is tried again later."""

    ca_file: Path | None = None
    """A file with certificates of authorities, in PEM, that are trusted beside those of the system: for mail
    servers and webhooks whose certificates an authority of your own has signed. Read when the server starts.
    """


class GroundTruthSettings(BaseModel):
    """What uploads of outcomes may take up, files of CSV or JSON lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    max_file_bytes: Annotated[int, Field(ge=1_024, le=2**40)] = 1024**3
    """Bytes of one file. They are read in parts and take no memory; a longer file is RESOURCE_EXHAUSTED."""

    max_unfinished: Annotated[int, Field(ge=1, le=10_000)] = 16
    """Uploads that are begun and not complete. Past it the one that waits longest gives way if nothing came
    for it in ten minutes, else a further one is RESOURCE_EXHAUSTED. What is a day old is deleted in any case.
    """


class Settings(BaseSettings):
    """Everything ``pointsman serve`` can be told."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        nested_model_default_partial_update=True,
    )

    grpc: str = "127.0.0.1:8500"
    """Address of the one public gRPC port, ``host:port``; port 0 lets the system choose.

    Loopback by default: a server without keys lets every caller do everything. Others need a key first.
    """

    http: str = "127.0.0.1:8501"
    """Address of the HTTP port for REST, health, readiness and metrics, ``host:port``; port 0 lets the system
    choose.
    """

    data_dir: Path = Path("data")
    """Folder for the database, the models, the journal, the lake and the published state. Made with mode
    0700 when it does not exist.
    """

    threads: Annotated[int, Field(ge=0, le=MAX_THREADS)] = 0
    """Threads of the data plane; 0 means one for each processor that the process may use."""

    database: str = ""
    """URL of the database, for example ``postgresql://user@host/pointsman``; empty means SQLite in the data
    folder.
    """

    endpoint: str = ""
    """The address that clients are told to call, ``host:port``, for servers behind a balancer.

    Empty means the gRPC port's own, under the machine's name when it listens everywhere.
    """

    allowed_hosts: list[str] = []
    """Host names, besides loopback and plain addresses, under which the HTTP port may be called.

    A browser tricked by DNS rebinding sends the attacker's name; unknown names are refused.
    """

    forward_metadata: dict[str, list[str]] = {}
    """Credentials of clients that go on to backends: by the target of a model version, written as there, the
    names of metadata, of ``authorization``, ``proxy-authorization`` and ``cookie``. For example
    ``{"gpu.example:8001": ["authorization"]}``.

    All other backends get none of these: whoever may register a model could collect them. The server's own
    keys go on to nobody; clients of such a backend send them as ``x-api-key``.
    """

    grace_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    """Seconds that calls in flight get to finish after SIGTERM. 30 is what Kubernetes waits before it kills.
    """

    log_level: Literal["debug", "info", "warn", "error"] = "info"
    """The least severe log line that is written."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """How log lines are written: ``json``, an object a line for programs, or ``text``, a line for people.
    ``auto`` is ``text`` where standard error is a terminal, else ``json``.

    Only a terminal gets colours, and none where ``NO_COLOR`` is set. Times are UTC in both.
    """

    onnx_library: Path | None = None
    """The ONNX Runtime shared library; unset means the one in the installed ``onnxruntime`` package."""

    journal: JournalSettings = JournalSettings()
    """How predictions and feedback are kept until the lake and the database have them."""

    lake: LakeSettings = LakeSettings()
    """Where recorded predictions lie, and how long."""

    uploads: UploadSettings = UploadSettings()
    """What uploads of ONNX files may take up."""

    alerts: AlertSettings = AlertSettings()
    """Where alerts of drift go."""

    limits: Limits = Limits()
    """What one client, one call or one backend may take up."""

    ground_truth: GroundTruthSettings = GroundTruthSettings()
    """What uploads of outcomes may take up."""

    http_limits: HttpLimits = HttpLimits()
    """What clients of the HTTP port may take up. Health is answered whatever else goes on."""

    @field_validator("grpc", "http", "endpoint")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value:
            split_address(value)
        return value


def split_address(address: str) -> tuple[str, int]:
    """Splits ``host:port``, with an IPv6 host in square brackets.

    Args:
        address: For example ``127.0.0.1:8500`` or ``[::1]:0``.

    Returns:
        The host without brackets and the port.

    Raises:
        ValueError: It is not of that form.
    """
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed):
        raise ValueError("an address is host:port, for example 127.0.0.1:8500 or [::1]:8500")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"the port {port!r} is not a number from 0 to 65535")
    return (host[1:-1] if bracketed else host), int(port)


def load(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Gathers the settings from flags, environment, file and defaults.

    Args:
        file: The file named by ``--config``; None means ``pointsman.toml`` here, when there is one.
        flags: What the command line says, by field name; None values are not said.

    Returns:
        The settings.

    Raises:
        SettingsError: The file cannot be read, or a value is not valid; the message says which.
    """
    said = {name: value for name, value in (flags or {}).items() if value is not None}
    path = _settings_file(file)

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            sources = (init_settings, env_settings)
            return (*sources, TomlConfigSettingsSource(settings_cls, path)) if path else sources

    try:
        read = FromFile(**said)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from error
    except _toml().TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return Settings.model_construct(**{name: getattr(read, name) for name in Settings.model_fields})


def _settings_file(file: Path | None) -> Path | None:
    """Answers the file to read: the one named, which must be readable, or the default one if it exists."""
    if file is None:
        return DEFAULT_FILE if DEFAULT_FILE.is_file() else None
    if not file.is_file() or not os.access(file, os.R_OK):
        raise SettingsError(f"--config {file}: no such file, or it cannot be read")
    return file


def _toml() -> ModuleType:
    import tomllib

    return tomllib


def _explain(problem: Any) -> str:
    """Writes one line: the setting, its value, what is wrong with it and where it can be set."""
    path = [str(part) for part in problem["loc"]]
    name = ".".join(path)
    if problem["type"] == "extra_forbidden":
        return f"{name}: there is no such setting; docs/reference/settings.md lists them"
    reason = str(problem["msg"]).removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    variable = ENVIRONMENT_PREFIX + "__".join(path).upper()
    # A webhook may be named like a plain setting.
    is_secret = path[0] == "alerts" and (
        isinstance(problem["input"], Mapping) or "webhooks" in path or _PLAIN_OF_ALERTS.isdisjoint(path)
    )
    value = "" if is_secret else f"{problem['input']!r}: "
    return f"{name}: {value}{reason}; set it by flag, {variable} or in pointsman.toml"


__all__ = [
    "AlertSettings",
    "HttpLimits",
    "JournalSettings",
    "LakeSettings",
    "Limits",
    "Settings",
    "SettingsError",
    "SlackSettings",
    "SmtpSettings",
    "UploadSettings",
    "WebhookSettings",
    "load",
    "split_address",
]
