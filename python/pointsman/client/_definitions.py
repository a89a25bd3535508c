"""The calls about definitions: objects brought to what they shall be, all together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pointsman.client._call import DEPLOY_TIMEOUT_SECONDS, Call, Page
from pointsman.client._convert import fill_message, to_plain
from pointsman.client._fields import WrongTypeError
from pointsman.client._types import AppliedDefinitions, ModelVersion, Router, User
from pointsman.v1 import definition_pb2, key_pb2, model_pb2, router_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Defined: TypeAlias = "ModelVersion | Router | User | definition_pb2.Definition"
"""An object as it shall be: in plain form, or as a message."""

_PAGE_SIZE = 500


def apply_call(
    objects: Sequence[Defined], validate_only: bool, expected_generation: int | None
) -> Call[AppliedDefinitions]:
    """Makes the call that brings objects to what they shall be.

    Args:
        objects: The objects.
        validate_only: Change nothing.
        expected_generation: The generation in which that is right; None for any.
    """
    request = definition_pb2.ApplyDefinitionsRequest(
        definitions=[_definition(item, place) for place, item in enumerate(objects)],
        validate_only=validate_only,
        expected_generation=expected_generation,
    )
    return Call(
        "/pointsman.v1.DefinitionService/ApplyDefinitions",
        request,
        definition_pb2.ApplyDefinitionsResponse,
        _applied,
        timeout_seconds=DEPLOY_TIMEOUT_SECONDS,
    )


def _definition(item: Defined, place: int) -> definition_pb2.Definition:
    if isinstance(item, definition_pb2.Definition):
        return item
    definition = definition_pb2.Definition()
    target: Any
    match item:
        case Router():
            target = definition.router
        case User():
            target = definition.user
        case ModelVersion():
            target = definition.model
        case _:
            raise WrongTypeError(
                f"objects[{place}]",
                f"is of type {type(item).__name__}; it is a ModelVersion, a Router, a User or a Definition",
            )
    target.SetInParent()
    fill_message(target, item)
    return definition


def _applied(message: Any) -> AppliedDefinitions:
    return to_plain(AppliedDefinitions, message)


def models_page(token: str) -> Call[Page[model_pb2.ModelVersion]]:
    """Makes the call for a page of model versions, as messages."""
    request = model_pb2.ListModelVersionsRequest(page_size=_PAGE_SIZE, page_token=token)
    return Call(
        "/pointsman.v1.ModelService/ListModelVersions",
        request,
        model_pb2.ListModelVersionsResponse,
        _page_of("model_versions"),
        is_read=True,
    )


def routers_page(token: str) -> Call[Page[router_pb2.Router]]:
    """Makes the call for a page of routers, as messages."""
    request = router_pb2.ListRoutersRequest(page_size=_PAGE_SIZE, page_token=token)
    return Call(
        "/pointsman.v1.RouterService/ListRouters",
        request,
        router_pb2.ListRoutersResponse,
        _page_of("routers"),
        is_read=True,
    )


def users_page(token: str) -> Call[Page[key_pb2.User]]:
    """Makes the call for a page of users, as messages."""
    request = key_pb2.ListUsersRequest(page_size=_PAGE_SIZE, page_token=token)
    return Call(
        "/pointsman.v1.ApiKeyService/ListUsers",
        request,
        key_pb2.ListUsersResponse,
        _page_of("users"),
        is_read=True,
    )


def _page_of(field: str) -> Callable[[Any], Page[Any]]:
    return lambda message: Page(list(getattr(message, field)), message.next_page_token)
