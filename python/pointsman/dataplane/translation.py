"""The extension's errors as those of :mod:`pointsman.errors`, which other layers know."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pointsman import _core, errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_TWINS: dict[type[_core.CoreError], type[errors.PointsmanError]] = {
    _core.InvalidSnapshotError: errors.InvalidSnapshotError,
    _core.StaleSnapshotError: errors.StaleSnapshotError,
    _core.BackendError: errors.BackendError,
    _core.InvalidRequestError: errors.InvalidRequestError,
    _core.JournalError: errors.JournalError,
    _core.PositionGoneError: errors.PositionGoneError,
}


@contextmanager
def translated() -> Iterator[None]:
    """Turns the extension's errors into their twins; one without a twin becomes a ``DataPlaneError``."""
    try:
        yield
    except _core.ModelVersionError as error:
        violations = [errors.FieldViolation(*fault) for fault in error.args[0]]
        raise errors.InvalidArgumentError.of(violations) from error
    except _core.CoreError as error:
        twin = _TWINS.get(type(error), errors.DataPlaneError)
        raise twin(str(error)) from error
