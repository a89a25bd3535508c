"""Spares the garbage collector what all tests share: it would look through every module again and again."""

import gc
from collections.abc import Generator

import pytest

_OBJECTS = 20_000
"""Objects that come, less those that go, before the collector looks; 700 unless it is told."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Leaves what is there when tests begin to itself: modules, and the tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Has everything go in order at the end: some libraries complain of what is left then."""
    gc.unfreeze()
