"""Tests that run alone are found by `make test`, which looks for their mark and collects no other files."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MARK = "pytest.mark." + "alone"
OTHER_WAYS = re.compile(r"mark\.alone\b|import mark\b|[\"']alone[\"']")


def sources() -> dict[str, str]:
    """What is written in each file of tests."""
    files = [path for folder in ("tests", "drift/tests") for path in (ROOT / folder).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in files if path != Path(__file__)}


def test_the_mark_is_given_in_files_of_tests_by_its_full_name() -> None:
    found = {
        name
        for name, text in sources().items()
        for line in text.splitlines()
        if OTHER_WAYS.search(line) and not (MARK in line and Path(name).name.startswith("test_"))
    }
    # Words that mean something else.
    assert found == {"tests/conftest_memory.py", "tests/unit/suite/test_skips.py"}


def test_make_test_runs_the_files_of_all_that_are_marked() -> None:
    marked = sorted(name for name, text in sources().items() if MARK in text)
    assert len(marked) > 1
    # Of this Makefile alone, whatever the one was told that runs these tests.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    said = subprocess.run(
        ["make", "--eval", "say-alone: ; @echo $(ALONE)", "say-alone"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == marked
    assert "pytest -m alone --durations 25 --durations-min 2 $(ALONE)" in (ROOT / "Makefile").read_text()
