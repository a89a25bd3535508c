"""Packages that only some algorithms need, imported when one of those runs."""

import importlib
import importlib.util
from typing import Any

from pointsman_drift.errors import MissingPackageError


def load(module: str, extra: str) -> Any:
    """Imports a module of an optional package.

    Args:
        module: As Python imports it.
        extra: Of this distribution, which brings the package.

    Raises:
        MissingPackageError: It is not installed, or cannot be imported.

    >>> load("math", "multivariate").sqrt(4.0)
    2.0
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{module} cannot be imported ({error}): pip install 'pointsman-drift[{extra}]'"
        ) from error


def find_lacking(module: str, extra: str) -> str:
    """Says what to install where a module of an optional package is not there; empty where it is.

    It is looked for and not imported, which may take seconds.

    Args:
        module: As Python imports it, its top one.
        extra: Of this distribution, which brings the package.

    >>> find_lacking("math", "multivariate"), find_lacking("no_such_module", "streaming")
    ('', "no_such_module is not installed: pip install 'pointsman-drift[streaming]'")
    """
    try:
        is_there = importlib.util.find_spec(module) is not None
    except ValueError:
        # Of a module that is there and says nothing of itself.
        is_there = True
    return "" if is_there else f"{module} is not installed: pip install 'pointsman-drift[{extra}]'"
