"""What the global options say, for the commands to use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.cli.line import commandline
    from pointsman.client import Client


DEBUG_VARIABLE = "POINTSMAN_DEBUG"
"""When set in the environment, failures show their traceback."""
DEFAULT_SERVER = "127.0.0.1:8500"


class OutputFormat(StrEnum):
    """How answers are written."""

    TABLE = "table"
    JSON = "json"


class CommandError(Exception):
    """A command cannot do what it was asked; the message is the whole answer."""


@dataclass(frozen=True)
class CommandContext:
    """The global options."""

    server: str
    api_key: str
    output: OutputFormat
    wide: bool = False
    """Whether tables show everything, however wide that makes them."""

    @property
    def as_json(self) -> bool:
        """Whether answers are written as JSON."""
        return self.output is OutputFormat.JSON

    def connect(self, timeout_seconds: float = 10.0) -> Client:
        """Makes a client for the server that the options name.

        Raises:
            CommandError: They name none.
        """
        from pointsman.client import Client
        from pointsman.client._call import address_fault

        if fault := address_fault(self.server):
            raise CommandError(f"--server: {fault}")
        return Client(self.server, api_key=self.api_key or None, timeout_seconds=timeout_seconds)


def context_of(context: commandline.Context) -> CommandContext:
    """Answers the global options of a running command."""
    found = context.obj
    if not isinstance(found, CommandContext):
        raise CommandError("error: the command was started without its global options")
    return found
