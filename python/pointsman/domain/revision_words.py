"""What is different between two definitions of a router, in words for people."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pointsman.domain.overrides import TrafficOverride
from pointsman.domain.permissions import Permissions
from pointsman.domain.revisions import MAX_SUMMARY_CHARS
from pointsman.domain.router_settings import Scalar, Setting
from pointsman.domain.routers import ROUTER_SETTINGS, Router
from pointsman.domain.variants import Variant

_NAMED = ("tags", "recording", "metrics")
"""Fields beside texts of which only the name is said: their values are long, or for people."""


def summary(before: Router | None, after: Router) -> str:
    """Says what is different, for example ``lr 70 → 50, gb 30 → 50``.

    Args:
        before: The router as it was; None for a new one, of which the split is said.
        after: The router as it is.

    Returns:
        The words; empty when nothing is different.
    """
    words = ", ".join(_split(after) if before is None else _differences(before, after))
    return words if len(words) <= MAX_SUMMARY_CHARS else words[: MAX_SUMMARY_CHARS - 2] + " …"


def _split(router: Router) -> Iterator[str]:
    for variant in router.variants:
        yield _told_variant(router, variant)
    if words := router.policy.words():
        yield words


def _differences(before: Router, after: Router) -> Iterator[str]:
    former = {variant.name: variant for variant in before.variants}
    for variant in after.variants:
        was = former.pop(variant.name, None)
        if was is None:
            yield f"{_told_variant(after, variant)} added ({variant.model_key})"
        else:
            yield from _variant(was, variant)
    for name in former:
        yield f"{name} removed"
    # An epoch is no setting, and worth a word.
    if before.policy != after.policy or before.policy.words() != after.policy.words():
        yield f"{before.policy.words()} → {after.policy.words()}"
    if before.slot_runs != after.slot_runs and (before.variants, before.policy) == (
        after.variants,
        after.policy,
    ):
        yield "slots"
    if before.traffic_override != after.traffic_override:
        yield _override(after.traffic_override)
    for setting in ROUTER_SETTINGS:
        old, new = setting.value_of(before), setting.value_of(after)
        if old != new:
            yield " ".join(filter(None, (setting.name, _change(setting, old, new))))
    for name in _NAMED:
        if getattr(before, name) != getattr(after, name):
            yield name
    if before.owner != after.owner:
        yield f"owner {before.owner} → {after.owner}"
    yield from _permissions(before.permissions, after.permissions)


def _variant(was: Variant, now: Variant) -> Iterator[str]:
    if was.weight != now.weight:
        yield f"{now.name} {was.weight:g} → {now.weight:g}"
    if was.enabled != now.enabled:
        yield f"{now.name} {'on' if now.enabled else 'off'}"
    if was.model_key != now.model_key:
        yield f"{now.name} {was.model_key} → {now.model_key}"
    if was.role != now.role:
        yield f"{now.name} {was.role} → {now.role}"


def _permissions(was: Permissions, now: Permissions) -> Iterator[str]:
    for name in ("public", "public_predict"):
        if getattr(was, name) != getattr(now, name):
            yield f"{name} {'on' if getattr(now, name) else 'off'}"
    for user in sorted(set(now.shared_user_ids) - set(was.shared_user_ids)):
        yield f"shared with {user}"
    for user in sorted(set(was.shared_user_ids) - set(now.shared_user_ids)):
        yield f"no longer shared with {user}"


def _told_variant(router: Router, variant: Variant) -> str:
    """Names a variant with what its weight or its role says of its part."""
    has_weight = router.policy.takes_weights and not variant.is_shadow
    part = f"{variant.weight:g}" if has_weight else str(variant.role)
    return f"{variant.name} {part}" if variant.enabled else f"{variant.name} off"


def _override(given: TrafficOverride | None) -> str:
    if given is None:
        return "override ended"
    until = datetime.fromtimestamp(given.expire_time_us / 1e6, UTC).isoformat(timespec="seconds")
    return f"everything to {given.variant} until {until}: {given.reason}"


def _change(setting: Setting, was: Scalar, now: Scalar) -> str:
    """Says how a setting changed; nothing of texts, which are for people."""
    if setting.kind is bool:
        return "on" if now else "off"
    if setting.kind is str:
        return ""
    if setting.kind is float:
        return f"{was:g} → {now:g}"
    return f"{_told(was)} → {_told(now)}"


def _told(value: Scalar) -> str:
    if isinstance(value, int):
        return f"{value / 1000:g}s" if value else "the server's"
    return str(value)
