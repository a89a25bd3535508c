"""Bandits before they are stored: checked by the core, in the epoch that they are of."""

import dataclasses

from pointsman.control.convert.routers import router_to
from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.routing.revision_log import note
from pointsman.control.routing.router_access import find_router_to_change
from pointsman.control.routing.slot_tables import next_table
from pointsman.domain.keys import Principal
from pointsman.domain.ports.core import BanditMathematics, SlotTables
from pointsman.domain.revisions import MAX_COMMENT_CHARS, RevisionKind
from pointsman.domain.routers import Router
from pointsman.domain.strategies.bandit import Bandit, begun, continued, renewed
from pointsman.domain.violations import Violations
from pointsman.errors import FailedPreconditionError, FieldViolation, InvalidArgumentError
from pointsman.store.routing import routers


def learning(
    core: BanditMathematics, change: Change, before: Router | None, after: Router, field: str = "router"
) -> Router:
    """Checks what a router learns by, and answers it in its epoch.

    Args:
        core: Who checks.
        change: The change that it is part of.
        before: The router as it stands; None for a new one.
        after: The router as it shall be; one of another strategy is answered as it is.
        field: The path of the field that holds it.

    Raises:
        InvalidArgumentError: What it learns by is wrong, with every field that is.
    """
    if not isinstance(after.policy, Bandit):
        return after
    former = None if before is None else before.policy
    if before is None or (former, before.metrics) != (after.policy, after.metrics):
        _check(core, after, field)
    now_us = change.shared_clock_us()
    if before is None or not isinstance(former, Bandit):
        return dataclasses.replace(after, policy=begun(after.policy, now_us))
    if (former, before.variants) == (after.policy, after.variants):
        return dataclasses.replace(after, policy=former)
    policy = continued(former, before.variants, after.policy, after.variants, now_us)
    return dataclasses.replace(after, policy=policy)


class LearningResets:
    """Lets bandits begin anew.

    Args:
        changes: How routers are changed.
        core: Who computes slot tables.
    """

    def __init__(self, changes: Changes, core: SlotTables) -> None:
        self._changes = changes
        self._core = core

    def reset(
        self, caller: Principal, router_id: str, etag: str, *, reason: str, validate_only: bool
    ) -> Router:
        """Begins another epoch: what was learnt counts no more.

        Args:
            caller: Who asks.
            router_id: The router's id.
            etag: The state that was read; empty for any.
            reason: Why, for the history.
            validate_only: Check only; change nothing.

        Returns:
            The router in its new epoch.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It is no bandit.
            InvalidArgumentError: The reason is too long.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change it.
        """
        found = Violations()
        found.check_text("reason", reason, MAX_COMMENT_CHARS)
        found.raise_if_any()
        with self._changes.change(validate_only=validate_only) as change:
            before = find_router_to_change(change.connection, caller, router_id, etag)
            anew = dataclasses.replace(before, policy=renewed(_bandit_of(before), change.shared_clock_us()))
            # Slots are even again as well: they followed what does not count any more.
            slot_runs, _ = next_table(change, self._core, before, anew)
            after = change.revised(anew, slot_runs=slot_runs)
            routers.save(change.connection, after)
            note(change, after, RevisionKind.UPDATED, caller, before=before, comment=reason)
            change.router = after
        return after


def _check(core: BanditMathematics, router: Router, field: str) -> None:
    faults = core.bandit_faults(router_to(router, "").SerializeToString())
    if faults:
        raise InvalidArgumentError.of(
            [FieldViolation(f"{field}.{fault.field}", fault.description) for fault in faults]
        )


def _bandit_of(router: Router) -> Bandit:
    if isinstance(router.policy, Bandit):
        return router.policy
    raise FailedPreconditionError(
        f"router {router.router_id!r} learns nothing: its strategy is {router.strategy}; only bandits do",
        reason="NO_BANDIT",
        metadata={"router_id": router.router_id, "strategy": router.strategy.value},
    )
