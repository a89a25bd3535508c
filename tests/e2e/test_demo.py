import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FETCHING = {"src", "href", "srcset", "data", "action", "poster"}
"""Attributes by which a page names what a browser gets."""


class Links(HTMLParser):
    """Collects what a page would have a browser get; places in itself are none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = [value or "" for name, value in attrs if name.rpartition(":")[2] in FETCHING]
        self.found += [value for value in named if not value.startswith("#")]


def shown_report(said: str) -> str:
    """The page whose path the demo told, once it is sure that a browser needs nothing else for it."""
    path = re.search(r"that needs no network: (/\S+\.html)", said)
    assert path, said
    page = Path(path[1]).read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>"), page[:200]
    assert "default-src 'none'" in page
    links = Links()
    links.feed(page)
    assert links.found == []
    return page


@pytest.mark.parametrize(
    ("strategy", "moved"), [("weighted", "20.0%"), ("canary", "40.0%"), ("shadow", "50.0%")]
)
def test_the_demo_keeps_what_it_promises(strategy: str, moved: str, tmp_path: Path) -> None:
    options = ["--strategy", strategy, "--duration", "2", "--seed", "1", "--no-drift"]
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
        "--no-drift",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"regret \d+\.\d right answers, an even split's \d+\.\d", done.stdout), done.stdout
    assert "the server's counts are the same, and each reward was learnt from once" in done.stdout
    assert "Every call and every value of feedback is in the lake, once" in done.stdout


def test_rules_are_shown_to_decide(tmp_path: Path) -> None:
    options = ["--strategy", "rules", "--duration", "2", "--seed", "1", "--no-drift"]
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


def test_drift_is_shown_found_told_and_reported(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pointsman", "demo", "--strategy", "drift", "--seed", "1"]
    # The demo's server has no keys; one of the caller's is for another server.
    environment = os.environ | {"POINTSMAN_API_KEY": "pm_a_key_of_another_server"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    said = done.stdout
    assert (done.returncode, done.stderr) == (0, ""), said + done.stderr
    assert "As they are: ok; 0 of" in said
    assert "The result is ok; alerts so far: 0" in said
    assert "The result turned from ok to alert" in said
    assert re.findall(r"Feature drift: (.*) \(", said) == ["mean texture"], said
    assert re.search(r"Accuracy drop: 0\.\d+ below the baseline's \(alert\)", said), said
    assert "outcomes follow from scores otherwise than in the baseline" in said
    assert re.search(r"E-mails that came to a mail server of this demo, on port \d+: 2", said), said
    subjects = re.findall(r"Subject: (.*)", said)
    expected = {f"[pointsman] cancer: drift, {rule} (alert)" for rule in ("features", "accuracy")}
    assert set(subjects) == expected, said
    assert re.search(r"found: score of psi above 0\.25: mean texture \d", said), said
    page = shown_report(said)
    assert "mean texture" in page
    assert "accuracy_drop" in page
    assert re.search(r"env -u POINTSMAN_API_KEY \S+ .*drift report cancer --server 127\.0\.0\.1:\d+", said), (
        said
    )


def test_drift_follows_the_strategy_unless_it_is_left_out(tmp_path: Path) -> None:
    options = ["--strategy", "weighted", "--duration", "2", "--seed", "1"]
    command = [sys.executable, "-m", "pointsman", "demo", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    order = [
        "recounted by the client: the server's counts are the same",
        "The result turned from ok to alert",
        "Subject: [pointsman] cancer: drift",
        "that needs no network: ",
        "Three lines to copy, tried just now",
        "Every call and every value of feedback is in the lake, once",
    ]
    places = [done.stdout.find(words) for words in order]
    assert -1 not in places, done.stdout
    assert places == sorted(places), done.stdout
