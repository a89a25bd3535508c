"""What lasts long begins first, and every name of the order is one of the suite."""

from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest_order import LONGEST_FIRST, TOGETHER, LongestFirst, rank

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", [*LONGEST_FIRST, *TOGETHER])
def test_what_the_order_names_is_there(name: str) -> None:
    assert (ROOT / name).exists()


def test_a_loop_of_kills_begins_before_short_tests() -> None:
    files = [
        "tests/unit/suite/test_order.py",
        "tests/contract/test_models.py",
        "tests/e2e/faults/test_limits.py",
        "tests/e2e/durability/test_oracle.py",
        "tests/e2e/durability/test_kill_loop.py",
    ]
    assert sorted(files, key=rank) == files[::-1]


class Process:
    """One of xdist's processes, as far as the order goes."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.waiting: deque[int] = deque()
        self.done: list[str] = []

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.waiting += numbers

    def shutdown(self) -> None:
        self.shutting_down = True


def run(tests: list[str]) -> tuple[Process, Process]:
    """Shares tests between two processes, of which the one that has done less goes on."""
    config: Any = SimpleNamespace(
        option=SimpleNamespace(loadscopereorder=True), getvalue=lambda _: ["popen"] * 2
    )
    scheduler: Any = LongestFirst(config)
    processes = (Process("a"), Process("b"))
    for process in processes:
        scheduler.add_node(process)
        scheduler.add_node_collection(process, tests)
    scheduler.schedule()
    while busy := [process for process in processes if process.waiting]:
        process = min(busy, key=lambda one: len(one.done))
        number = process.waiting.popleft()
        process.done.append(tests[number])
        scheduler.mark_test_complete(process, number)
    return processes


def test_every_test_runs_once_and_a_folder_that_stays_together_in_one_process() -> None:
    peers = [f"tests/integration/peers/test_{name}.py::test_{number}" for name in "ab" for number in range(3)]
    short = [f"tests/unit/test_{name}.py::test_{number}" for name in "abcdef" for number in range(4)]
    kills = "tests/e2e/durability/test_kill_loop.py::test_kills"
    tests = [*peers, *short, kills]
    first, second = run(tests)
    assert sorted(first.done + second.done) == sorted(tests)
    assert kills in (first.done[0], second.done[0])
    assert set(peers) <= set(first.done) or set(peers) <= set(second.done)
