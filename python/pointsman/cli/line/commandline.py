"""Declares commands by annotated functions: what a signature says is what the line takes.

::

    @app.command()
    def get(context: Context, router_id: Annotated[str, Argument(metavar="ROUTER")]) -> None:
        \"\"\"Show a router.\"\"\"

A module is imported and a signature is read when its command is called or its help is shown, never before:
what a command costs before it does anything is the first thing that its user notices.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import click
from click import Abort, BadParameter, Context, confirm, echo
from click.exceptions import Exit

__all__ = [
    "Abort",
    "Argument",
    "BadParameter",
    "Context",
    "Declared",
    "Exit",
    "Group",
    "Option",
    "command_of",
    "confirm",
    "echo",
    "parameters_of",
    "running",
]

_RUNNING = "pointsman.cli.line.running"
Function = TypeVar("Function", bound=Callable[..., Any])
Completion = Callable[[Context, click.Parameter, str], Sequence[str]]


@dataclass(frozen=True)
class Declared:
    """What an annotation says of a parameter beside its type."""

    names: tuple[str, ...] = ()
    """Of an option, as they are typed; by the parameter's name when there are none."""
    is_argument: bool = False
    complete: Completion | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """``min`` and ``max`` of a number; the others are for click as they are."""


def Option(*names: str, complete: Completion | None = None, **settings: Any) -> Declared:
    """Declares an option.

    Args:
        names: As they are typed, ``--on/--off`` for a pair; by the parameter's name when there are none.
        complete: Answers what may stand there, given its beginning.
        settings: ``min`` and ``max`` of a number, and ``help``, ``metavar``, ``envvar`` and others of
            ``click.Option``.
    """
    return Declared(names, complete=complete, settings=settings)


def Argument(*, complete: Completion | None = None, **settings: Any) -> Declared:
    """Declares an argument.

    Args:
        complete: Answers what may stand there, given its beginning.
        settings: ``min`` and ``max`` of a number, and ``help``, ``metavar`` and others of ``click.Argument``.
    """
    return Declared(is_argument=True, complete=complete, settings=settings)


class Group(click.Group):
    """Commands under a name, in the order in which they are declared."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"no_args_is_help": True, **settings})
        self._makers: dict[str, Callable[[], click.Command]] = {}
        self._included: list[str] = []

    def command(  # type: ignore[override]
        self, name: str | None = None, **settings: Any
    ) -> Callable[[Function], Function]:
        """Declares the decorated function as a command; the function stays as it is.

        Args:
            name: The command's name; that of the function when there is none.
            settings: For ``click.Command``.
        """

        def declare(function: Function) -> Function:
            known_as = name or function.__name__.replace("_", "-")
            self._makers[known_as] = lambda: command_of(function, known_as, **settings)
            return function

        return declare

    def add(self, name: str, place: str) -> None:
        """Declares a command or a group that lies in a module of its own.

        Args:
            name: As it is typed.
            place: ``module:attribute`` of a function or a group.
        """
        self._makers[name] = lambda: _load(place, name)

    def include(self, place: str) -> None:
        """Adds the commands of another group to this one.

        Args:
            place: ``module:attribute`` of the group.
        """
        self._included.append(place)

    def list_commands(self, ctx: Context) -> list[str]:
        """Answers the names in their order."""
        names = list(self._makers)
        for group in self._groups():
            names += group.list_commands(ctx)
        return names

    def get_command(self, ctx: Context, cmd_name: str) -> click.Command | None:
        """Makes the command of a name, once; None when there is none."""
        if cmd_name not in self.commands:
            if cmd_name in self._makers:
                self.commands[cmd_name] = self._makers[cmd_name]()
            else:
                for group in self._groups():
                    found = group.get_command(ctx, cmd_name)
                    if found is not None:
                        self.commands[cmd_name] = found
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command of a line; of a word that is none, the likely ones are told."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(
                error.command_name, possibilities=self.list_commands(ctx), ctx=ctx
            ) from None

    def _groups(self) -> list[Group]:
        return [cast("Group", _attribute(place)) for place in self._included]


def command_of(function: Callable[..., Any], name: str, **settings: Any) -> click.Command:
    """Makes a command of a function.

    Args:
        function: Its docstring is the help.
        name: As it is typed.
        settings: For ``click.Command``.
    """
    params, call = parameters_of(function)
    return click.Command(name, callback=call, params=params, help=inspect.getdoc(function), **settings)


def parameters_of(
    function: Callable[..., Any],
) -> tuple[list[click.Parameter], Callable[..., Any]]:
    """Reads a signature.

    Args:
        function: Each parameter is annotated with a type, or with a type and ``Option`` or ``Argument``; one
            of the type ``Context`` gets the running command's, and one of a dataclass gets an object of
            what the line says to its fields, which are declared alike. What several commands take is such
            a class.

    Returns:
        The parameters for click, and what it shall call.
    """
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function).parameters
    contexts = [name for name in signature if hints[name] is Context]
    classes = {name: hints[name] for name in signature if dataclasses.is_dataclass(hints[name])}
    # Names, hints and defaults as if the fields of a class stood in its place.
    defaults: dict[str, Any] = {}
    for name, parameter in signature.items():
        if name in classes:
            hints |= get_type_hints(classes[name], include_extras=True)
            defaults |= {field.name: field.default for field in dataclasses.fields(classes[name])}
        elif name not in contexts:
            defaults[name] = parameter.default
    params = [_parameter(name, hints[name], default) for name, default in defaults.items()]

    def call(**values: Any) -> Any:
        context = click.get_current_context()
        context.meta[_RUNNING] = context
        given = {name: _given(value, defaults[name]) for name, value in values.items()}
        for name, kind in classes.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in dataclasses.fields(kind)})
        return function(**given, **dict.fromkeys(contexts, context))

    return params, call


def running(context: Context) -> Context:
    """Answers the context of the command that was called last below a context; itself if none was."""
    found = context.meta.get(_RUNNING)
    return found if isinstance(found, Context) else context


class _EnumChoice(click.Choice[enum.Enum]):
    """One of the values of an enumeration."""

    def normalize_choice(self, choice: object, ctx: Context | None) -> str:
        return str(choice.value) if isinstance(choice, enum.Enum) else str(choice)


def _parameter(name: str, hint: Any, default: Any) -> click.Parameter:
    declared = Declared()
    for extra in getattr(hint, "__metadata__", ()):
        declared = extra if isinstance(extra, Declared) else declared
    kind = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    kind = _without_none(kind)
    is_list = get_origin(kind) is list
    if is_list:
        kind = get_args(kind)[0]
    settings = dict(declared.settings)
    type_ = _type(kind, settings.pop("min", None), settings.pop("max", None))
    if declared.complete is not None:
        settings["shell_complete"] = _completing(declared.complete)
    is_required = default is inspect.Parameter.empty
    if is_required:
        settings["required"] = True
    elif not is_list:
        settings["default"] = default.value if isinstance(default, enum.Enum) else default
    if declared.is_argument:
        if is_list:
            settings["nargs"] = -1
        return click.Argument([name], type=type_, **settings)
    names = declared.names or (f"--{name.replace('_', '-')}",)
    if kind is bool:
        settings["is_flag"] = True
    else:
        settings["type"] = type_
    return click.Option(
        [name, *names],
        multiple=is_list,
        show_envvar=True,
        **{"show_default": not is_required and default not in (None, ""), **settings},
    )


def _type(kind: Any, least: Any, greatest: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _EnumChoice(kind)
    if kind is Path:
        return click.Path(path_type=Path)
    if least is None and greatest is None:
        return kind
    return (click.IntRange if kind is int else click.FloatRange)(least, greatest)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not type(None))
    return kind


def _given(value: Any, default: Any) -> Any:
    """Answers what a function gets: lists as lists, and its own default where nothing stands."""
    if not isinstance(value, tuple):
        return value
    return default if not value and default is not inspect.Parameter.empty else list(value)


def _completing(complete: Completion) -> Callable[[Context, click.Parameter, str], list[str]]:
    def answer(context: Context, parameter: click.Parameter, beginning: str) -> list[str]:
        return [word for word in complete(context, parameter, beginning) if word.startswith(beginning)]

    return answer


def _load(place: str, name: str) -> click.Command:
    found = _attribute(place)
    if not isinstance(found, click.Command):
        return command_of(found, name)
    found.name = name
    return found


def _attribute(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)
