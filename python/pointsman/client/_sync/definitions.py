# Generated from _async/definitions.py by scripts/generate_client.py: edit that file, then make generate.
"""Definitions of the client: objects brought to what they shall be, all together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _definitions as definitions
from pointsman.client._errors import PermissionDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pointsman.client._connection import Connection
    from pointsman.client._types import AppliedDefinitions
    from pointsman.v1 import key_pb2, model_pb2, router_pb2


class Definitions:
    """Definitions, as ``client.definitions``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def apply(
        self,
        objects: Sequence[definitions.Defined],
        *,
        validate_only: bool = False,
        expected_generation: int | None = None,
    ) -> AppliedDefinitions:
        """Brings objects to what they shall be: all in one change, or none when one is refused.

        Args:
            objects: Model versions, routers and users, at most 1000. A model version's stage, and a router's
                status when it is ``RUNNING`` or ``STOPPED``, say where it shall stand; not stated, it stays
                there. Only admins define users.
            validate_only: Answer what would change; change nothing.
            expected_generation: The generation in which that is right; None for any.

        Returns:
            What came of each.

        Example::

            variants = [Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)]
            client.definitions.apply([Router("cancer", variants=variants, status=RouterStatus.RUNNING)])
        """
        return self._connection.send(definitions.apply_call(objects, validate_only, expected_generation))

    def messages(self) -> Iterator[model_pb2.ModelVersion | router_pb2.Router | key_pb2.User]:
        """Goes through the model versions, routers and users that the caller may read, as messages.

        Users are for admins to see: others get none.
        """
        yield from self._connection.pages(definitions.models_page)
        yield from self._connection.pages(definitions.routers_page)
        try:
            yield from self._connection.pages(definitions.users_page)
        except PermissionDeniedError as error:
            if error.reason != "NOT_ADMIN":
                raise
