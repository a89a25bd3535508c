"""Says in a line or two what went wrong and what to do."""

from __future__ import annotations

from pointsman.cli.context import DEBUG_VARIABLE, CommandError


def explain(error: Exception, *, server: str) -> str:
    """Writes an error for people.

    Args:
        error: What was raised.
        server: The server that was called.

    Returns:
        One or two lines: what, then the way out where the first does not say it.
    """
    if isinstance(error, CommandError):
        return f"error: {error}"
    from pointsman import client

    if isinstance(error, client.UnavailableError) and _is_unreachable(error):
        return (
            f"error: no pointsman server answers at {server}\n"
            "Start one with 'pointsman serve', or name another with --server or POINTSMAN_SERVER."
        )
    if isinstance(error, client.UnauthenticatedError):
        return f"error: {error}\nBring a key with --api-key or POINTSMAN_API_KEY."
    if isinstance(error, client.AbortedError):
        return f"error: {error}\nRead it again and repeat the change."
    if isinstance(error, client.DeadlineExceededError):
        return f"error: {server} did not answer in time: {error}"
    if isinstance(error, client.InvalidArgumentError) and error.violations:
        return "\n".join(_violations(error))
    if isinstance(error, client.ClientError):
        return f"error: {error}"
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


def _violations(error: object) -> list[str]:
    from pointsman.client import InvalidArgumentError

    if not isinstance(error, InvalidArgumentError):
        return []
    lines = []
    for violation in error.violations:
        told = violation.description
        if violation.field and not told.startswith(violation.field):
            told = f"{violation.field}: {told}"
        lines.append(f"error: {told}")
    return lines
