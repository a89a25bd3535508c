"""Leaves out what libraries import at their start and simple calls of the command never use.

grpc imports its asynchronous half with every program, and protobuf the half that stands in where its compiled
one is missing. Together they take longer than the rest of the command. A module named here is found as usual,
and runs when one of its names is first used.
"""

from __future__ import annotations

import contextlib
import sys
from importlib.machinery import PathFinder
from importlib.util import LazyLoader
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

MODULES = frozenset({"asyncio", "google.protobuf.internal.python_message", "grpc.aio"})


class LateFinder:
    """Finds the modules that shall run late."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answers how a module is loaded; None leaves it to the finders that come after.

        Args:
            name: The module's full name, with dots.
            path: Where to look, the ``__path__`` of its package; None means ``sys.path``.
            target: The module that is loaded anew; None for a first time.
        """
        if name not in MODULES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def start() -> None:
    """Imports the modules late from here on; for programs of one thread."""
    if LateFinder not in sys.meta_path:
        sys.meta_path.insert(0, LateFinder)


def stop() -> None:
    """Imports everything at once from here on."""
    if LateFinder in sys.meta_path:
        sys.meta_path.remove(LateFinder)


@contextlib.contextmanager
def without(package: str) -> Iterator[None]:
    """Has what is imported within do without a package that it can do without; for programs of one thread.

    Args:
        package: The package's full name; one that was imported before stays.
    """
    if package in sys.modules:
        yield
        return
    # What stands for "there is no such module" in Python.
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
