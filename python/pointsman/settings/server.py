"""All settings of a server."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pointsman.settings.alerts import AlertSettings
from pointsman.settings.limits import HttpLimits, Limits
from pointsman.settings.storage import GroundTruthSettings, JournalSettings, LakeSettings, UploadSettings

ENVIRONMENT_PREFIX = "POINTSMAN_"
MAX_THREADS = 256
"""The most threads that the data plane takes calls on."""


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
