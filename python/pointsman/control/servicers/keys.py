"""``pointsman.v1.ApiKeyService``."""

from pointsman.control.access.keys import ApiKeys, KeyRequest
from pointsman.control.access.users import Users
from pointsman.control.calls import caller
from pointsman.control.convert.keys import api_key_to, scopes_from
from pointsman.control.convert.times import microseconds_of
from pointsman.control.convert.users import user_to
from pointsman.control.lanes import Lanes
from pointsman.domain.pages import page_size
from pointsman.v1 import key_pb2, key_pb2_grpc


class ApiKeyServicer(key_pb2_grpc.ApiKeyServiceServicer):
    """Makes, lists and revokes API keys; reads and deletes definitions of their users."""

    def __init__(self, keys: ApiKeys, users: Users, lanes: Lanes) -> None:
        self._keys = keys
        self._users = users
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
            scopes=scopes_from(request.scopes, "scopes"),
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

    async def GetUser(self, request: key_pb2.GetUserRequest, context: object) -> key_pb2.User:
        """Answers the definition of a user."""
        return user_to(await self._lanes.read(self._users.get, caller(), request.user_id))

    async def ListUsers(
        self, request: key_pb2.ListUsersRequest, context: object
    ) -> key_pb2.ListUsersResponse:
        """Lists the users that are defined."""
        page = await self._lanes.read(
            self._users.list_page,
            caller(),
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        return key_pb2.ListUsersResponse(
            users=[user_to(user) for user in page.items], next_page_token=page.next_page_token
        )

    async def DeleteUser(
        self, request: key_pb2.DeleteUserRequest, context: object
    ) -> key_pb2.DeleteUserResponse:
        """Deletes the definition of a user."""
        widened = await self._lanes.write(
            self._users.delete, caller(), request.user_id, widen_keys=request.widen_keys
        )
        return key_pb2.DeleteUserResponse(widened_keys=[api_key_to(bound) for bound in widened])
