from importlib.util import find_spec
from typing import Any

import pytest
from click.testing import CliRunner

from pointsman.cli import app


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How the demo was run, which it is not really."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr("pointsman.demo.run_demo", lambda **options: found.append(options))
    return found


@pytest.fixture
def _without_catcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pointsman.cli.demo.find_spec", lambda name: None if name == "aiosmtpd" else find_spec(name)
    )


@pytest.mark.usefixtures("_without_catcher")
def test_drift_without_the_mail_catchers_package_says_what_to_do(runs: list[dict[str, Any]]) -> None:
    result = CliRunner().invoke(app, ["demo"])
    assert (result.exit_code, runs) == (1, [])
    assert result.stderr.splitlines() == [
        "error: the demo needs aiosmtpd; install it with: pip install 'pointsman[demo]', or leave drift out "
        "with --no-drift"
    ]


@pytest.mark.usefixtures("_without_catcher")
def test_a_demo_without_drift_needs_no_mail_catcher(runs: list[dict[str, Any]]) -> None:
    result = CliRunner().invoke(app, ["demo", "--no-drift"])
    assert result.exit_code == 0, result.output
    assert [(run["strategy"], run["with_drift"]) for run in runs] == [("bandit", False)]


def test_drift_is_shown_unless_it_is_left_out(runs: list[dict[str, Any]]) -> None:
    for options in ([], ["--strategy", "drift"]):
        assert CliRunner().invoke(app, ["demo", *options]).exit_code == 0
    assert [(run["strategy"], run["with_drift"]) for run in runs] == [("bandit", True), ("drift", True)]


def test_a_demo_of_nothing_is_refused(runs: list[dict[str, Any]]) -> None:
    result = CliRunner().invoke(app, ["demo", "--strategy", "drift", "--no-drift"])
    assert (result.exit_code, runs) == (1, [])
    assert "--no-drift: leaves nothing of --strategy drift; give one of the two" in result.stderr
