"""Where ``CI=true`` is set, a skipped test fails the run: what it lacks is to be there."""

import os

import pytest

ALLOWED = ("no Spark here; make spark has it",)
"""Reasons of skips that stay allowed: what large things of other projects show in runs of their own."""


def refused_skips(config: pytest.Config) -> list[str]:
    """Answers a line for each test that was skipped for want of something; none in a worker of xdist."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None:
        return []
    return [
        f"{report.nodeid}: {reason}"
        for report in reporter.stats.get("skipped", [])
        if not hasattr(report, "wasxfail")
        and (reason := str(report.longrepr[2]).removeprefix("Skipped: ")) not in ALLOWED
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and refused_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in refused_skips(config):
        terminalreporter.write_line(f"CI=true refuses a skipped test: {line}", red=True)
