import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("strategy", "moved"), [("weighted", "20.0%"), ("canary", "40.0%"), ("shadow", "50.0%")]
)
def test_the_demo_keeps_what_it_promises(strategy: str, moved: str, tmp_path: Path) -> None:
    options = ["--strategy", strategy, "--duration", "2", "--seed", "1"]
    command = [sys.executable, "-m", "pointsman", "demo", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = rf"{re.escape(moved)} of the slots moved.* asked again for \d+ patients: \d+ have moved"
    assert re.search(told, done.stdout), done.stdout
    assert "recounted by the client: the server's counts are the same" in done.stdout
    assert "Every call and every value of feedback is in the lake, once" in done.stdout
    assert "Three lines to copy, tried just now" in done.stdout
    assert re.search(r"serve --grpc 127\.0\.0\.1:\d+ --http 127\.0\.0\.1:\d+ --data-dir ", done.stdout)


def test_a_bandit_is_shown_to_learn(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pointsman",
        "demo",
        "--strategy",
        "bandit",
        "--duration",
        "6",
        "--seed",
        "1",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"regret \d+\.\d right answers, an even split's \d+\.\d", done.stdout), done.stdout
    assert "the server's counts are the same, and each reward was learnt from once" in done.stdout
    assert "Every call and every value of feedback is in the lake, once" in done.stdout


def test_rules_are_shown_to_decide(tmp_path: Path) -> None:
    options = ["--strategy", "rules", "--duration", "2", "--seed", "1"]
    command = [sys.executable, "-m", "pointsman", "demo", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = r"asked again for \d+ patients: (\d+) have moved, those between the two"
    moved = re.search(told, done.stdout)
    assert moved, done.stdout
    assert int(moved[1]) > 0
    assert re.search(r"Why patient-\d+ goes to lr, by ExplainRouting: .*mean radius", done.stdout), (
        done.stdout
    )
    assert "each by the model that the rules name for its tumour" in done.stdout
    assert "Every call and every value of feedback is in the lake, once" in done.stdout
