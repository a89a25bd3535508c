"""Runs a page of the documentation as its reader would: in one shell and one interpreter."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .pages import OUTPUT, Block, commands, missing_line
from .waiting import eventually

_SHELL = """
set -eu -o pipefail
while IFS= read -r block; do
    . "$block" </dev/null >"$block.out" 2>&1
    env -0 >"$block.env"
    pwd >"$block.folder"
    echo done
done
"""
_INTERPRETER = """
import contextlib, sys
names = {"__name__": "__main__"}
for path in map(str.strip, sys.stdin):
    with open(path) as program, open(path + ".out", "w") as out:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                exec(compile(program.read(), path, "exec"), names)
            except BaseException:
                import traceback
                traceback.print_exc()
                break
    print("done", flush=True)
"""
START_SECONDS = 90.0
"""How long what a block leaves running may take until it has written what the page shows."""


class _Session:
    """A process that runs one file after the other and keeps what they set."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )

    def run(self, path: Path) -> bool:
        """Runs a file; answers whether it came to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline() == "done\n"

    def close(self) -> None:
        """Ends it with everything that it left running."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.communicate(timeout=30)


class PageRun:
    """A reader who works through one page.

    Args:
        folder: Where the reader works; files of this class lie in a folder beside it.
        environment: The variables of the reader's shell.
        replaced: What differs from machine to machine: a text of the page, and what stands for it here. Each
            has to occur, so that a page that was changed is noticed.
        alike: Words of which one may be shown where another is written, as the variants of a draw.
        python: The interpreter of the page's Python, relative to the reader's folder.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        replaced: Mapping[str, str] | None = None,
        alike: tuple[str, ...] = (),
        python: str = sys.executable,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._own = folder.with_name(folder.name + "-blocks")
        self._own.mkdir()
        self._environment = dict(environment)
        self._folder = folder
        self._replaced = dict(replaced or {})
        self._unused = set(self._replaced)
        self._alike = alike
        self._python = python
        self._shell = _Session(["bash", "-c", _SHELL], folder, environment)
        self._interpreter: _Session | None = None
        self._count = 0
        self._output = Path()
        self._is_left_running = False

    def run(self, blocks: list[Block]) -> None:
        """Runs and compares all blocks of a page."""
        for block in blocks:
            if not block.is_excepted:
                self._run(block)
        assert not self._unused, f"the page does not say {sorted(self._unused)} any more"

    def close(self) -> None:
        """Ends what runs still."""
        if self._interpreter is not None:
            self._interpreter.close()
        self._shell.close()

    def _run(self, block: Block) -> None:
        text = self._here(block.text)
        if block.file:
            path = self._folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif block.language == "sh":
            self._command(block, text)
        elif block.language == "console":
            for command, shown in commands(block):
                self._command(block, self._here(command))
                self._compare(block, shown)
        elif block.language == "python":
            self._execute(block, text)
        elif block.language == OUTPUT:
            self._compare(block, block.text)
        else:
            raise AssertionError(f"{block.where}: nothing runs {block.language} here")

    def _command(self, block: Block, text: str) -> None:
        if block.may_fail:
            text = f"if eval {_quoted(text)}; then echo 'this was to fail'; exit 1; fi"
        path = self._path(text)
        has_ended = self._shell.run(path)
        assert has_ended, f"{block.where} failed:\n{text}\n{self._output.read_text()}"
        self._folder = Path(Path(f"{path}.folder").read_text().strip())
        variables = Path(f"{path}.env").read_text().split("\0")
        self._environment = dict(line.split("=", 1) for line in variables if "=" in line)
        self._is_left_running = any(line.endswith(" &") for line in text.splitlines())

    def _execute(self, block: Block, text: str) -> None:
        if self._interpreter is None:
            own = self._python != sys.executable
            kept = {
                name: value
                for name, value in self._environment.items()
                if not (own and name.startswith(("PYTHON", "VIRTUAL_ENV")))
            }
            command = [str(self._folder / self._python), "-W", "error", "-c", _INTERPRETER]
            self._interpreter = _Session(command, self._folder, kept)
        has_ended = self._interpreter.run(self._path(text))
        assert has_ended, f"{block.where} failed:\n{text}\n{self._output.read_text()}"
        self._is_left_running = False

    def _compare(self, block: Block, shown: str) -> None:
        def missing() -> str | None:
            return missing_line(shown, self._output.read_text(), self._alike)

        if self._is_left_running:
            eventually(lambda: missing() is None, START_SECONDS, f"{block.where}: {missing()}")
        line = missing()
        assert line is None, f"{block.where} shows what is not written: {line}\n{self._output.read_text()}"

    def _path(self, text: str) -> Path:
        self._count += 1
        path = self._own / str(self._count)
        path.write_text(text + "\n")
        self._output = Path(f"{path}.out")
        return path

    def _here(self, text: str) -> str:
        for shown, other in self._replaced.items():
            if shown in text:
                self._unused.discard(shown)
                text = text.replace(shown, other)
        return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
