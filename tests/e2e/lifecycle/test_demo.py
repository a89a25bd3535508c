"""The demo, as a stranger runs it."""

import subprocess
from pathlib import Path

import pytest

from stage.server import command, environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SAID = ("70/30", "50/50", "without a restart", "have moved", "the server's counts are the same", "to copy")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("demo", *arguments),
        cwd=folder,
        env=environment({}) | {"COLUMNS": "200", "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_demo_runs_to_its_end(tmp_path: Path) -> None:
    done = run(tmp_path, "--duration", "4", "--seed", "3")
    assert done.returncode == 0, done.stderr + done.stdout
    for said in (
        "70/30",
        "50/50",
        "without a restart",
        "have moved",
        "the server's counts are the same",
        "to copy",
    ):
        assert said in done.stdout, said
    assert "Traceback" not in done.stderr
