"""Examples in docstrings and in the README are run."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import pointsman_drift

MODULES = [
    "pointsman_drift",
    *(one.name for one in pkgutil.walk_packages(pointsman_drift.__path__, "pointsman_drift.")),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_run(name: str) -> None:
    assert not doctest.testmod(importlib.import_module(name)).failed


def test_examples_of_the_readme_run() -> None:
    readme = Path(__file__).resolve().parents[1] / "README.md"
    found = doctest.testfile(str(readme), module_relative=False)
    assert found.attempted > 3
    assert not found.failed
