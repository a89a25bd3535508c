"""Completion of the command line by the shell: its script, and where shells look for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError

if TYPE_CHECKING:
    import click

VARIABLE = "_POINTSMAN_COMPLETE"
"""Set by the shell's script when it asks for completions."""


def show(asked: bool) -> None:
    """Writes the script of the user's shell and ends; nothing when it was not asked for."""
    if asked:
        commandline.echo(_script(_shell()))
        raise commandline.Exit


def install(asked: bool) -> None:
    """Puts the script where the user's shell finds it and ends; nothing when it was not asked for."""
    if not asked:
        return
    shell = _shell()
    home = Path.home()
    script, start_file, lines = {
        "bash": (
            home / ".bash_completions" / "pointsman.sh",
            home / ".bashrc",
            [f"source '{home / '.bash_completions' / 'pointsman.sh'}'"],
        ),
        "zsh": (
            home / ".zfunc" / "_pointsman",
            home / ".zshrc",
            ["fpath+=~/.zfunc; autoload -Uz compinit; compinit"],
        ),
        "fish": (home / ".config" / "fish" / "completions" / "pointsman.fish", None, []),
    }[shell]
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(_script(shell))
    if start_file is not None:
        now = start_file.read_text() if start_file.exists() else ""
        missing = [line for line in lines if line not in now.splitlines()]
        if missing:
            separator = "" if not now or now.endswith("\n") else "\n"
            start_file.write_text(now + separator + "\n".join(missing) + "\n")
    commandline.echo(f"{script} is written; the next {shell} completes pointsman")
    raise commandline.Exit


def _shell() -> str:
    shell = Path(os.environ.get("SHELL", "")).name
    if shell not in ("bash", "zsh", "fish"):
        raise commandline.BadParameter(
            f"SHELL names {shell or 'no shell'}; there is completion for bash, zsh and fish: set SHELL to one"
        )
    return shell


def _script(shell: str) -> str:
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise CommandError(f"{shell}: no completion is known for it")
    return found(_root(), {}, "pointsman", VARIABLE).source()


def _root() -> click.Command:
    from pointsman.cli.app import app

    return app
