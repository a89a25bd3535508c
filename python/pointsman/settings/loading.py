"""How settings are gathered from flags, environment, file and defaults, and what is said of wrong ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, TomlConfigSettingsSource

from pointsman.settings.alerts import PLAIN_OF_ALERTS
from pointsman.settings.server import ENVIRONMENT_PREFIX, Settings

if TYPE_CHECKING:
    from types import ModuleType

DEFAULT_FILE = Path("pointsman.toml")


class SettingsError(Exception):
    """A setting is not valid; the message names it, its value and the way out, one line for each."""


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
        isinstance(problem["input"], Mapping) or "webhooks" in path or PLAIN_OF_ALERTS.isdisjoint(path)
    )
    value = "" if is_secret else f"{problem['input']!r}: "
    return f"{name}: {value}{reason}; set it by flag, {variable} or in pointsman.toml"
