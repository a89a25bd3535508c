"""Who may read and call what belongs to somebody."""

from dataclasses import dataclass

from pointsman.domain.violations import Violations, shown

MAX_SHARED_USERS = 1000


@dataclass(frozen=True)
class Permissions:
    """Who may read and call a router or a model besides its owner and admins."""

    public: bool = False
    public_predict: bool = False
    shared_user_ids: tuple[str, ...] = ()


def check_permissions(permissions: Permissions, field: str = "permissions") -> None:
    """Checks permissions by themselves.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    note_permissions(found, field, permissions)
    found.raise_if_any()


def note_permissions(found: Violations, field: str, permissions: Permissions) -> None:
    """Notes what is wrong with permissions.

    Args:
        found: Where to.
        field: The path of the field that holds them.
        permissions: The permissions.
    """
    users = permissions.shared_user_ids
    path = f"{field}.shared_user_ids"
    if len(users) > MAX_SHARED_USERS:
        found.add(path, f"has {len(users)} users; at most {MAX_SHARED_USERS} are allowed")
    seen: set[str] = set()
    for index, user in enumerate(users):
        found.check_user(f"{path}[{index}]", user)
        if user in seen:
            found.add(f"{path}[{index}]", f"{shown(user)} occurs twice; leave one out")
        seen.add(user)
