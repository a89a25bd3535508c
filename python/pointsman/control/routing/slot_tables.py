"""New slot tables: the fewest entities move, and going back finds those that were in force."""

from collections.abc import Sequence

from pointsman.control.publishing.changes import Change
from pointsman.domain.ports.core import SlotTables
from pointsman.domain.routers import Router, SlotTable, Variant, weight_shares
from pointsman.store import former_slot_tables


def first_table(slot_tables: SlotTables, variants: Sequence[Variant]) -> tuple[int, ...]:
    """Answers the slot runs of a router that had none."""
    ordered = _by_name(variants)
    runs, _ = slot_tables.reallocate_slots([], weight_shares(ordered))
    return SlotTable(_names(ordered), tuple(runs)).runs_for(_names(variants))


def next_table(
    change: Change, slot_tables: SlotTables, before: Router, variants: Sequence[Variant]
) -> tuple[tuple[int, ...], int]:
    """Answers the slot runs that follow a router's for other variants or weights; notes those it had.

    Args:
        change: The change that they are part of.
        slot_tables: Who computes them.
        before: The router as it is.
        variants: Its variants as they shall be.

    Returns:
        The runs, with the indices of ``variants``, and the number of slots that moved.
    """
    ordered = _by_name(variants)
    names = _names(ordered)
    runs_before, shares = before.slot_table.runs_for(names), weight_shares(ordered)
    runs, moved = slot_tables.reallocate_slots(runs_before, shares)
    after = SlotTable(names, tuple(runs))
    if after.counts != before.slot_table.counts:
        former = former_slot_tables.find(change.connection, before, after.counts)
        if former is not None:
            runs, moved = slot_tables.reallocate_slots(runs_before, shares, [former.runs_for(names)])
            after = SlotTable(names, tuple(runs))
        former_slot_tables.remember(change.connection, before)
    return after.runs_for(_names(variants)), moved


def _by_name(variants: Sequence[Variant]) -> list[Variant]:
    # So that no slot depends on the order in which the variants are listed.
    return sorted(variants, key=lambda variant: variant.name)


def _names(variants: Sequence[Variant]) -> tuple[str, ...]:
    return tuple(variant.name for variant in variants)
