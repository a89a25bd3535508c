"""API keys as messages."""

from pointsman.control.convert.enums import SCOPE
from pointsman.control.convert.times import timestamp_of
from pointsman.domain.keys import ApiKey, sorted_scopes
from pointsman.v1 import key_pb2


def api_key_to(key: ApiKey) -> key_pb2.ApiKey:
    """Makes the message of a key, without its secret."""
    message = key_pb2.ApiKey(
        key_id=key.key_id,
        user_id=key.user_id,
        scopes=[SCOPE.number(scope) for scope in sorted_scopes(key.scopes)],
        admin=key.admin,
        display_name=key.display_name,
        create_time=timestamp_of(key.create_time_us),
    )
    if key.expire_time_us is not None:
        message.expire_time.CopyFrom(timestamp_of(key.expire_time_us))
    if key.revoke_time_us is not None:
        message.revoke_time.CopyFrom(timestamp_of(key.revoke_time_us))
    return message
