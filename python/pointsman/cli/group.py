"""The command group: global options anywhere on the line, and failures in a line instead of a traceback."""

from __future__ import annotations

import os
from typing import Any

import typer
from typer.core import TyperGroup

from pointsman.cli.context import DEBUG_VARIABLE

VALUE_OPTIONS = frozenset({"--server", "--api-key", "-o", "--output"})


class CommandGroup(TyperGroup):
    """The root group of the command."""

    def main(self, args: Any = None, *rest: Any, **more: Any) -> Any:
        """Runs the command with the global options brought to the front."""
        import sys

        return super().main(hoist(list(sys.argv[1:] if args is None else args)), *rest, **more)

    def invoke(self, ctx: Any) -> Any:
        """Runs a command; what goes wrong is told in a line or two on standard error, with exit code 1."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError):
            # Whoever read the output wants no more of it: the library ends the command without a word.
            raise
        except Exception as error:
            if type(error).__module__.startswith("typer.") or os.environ.get(DEBUG_VARIABLE):
                raise
            from pointsman.cli.failures import explain

            typer.echo(explain(error, server=getattr(ctx.obj, "server", "")), err=True)
            raise typer.Exit(1) from error


def hoist(arguments: list[str]) -> list[str]:
    """Brings the global options to the front, where the group reads them; what follows ``--`` stays.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The same arguments in an order that means the same.
    """
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in VALUE_OPTIONS:
            front += [argument, *_next(waiting)]
        elif argument.partition("=")[0] in VALUE_OPTIONS or (
            argument.startswith("-o") and argument[2:] in _FORMATS
        ):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


_FORMATS = frozenset({"table", "json"})


def _next(waiting: Any) -> list[str]:
    value = next(waiting, None)
    return [] if value is None else [value]
