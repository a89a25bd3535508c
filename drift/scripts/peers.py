"""Interpreters that have other libraries of drift, each in an environment of its own."""

import os
import subprocess
from pathlib import Path

NANNYML = "0.13.1"
EVIDENTLY = "0.7.23"


def nannyml_python(folder: Path) -> str:
    """Answers an interpreter that has NannyML; ``NANNYML_PYTHON`` may name one.

    Args:
        folder: Where an environment is made otherwise, by ``uv``, which needs a network.
    """
    # NannyML imports statsmodels without declaring it.
    return _python(folder / "nannyml", "NANNYML_PYTHON", [f"nannyml=={NANNYML}", "statsmodels"])


def evidently_python(folder: Path) -> str:
    """Answers an interpreter that has Evidently; ``EVIDENTLY_PYTHON`` may name one.

    Args:
        folder: Where an environment is made otherwise, by ``uv``, which needs a network.
    """
    # It cannot be imported beside pandas 3.
    packages = [f"evidently=={EVIDENTLY}", "pandas<3", "pyarrow"]
    return _python(folder / "evidently", "EVIDENTLY_PYTHON", packages)


def quiet_environment() -> dict[str, str]:
    """Answers variables for such an interpreter: nothing of ours is imported, and nobody told anything."""
    quiet = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "PYTHONPATH": ""}
    return {**os.environ, **quiet}


def _python(environment: Path, variable: str, packages: list[str]) -> str:
    named = os.environ.get(variable)
    if named:
        return named
    python = str(environment / "bin" / "python")
    subprocess.run(["uv", "venv", "--quiet", "--python", "3.11", environment], check=True)
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *packages], check=True)
    return python
