"""What lasts long begins first, and every name of the order is one of the suite."""

from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest_order import APART, KNOWN_AHEAD, LONGEST_FIRST, TOGETHER, LongestFirst, rank

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", [*LONGEST_FIRST, *TOGETHER, *APART])
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
        self.most_waiting = 0

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.waiting += numbers
        self.most_waiting = max(self.most_waiting, len(self.waiting))

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


def test_the_tests_of_a_file_of_long_ones_are_shared_out() -> None:
    (file,) = APART
    long = [f"{file}::test_it[{number}]" for number in range(4)]
    first, second = run([*long, *(f"tests/unit/test_{name}.py::test_one" for name in "abcd")])
    assert sum(name in long for name in first.done) == sum(name in long for name in second.done) == 2


def test_a_process_is_given_no_test_long_before_it_has_time_for_it() -> None:
    tests = [f"tests/unit/test_{name}.py::test_one" for name in "abcdefgh"]
    for process in run(tests):
        assert process.most_waiting <= KNOWN_AHEAD
