"""A test waits for what it wants to see: one that sleeps is slow, and fails where the machine is busy."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

SLEEPING = {
    "tests/e2e/durability/test_database_away.py": "the database is away for so long while clients call",
    "tests/e2e/durability/test_drift_kills.py": "the server is killed at a drawn time of an upload",
    "tests/e2e/durability/test_job_owners.py": "servers are killed at drawn ages",
    "tests/e2e/faults/test_memory_attacks.py": "attackers hold what they opened while others are timed",
    "tests/e2e/faults/test_unread_answers.py": "the pace of calls that are timed",
    "tests/e2e/lifecycle/test_reward_terms.py": "how long a slow model takes, which is what costs it calls",
    "tests/integration/rest/test_ground_truth_upload.py": "an upload lasts longer than a request may",
    "tests/stage/crash/steady.py": "the pace of a load",
    "tests/stage/crash/traffic.py": "the pace of a load",
    "tests/stage/honest_client.py": "clients are timed for so long before, in and after an attack",
    "tests/stage/waiting.py": "the pause between two looks, for all other tests",
}
"""What sleeps, for time that passes is what it is about, or sets a pace."""

_SLEEP = re.compile(r"\bsleep\(|\bimport\b.*\bsleep\b")
_CLOCK = re.compile(r"\b(eventually|until|seen)\(\s*(lambda[^:]*:)?\s*time\.\w+\(\)\s*[<>]")


def faults(source: str) -> list[int]:
    """The lines of a file that sleep, or wait for nothing but that time passes."""
    found = [*_SLEEP.finditer(source), *_CLOCK.finditer(source)]
    return sorted({source.count("\n", 0, one.start()) + 1 for one in found})


def sleeping() -> dict[str, list[int]]:
    """By file of tests, and of what they share, the lines that sleep."""
    files = [
        path
        for folder in ("tests", "drift/tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != Path(__file__)
    ]
    found = {path.relative_to(ROOT).as_posix(): faults(path.read_text()) for path in files}
    return {name: lines for name, lines in found.items() if lines}


def test_only_what_is_about_time_sleeps() -> None:
    found = [
        f"{name}:{line}: wait for what is to come by stage.waiting"
        for name, lines in sleeping().items()
        if name not in SLEEPING
        for line in lines
    ]
    assert not found, "\n" + "\n".join(found)


def test_no_file_is_listed_that_does_not_sleep() -> None:
    assert set(SLEEPING) <= set(sleeping())


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(0.5)",
        "    await asyncio.sleep(PAUSE)",
        "from time import monotonic, sleep",
        "PROGRAM = 'import time; time.sleep(9)'",
        "eventually(lambda: time.monotonic() > ends)",
        "await until(\n    lambda: time.time() >= ends, 5, 'time')",
    ],
)
def test_sleeping_in_any_form_is_found(line: str) -> None:
    assert faults(f"import time\n\n{line}\n") == [3]


@pytest.mark.parametrize(
    "line",
    ["eventually(lambda: backend.calls == 3)", "asleep(3)", "def sleeping():", "assert seen(time) > 3"],
)
def test_waiting_for_something_is_not(line: str) -> None:
    assert faults(line) == []
