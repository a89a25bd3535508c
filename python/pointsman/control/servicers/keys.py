"""``pointsman.v1.ApiKeyService``."""

from pointsman.control.access.keys import ApiKeys, KeyRequest
from pointsman.control.calls import caller
from pointsman.control.convert.enums import SCOPE
from pointsman.control.convert.keys import api_key_to
from pointsman.control.convert.times import microseconds_of
from pointsman.control.lanes import Lanes
from pointsman.domain.keys import Scope
from pointsman.domain.pages import page_size
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import key_pb2, key_pb2_grpc


class ApiKeyServicer(key_pb2_grpc.ApiKeyServiceServicer):
    """Makes, lists and revokes API keys."""

    def __init__(self, keys: ApiKeys, lanes: Lanes) -> None:
        self._keys = keys
        self._lanes = lanes

    async def CreateApiKey(
        self, request: key_pb2.CreateApiKeyRequest, context: object
    ) -> key_pb2.CreateApiKeyResponse:
        """Makes a key; its secret is in this answer and nowhere else."""
        expire_time_us = None
        if request.HasField("expire_time"):
            expire_time_us = microseconds_of(request.expire_time, "expire_time")
        wanted = KeyRequest(
            user_id=request.user_id,
            scopes=frozenset(_scope(number, index) for index, number in enumerate(request.scopes)),
            admin=request.admin,
            display_name=request.display_name,
            expire_time_us=expire_time_us,
        )
        key, secret = await self._lanes.write(self._keys.create, caller(), wanted)
        return key_pb2.CreateApiKeyResponse(api_key=api_key_to(key), secret=secret)

    async def ListApiKeys(
        self, request: key_pb2.ListApiKeysRequest, context: object
    ) -> key_pb2.ListApiKeysResponse:
        """Lists keys."""
        page = await self._lanes.read(
            self._keys.list_page,
            caller(),
            request.user_id,
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        return key_pb2.ListApiKeysResponse(
            api_keys=[api_key_to(key) for key in page.items], next_page_token=page.next_page_token
        )

    async def RevokeApiKey(self, request: key_pb2.RevokeApiKeyRequest, context: object) -> key_pb2.ApiKey:
        """Revokes a key."""
        return api_key_to(await self._lanes.write(self._keys.revoke, caller(), request.key_id))


def _scope(number: int, index: int) -> Scope:
    scope = SCOPE.word(number, f"scopes[{index}]")
    if scope is None:
        raise InvalidArgumentError.at(f"scopes[{index}]", "is not set; use SCOPE_MLOPS_READ or another")
    return scope
