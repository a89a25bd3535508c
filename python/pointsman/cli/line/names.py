"""Asks the server for names: for completion by the shell, and for "did you mean" behind an error.

Both are help beside the matter: the server is given a second, and what goes wrong is not spoken of.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pointsman.cli.line.context import DEFAULT_SERVER, CommandContext, OutputFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import click

    from pointsman.client import Client

T = TypeVar("T")

DEADLINE_SECONDS = 1.0
MOST_NAMES = 1000
"""More are of no help to anybody."""


def routers(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the ids of the routers that the caller may read."""
    return _asked(context, lambda client: (router.router_id for router in client.routers.list()))


def models(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the ids of the models."""
    return _asked(context, lambda client: (version.model_id for version in client.models.list()))


def model_versions(context: click.Context) -> Sequence[tuple[str, str]]:
    """Answers the models with their versions."""
    return _asked(context, lambda client: ((one.model_id, one.version) for one in client.models.list()))


def versions(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the versions of the model that the line names."""
    model_id = str(context.params.get("model_id") or "")
    return _asked(context, lambda client: (one.version for one in client.models.list(model_id=model_id)))


def variants(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the variants of the router that the line names."""
    # Before an option has its value, click has read no argument yet.
    words = [word for word in context.args if not word.startswith("-")]
    router_id = str(context.params.get("router_id") or next(iter(words), ""))
    if not router_id:
        return []
    return _asked(context, lambda client: (one.name for one in client.routers.get(router_id).variants))


def features(context: click.Context, _: object = None, beginning: str = "") -> Sequence[str]:
    """Answers the features of the model version that the line names, each with the sign before its value."""
    if "=" in beginning:
        return []
    words = [word for word in context.args if not word.startswith("-") and "=" not in word]
    model_id = str(context.params.get("model_id") or next(iter(words), ""))
    version = str(context.params.get("version") or next(iter(words[1:]), ""))
    if not model_id or not version:
        return []

    def named(client: Client) -> Iterable[str]:
        signature = client.models.get(model_id, version).signature
        for tensor in signature.inputs if signature else ():
            yield from (f"{name}=" for name in tensor.features or [tensor.name])

    return _asked(context, named)


def weights(context: click.Context, _: object = None, beginning: str = "") -> Sequence[str]:
    """Answers the variants of the router that the line names, each with the sign before its weight."""
    return [] if "=" in beginning else [f"{name}=" for name in variants(context)]


def keys(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the ids of the keys that are not revoked."""
    return _asked(
        context, lambda client: (key.key_id for key in client.keys.list() if key.revoke_time is None)
    )


def users(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the ids of the users that are defined."""
    return _asked(context, lambda client: (user.user_id for user in client.users.list()))


def _asked(context: click.Context, names: Callable[[Client], Iterable[T]]) -> Sequence[T]:
    try:
        with _options(context).connect(DEADLINE_SECONDS) as client:
            return list(dict.fromkeys(islice(names(client), MOST_NAMES)))
    except Exception:  # noqa: BLE001 - the line that is typed, or the error that is told, matters more
        return []


def _options(context: click.Context) -> CommandContext:
    """Answers the global options; the shell asks before the root has made an object of them."""
    root = context.find_root()
    if isinstance(root.obj, CommandContext):
        return root.obj
    server = str(root.params.get("server") or DEFAULT_SERVER)
    return CommandContext(server, str(root.params.get("api_key") or ""), OutputFormat.TABLE)
