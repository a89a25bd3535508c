"""The command's root: global options anywhere on the line, and failures in a line instead of a traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from pointsman.cli.line import commandline
from pointsman.cli.line.context import DEBUG_VARIABLE

VALUE_OPTIONS = frozenset({"--server", "--api-key", "-o", "--output"})
FLAGS = frozenset({"--wide"})


class RootGroup(commandline.Group):
    """The group that all commands hang off."""

    def __init__(self, options: Callable[..., Any], **settings: Any) -> None:
        params, call = commandline.parameters_of(options)
        help_names = {"help_option_names": ["-h", "--help"]}
        super().__init__(
            name="pointsman",
            help=options.__doc__,
            params=params,
            callback=call,
            context_settings=help_names,
            **settings,
        )

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Reads a line, be it to run it or to complete it, with the global options brought to the front.

        Args:
            info_name: The program's name, as usage lines show it; None for none.
            args: The line without the program's name.
            parent: The context of the command around; None for a line of its own.
            **extra: Settings of the context, for click.

        Raises:
            click.UsageError: The line cannot be read.
        """
        return super().make_context(info_name, hoist(args), parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; what goes wrong is told in a line or two on standard error, with exit code 1."""
        try:
            return super().invoke(ctx)
        except (commandline.Exit, commandline.Abort, KeyboardInterrupt, BrokenPipeError):
            # Whoever read the output wants no more of it: the library ends the command without a word.
            raise
        except Exception as error:
            if isinstance(error, click.ClickException) or os.environ.get(DEBUG_VARIABLE):
                raise
            from pointsman.cli.line.failures import explain

            commandline.echo(
                explain(error, commandline.running(ctx), server=getattr(ctx.obj, "server", "")), err=True
            )
            raise commandline.Exit(1) from error


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
        elif (
            argument in FLAGS
            or argument.partition("=")[0] in VALUE_OPTIONS
            or (argument.startswith("-o") and argument[2:] in _FORMATS)
        ):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


_FORMATS = frozenset({"table", "json"})


def _next(waiting: Any) -> list[str]:
    value = next(waiting, None)
    return [] if value is None else [value]
