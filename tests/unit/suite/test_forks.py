"""Programs that are forked are told, run and end as those that are started."""

import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from stage.forks import Fork, Forks
from stage.waiting import eventually

PROGRAM = """
import os, sys, collections
with open(sys.argv[1], "w") as file:
    told = [os.getpid(), os.getcwd(), os.environ["TOLD"], "HOME" in os.environ, __name__, sys.stdin.read()]
    print(*told, file=file)
print("said")
print("complained", file=sys.stderr)
sys.exit(int(sys.argv[2]))
"""
WAITING = "import signal; print('here', flush=True); signal.pause()"


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    forks = Forks(["collections"])
    yield forks
    forks.close()


@pytest.fixture
def start(forks: Forks, tmp_path: Path) -> Callable[..., Fork]:
    """Writes a program into the folder that it runs in, and starts it."""

    def start(program: str, *arguments: str) -> Fork:
        (tmp_path / "written.py").write_text(program)
        (tmp_path / "in").write_text("asked")
        with (tmp_path / "in").open() as asked, (tmp_path / "out").open("w") as said:
            descriptors = [asked.fileno(), said.fileno(), said.fileno()]
            variables = {"TOLD": "this"}
            return forks.start(
                "written", arguments, folder=tmp_path, environment=variables, descriptors=descriptors
            )

    return start


@pytest.mark.parametrize("code", [0, 3])
def test_a_program_has_its_arguments_folder_variables_and_streams(
    start: Callable[..., Fork], tmp_path: Path, code: int
) -> None:
    program = start(PROGRAM, "result", str(code))
    assert program.wait(30) == program.poll() == code
    expected = f"{program.pid} {tmp_path} this False __main__ asked\n"
    assert (tmp_path / "result").read_text() == expected
    assert sorted((tmp_path / "out").read_text().split()) == ["complained", "said"]


def test_one_that_runs_is_waited_for_and_ended(start: Callable[..., Fork]) -> None:
    program = start(WAITING)
    assert program.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.01)
    program.kill()
    assert program.wait(30) == -signal.SIGKILL
    program.kill()
    assert program.returncode == -signal.SIGKILL


def test_programs_run_beside_each_other_and_none_holds_another_s_sockets(start: Callable[..., Fork]) -> None:
    programs = [start(WAITING), start(WAITING)]
    for program in programs:
        eventually(partial(holds_no_socket, program.pid), 10, "the end of what it was forked with")
    first, second = programs
    first.kill()
    assert first.wait(30) == -signal.SIGKILL
    assert second.poll() is None
    second.kill()
    second.wait(30)


def test_programs_end_with_the_process_that_forks_them(tmp_path: Path) -> None:
    forks = Forks(["collections"])
    (tmp_path / "written.py").write_text(WAITING)
    with (tmp_path / "out").open("w") as said:
        program = forks.start("written", [], folder=tmp_path, environment={}, descriptors=[said.fileno()] * 3)
    handle = os.pidfd_open(program.pid)
    forks.close()
    watch = select.poll()
    watch.register(handle, select.POLLIN)
    assert watch.poll(30_000), "the program goes on"
    os.close(handle)
    program.channel.close()


def holds_no_socket(pid: int) -> bool:
    """Whether a process holds none: all that it has at its start are those of the one that forked it."""
    return not any(str(path.readlink()).startswith("socket:") for path in Path(f"/proc/{pid}/fd").iterdir())
