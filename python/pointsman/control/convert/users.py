"""Users of keys as messages."""

from pointsman.control.convert.keys import scopes_from, scopes_to
from pointsman.control.convert.times import timestamp_of
from pointsman.domain.users import User
from pointsman.v1 import key_pb2


def user_to(user: User) -> key_pb2.User:
    """Makes the message of a user as it is defined."""
    return key_pb2.User(
        user_id=user.user_id,
        display_name=user.display_name,
        description=user.description,
        scopes=scopes_to(user.scopes),
        admin=user.admin,
        create_time=timestamp_of(user.create_time_us),
        update_time=timestamp_of(user.update_time_us),
    )


def user_from(message: key_pb2.User, path: str) -> User:
    """Reads a user as somebody wants it; the times that only a server sets are not looked at.

    Args:
        message: The definition.
        path: Its path in the request.

    Raises:
        InvalidArgumentError: A scope is none.
    """
    return User(
        user_id=message.user_id,
        scopes=scopes_from(message.scopes, f"{path}.scopes"),
        admin=message.admin,
        display_name=message.display_name,
        description=message.description,
    )
