"""Packages that only some algorithms need, imported when one of those runs."""

import importlib
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
