"""New slot tables: the fewest entities move, and going back finds those that were in force."""

import dataclasses
from collections.abc import Mapping, Sequence

from pointsman.control.publishing.changes import Change
from pointsman.domain.ports.core import SlotTables
from pointsman.domain.routers import Router, SlotTable
from pointsman.domain.strategies.sticky_bandit import changed, slot_shares
from pointsman.domain.variants import Variant
from pointsman.store.routing import former_slot_tables


def first_table(slot_tables: SlotTables, router: Router) -> tuple[int, ...]:
    """Answers the slot runs of a router that had none."""
    ordered = _by_name(router.variants)
    runs, _ = slot_tables.reallocate_slots([], router.policy.shares(ordered))
    return SlotTable(_names(ordered), tuple(runs)).runs_for(_names(router.variants))


def next_table(
    change: Change,
    slot_tables: SlotTables,
    before: Router,
    after: Router,
    learnt: Mapping[str, float] | None = None,
) -> tuple[tuple[int, ...], int]:
    """Answers the slot runs that follow a router's for other variants or shares; notes those it had.

    Args:
        change: The change that they are part of.
        slot_tables: Who computes them.
        before: The router as it is.
        after: The router with the variants and the policy that it shall have.
        learnt: The shares of slots by variant that a sticky bandit shall have; None keeps those that its arms
            have of each other, and of other routers means those of the policy.

    Returns:
        The runs, with the indices of the variants of ``after``, and the number of slots that moved.
    """
    ordered = _by_name(after.variants)
    names = _names(ordered)
    runs_before = before.slot_table.runs_for(names)
    shares = slot_shares(before, after, ordered) if learnt is None else [learnt[name] for name in names]
    runs, moved = slot_tables.reallocate_slots(runs_before, shares)
    table = SlotTable(names, tuple(runs))
    if table.counts != before.slot_table.counts:
        former = former_slot_tables.find(change.connection, before, table.counts)
        if former is not None:
            runs, moved = slot_tables.reallocate_slots(runs_before, shares, [former.runs_for(names)])
            table = SlotTable(names, tuple(runs))
        former_slot_tables.remember(change.connection, before)
    return table.runs_for(_names(after.variants)), moved


def with_table(change: Change, slot_tables: SlotTables, before: Router, after: Router) -> tuple[Router, int]:
    """Answers a router that somebody changed with its slots, and how many of them moved.

    Args:
        change: The change that they are part of.
        slot_tables: Who computes them.
        before: The router as it is.
        after: The router with the variants and the policy that it shall have.
    """
    runs, moved = next_table(change, slot_tables, before, after)
    return paced(change, dataclasses.replace(after, slot_runs=runs), moved), moved


def paced(change: Change, router: Router, moved: int) -> Router:
    """Answers a router whose slots somebody moved: those of a bandit stay now for as long as it says.

    Args:
        change: The change that moved them.
        router: The router with its slots.
        moved: How many of them moved; where none did, nothing began anew.
    """
    return changed(router, moved, change.shared_clock_us()) if moved else router


def count_moves(slot_tables: SlotTables, router: Router, shares: Mapping[str, float]) -> int:
    """Answers how many slots would move by :func:`next_table`.

    Args:
        slot_tables: Who computes them.
        router: The router.
        shares: The shares of slots by variant that it would have.
    """
    names = _names(_by_name(router.variants))
    runs = router.slot_table.runs_for(names)
    return slot_tables.reallocate_slots(runs, [shares[name] for name in names])[1]


def _by_name(variants: Sequence[Variant]) -> list[Variant]:
    # So that no slot depends on the order in which the variants are listed.
    return sorted(variants, key=lambda variant: variant.name)


def _names(variants: Sequence[Variant]) -> tuple[str, ...]:
    return tuple(variant.name for variant in variants)
