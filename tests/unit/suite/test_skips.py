"""A run in CI does not pass by leaving tests out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
SKIPPED = 'import pytest\n\ndef test_nothing(): pytest.skip("{reason}")\ndef test_something(): pass\n'


def run(folder: Path, reason: str, ci: str, *flags: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_one.py").write_text(SKIPPED.format(reason=reason))
    (folder / "pytest.ini").write_text("[pytest]\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "conftest_skips",
        "-p",
        "no:cacheprovider",
        *flags,
        str(folder),
    ]
    environment = kept | {"CI": ci, "PYTHONPATH": str(TESTS)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("flags", [(), ("--numprocesses", "1")], ids=["alone", "workers"])
def test_a_skipped_test_fails_a_run_in_ci_and_is_named(tmp_path: Path, flags: tuple[str, ...]) -> None:
    done = run(tmp_path, "no PostgreSQL here", "true", *flags)
    assert done.returncode == 1, done.stdout
    assert "CI=true refuses a skipped test: test_one.py::test_nothing: no PostgreSQL here" in done.stdout


@pytest.mark.parametrize(
    ("reason", "ci"), [("no PostgreSQL here", ""), ("no Spark here; make spark has it", "true")]
)
def test_other_skips_pass(tmp_path: Path, reason: str, ci: str) -> None:
    assert run(tmp_path, reason, ci).returncode == 0
