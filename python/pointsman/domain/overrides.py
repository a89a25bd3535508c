"""The operator's brake: everything to one variant, for a while."""

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.domain.variants import Variant
from pointsman.domain.violations import MAX_DESCRIPTION_CHARS, Violations, shown

MIN_SECONDS = 1
MAX_SECONDS = 30 * 24 * 60 * 60


@dataclass(frozen=True)
class TrafficOverride:
    """Sends every call that names no variant to one, whatever the strategy decides.

    Attributes:
        variant: The variant's name.
        expire_time_us: When it ends by itself, in UTC microseconds.
        reason: Why, for people.
        user_id: Who set it.
        create_time_us: When it was set.
    """

    variant: str
    expire_time_us: int
    reason: str
    user_id: str
    create_time_us: int


def check_override(ttl_us: int, reason: str) -> None:
    """Checks what a user says of an override besides its variant.

    Args:
        ttl_us: How long it shall last, in microseconds.
        reason: Why.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    if not MIN_SECONDS * 1_000_000 <= ttl_us <= MAX_SECONDS * 1_000_000:
        found.add("ttl", f"{ttl_us / 1e6:g}s is not between {MIN_SECONDS}s and {MAX_SECONDS}s (30 days)")
    if not reason.strip():
        found.add("reason", "is empty; say why, for those who wonder where the traffic went")
    found.check_text("reason", reason, MAX_DESCRIPTION_CHARS)
    found.raise_if_any()


def override_fault(given: TrafficOverride | None, variants: Sequence[Variant]) -> str | None:
    """Says why an override's variant cannot take the calls; None when nothing is wrong."""
    if given is None:
        return None
    variant = next((one for one in variants if one.name == given.variant), None)
    way_out = "end the override first (ClearTrafficOverride, 'pointsman routers override ROUTER --clear')"
    if variant is None:
        return f"an override sends everything to {shown(given.variant)}, which would be gone; {way_out}"
    if not variant.enabled:
        return f"an override sends everything to {shown(given.variant)}, which would be disabled; {way_out}"
    if variant.is_shadow:
        return f"an override sends everything to {shown(given.variant)}, which would be a shadow; {way_out}"
    return None
