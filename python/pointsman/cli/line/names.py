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

    from pointsman.client import Client, Signature

T = TypeVar("T")

DEADLINE_SECONDS = 1.0
METADATA_PREFIX = "metadata."
"""What rules read of a call besides its features begins with it."""
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
    router_id = _router_of(context)
    if not router_id:
        return []
    return _asked(context, lambda client: (one.name for one in client.routers.get(router_id).variants))


def variants_of_line(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the variants that the line gives a router, and those that it has."""
    given = [str(item).partition("=")[0] for item in context.params.get("variant") or ()]
    return list(dict.fromkeys([*given, *variants(context)]))


def _router_of(context: click.Context) -> str:
    # Before an option has its value, click has read no argument yet.
    words = [word for word in context.args if not word.startswith("-")]
    return str(context.params.get("router_id") or next(iter(words), ""))


def features(context: click.Context, _: object = None, beginning: str = "") -> Sequence[str]:
    """Answers the features of the model version that the line names, each with the sign before its value."""
    if "=" in beginning:
        return []
    words = [word for word in context.args if not word.startswith("-") and "=" not in word]
    model_id = str(context.params.get("model_id") or next(iter(words), ""))
    version = str(context.params.get("version") or next(iter(words[1:]), ""))
    if not model_id or not version:
        return []

    return _assigned(_asked(context, lambda client: _inputs(client.models.get(model_id, version).signature)))


def called_features(context: click.Context, _: object = None, beginning: str = "") -> Sequence[str]:
    """Answers the features of the router, or model, that the line calls, each with the sign for its value."""
    router_id = _router_of(context)
    if "=" in beginning or not router_id:
        return []
    found = _asked(context, lambda client: _inputs_of_router(client, router_id))
    return _assigned(found or _asked(context, lambda client: _inputs_of_model(client, router_id)))


def router_features(context: click.Context, _: object = None, beginning: str = "") -> Sequence[str]:
    """Answers the features of the router that the line names, each with the sign before its value."""
    return [] if "=" in beginning else _assigned(features_of_router(context, _router_of(context)))


def features_of_router(context: click.Context, router_id: str) -> Sequence[str]:
    """Answers the features that a router's models take and its rules read; none if a model's are unknown."""
    return _asked(context, lambda client: _inputs_of_router(client, router_id)) if router_id else []


def _inputs_of_router(client: Client, router_id: str) -> Iterable[str]:
    router = client.routers.get(router_id)
    found: list[str] = []
    for variant in router.variants:
        inputs = _inputs(client.models.get(variant.model_id, variant.model_version).signature)
        if not inputs:
            return []
        found += inputs
    if rules := router.feature_rules:
        read = [condition.feature for rule in rules.rules for condition in rule.conditions]
        found += [*rules.rule_features, *(name for name in read if not name.startswith(METADATA_PREFIX))]
    return found


def _inputs_of_model(client: Client, model_id: str) -> Iterable[str]:
    from pointsman.client import Stage

    for one in client.models.list(model_id=model_id, stage=Stage.PRODUCTION, page_size=1):
        return _inputs(one.signature)
    return []


def _inputs(signature: Signature | None) -> list[str]:
    tensors = signature.inputs if signature else ()
    return [name for tensor in tensors for name in tensor.features or [tensor.name]]


def _assigned(found: Iterable[str]) -> Sequence[str]:
    return [f"{name}=" for name in found]


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


def owners(context: click.Context, _: object = None, __: str = "") -> Sequence[str]:
    """Answers the ids of the users that are defined, or have a key, as far as the caller may know."""
    of_keys = _asked(context, lambda client: (key.user_id for key in client.keys.list()))
    return list(dict.fromkeys([*users(context), *of_keys]))


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
