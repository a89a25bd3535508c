"""Says in a line or two what went wrong and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.cli.line.context import DEBUG_VARIABLE, CommandError

if TYPE_CHECKING:
    import click

    from pointsman.client import InvalidArgumentError


def explain(error: Exception, context: click.Context, *, server: str) -> str:
    """Writes an error for people.

    Args:
        error: What was raised; its notes are further lines.
        context: Of the command that ran.
        server: The server that was called.

    Returns:
        One or two lines: what, then the way out where the first does not say it.
    """
    return "\n".join([_told(error, context, server), *getattr(error, "__notes__", ())])


def _told(error: Exception, context: click.Context, server: str) -> str:
    if isinstance(error, CommandError):
        return f"error: {error}"
    from pointsman import client
    from pointsman.cli.line.likely import likely_names
    from pointsman.cli.line.words import in_command_words

    if isinstance(error, client.UnavailableError) and _is_unreachable(error):
        return (
            f"error: no pointsman server answers at {server}\n"
            "Start one with 'pointsman serve', or name another with --server or POINTSMAN_SERVER."
        )
    told = in_command_words(str(error), context) if isinstance(error, client.ClientError) else ""
    if isinstance(error, client.UnauthenticatedError):
        return f"error: {told}\nBring a key with --api-key or POINTSMAN_API_KEY."
    if isinstance(error, client.AbortedError):
        return f"error: {told}\nRead it again and repeat the change."
    if isinstance(error, client.DeadlineExceededError):
        return f"error: {server} did not answer in time: {told}"
    if isinstance(error, client.InvalidArgumentError) and error.violations:
        return "\n".join(_violations(error, context))
    if isinstance(error, client.ClientError):
        lines = [f"error: {told}"]
        if isinstance(error, client.NotFoundError):
            lines += filter(None, [likely_names(error, context)])
        return "\n".join(lines)
    return (
        f"error: {type(error).__name__}: {error}\n"
        f"This is a mistake in pointsman; {DEBUG_VARIABLE}=1 shows where it happened."
    )


def _is_unreachable(error: Exception) -> bool:
    """Tells a connection that failed from a server that answered UNAVAILABLE about something behind it.

    The texts are those that grpc itself begins with; a server's sentence may well quote one further on.
    """
    text = str(error).lower()
    return text.startswith(("failed to connect", "dns resolution", "name resolution", "socket closed"))


def _violations(error: InvalidArgumentError, context: click.Context) -> list[str]:
    from pointsman.cli.line.words import in_command_words

    lines = []
    for violation in error.violations:
        told = violation.description
        if violation.field and not told.startswith(violation.field):
            told = f"{violation.field}: {told}"
        lines.append(f"error: {in_command_words(told, context)}")
    return lines
