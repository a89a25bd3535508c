"""Users of keys among definitions: brought to what is wanted, but never so that no admin key is left."""

from collections.abc import Sequence

from pointsman.control.access.users import admin_keys, define_in, tell_of
from pointsman.control.definitions.checks import Objections, Wanted, WantedUser
from pointsman.control.definitions.outcomes import Outcome, whole
from pointsman.control.publishing.changes import Change
from pointsman.definitions.differences import differences
from pointsman.domain.keys import Principal
from pointsman.domain.users import User, check_defines
from pointsman.errors import FailedPreconditionError, FieldViolation


def check_caller(caller: Principal, wanted: Sequence[Wanted], objections: Objections) -> None:
    """Notes every user that the caller may not define: all of them, unless they are an admin.

    Args:
        caller: Who asks.
        wanted: Every definition of the change.
        objections: Gathers what stands against it.
    """
    for item in wanted:
        if isinstance(item, WantedUser):
            with objections.about(item.field):
                check_defines(caller, f"user {item.user.user_id!r}")


def bring_users(
    change: Change, caller: Principal, wanted: Sequence[Wanted], objections: Objections
) -> dict[str, Outcome]:
    """Brings the users of a change to what is wanted of them.

    Args:
        change: The change.
        caller: Who asks.
        wanted: Every definition of the change.
        objections: Gathers what stands against it: that no admin key would be left, at each user who has one.

    Returns:
        What came of each user, by the field of its definition.
    """
    defined = [item for item in wanted if isinstance(item, WantedUser)]
    if not defined:
        return {}
    admins_before = {bound.key.user_id for bound in admin_keys(change)}
    outcomes: dict[str, Outcome] = {}
    for item in defined:
        with objections.about(item.field):
            before, after = define_in(change, caller, item.user)
            fields = () if before is None else tuple(differences(whole(before), whole(after)))
            outcomes[item.field] = Outcome(after, is_new=before is None, fields=fields)
    if admins_before and not admin_keys(change):
        for item in defined:
            if item.user.user_id in admins_before:
                objections.add(_locks_out(item), item.field)
    return outcomes


def tell_changed(caller: Principal, outcomes: Sequence[Outcome]) -> None:
    """Writes into the log which users are defined otherwise than before, once that is in force."""
    for outcome in outcomes:
        if outcome.is_change and isinstance(outcome.item, User):
            tell_of(caller, outcome.item)


def _locks_out(item: WantedUser) -> FailedPreconditionError:
    violation = FieldViolation(
        f"{item.field}.admin",
        "is not true, and no admin key would be in force any more; keep one user with an admin key an admin, "
        "or make an admin key of another user first",
    )
    return FailedPreconditionError(str(violation), reason="LAST_ADMIN_KEY", fields=[violation])
