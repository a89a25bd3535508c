"""Revisions as messages, and what was published as a router again."""

from pointsman.control.convert.enums import (
    REVISION_KIND,
    ROUTER_STATUS,
    VARIANT_ROLE,
)
from pointsman.control.convert.overrides import override_from
from pointsman.control.convert.recording import metrics_from, recording_from
from pointsman.control.convert.router_settings import published_settings
from pointsman.control.convert.routers import permissions_from, router_to, variants_to
from pointsman.control.convert.strategies.catalogue import published_policy
from pointsman.control.convert.times import timestamp_of
from pointsman.domain.revisions import KeptRevision
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.variants import Variant, VariantRole
from pointsman.v1 import router_pb2, snapshot_pb2

_OUTPUT_ONLY = ("owner", "status", "generation", "etag", "create_time", "update_time")
"""What is no part of a definition, or is said of the revision itself."""


def snapshot_bytes(message: snapshot_pb2.RouterSnapshot) -> bytes:
    """Answers what is kept of a published router beside its slot table."""
    kept = snapshot_pb2.RouterSnapshot()
    kept.CopyFrom(message)
    kept.ClearField("slot_runs")
    return kept.SerializeToString()


def definition_of(kept: KeptRevision) -> Router:
    """Answers the router that a revision published, with the fields that are published."""
    message = snapshot_pb2.RouterSnapshot.FromString(kept.revision.snapshot)
    return Router(
        router_id=message.router_id,
        variants=tuple(_variant_of(variant) for variant in message.variants),
        policy=published_policy(message),
        traffic_override=override_from(message.settings),
        recording=recording_from(message.recording, "recording"),
        metrics=metrics_from(message.metrics, "metrics"),
        permissions=permissions_from(message.permissions),
        owner=message.owner,
        status=ROUTER_STATUS.word_or(message.status, RouterStatus.REGISTERED),
        salt=message.salt,
        slot_runs=kept.slot_runs,
        changed_generation=message.changed_generation,
        create_time_us=message.create_time_us,
        incarnation=message.incarnation,
        row_key=kept.revision.router_key,
        **published_settings(message),
    )


def revision_to(
    kept: KeptRevision, newest: int, *, with_key: bool, whole: bool = False
) -> router_pb2.RouterRevision:
    """Makes the message of a revision.

    Args:
        kept: The revision.
        newest: The number of the router's newest.
        with_key: Whether the caller may know the key that was used.
        whole: With the definition and the slot table.
    """
    revision, cause = kept.revision, kept.revision.cause
    definition = definition_of(kept)
    message = router_pb2.RouterRevision(
        router_id=definition.router_id,
        revision=revision.number,
        generation=revision.generation,
        last_generation=revision.last_generation,
        kind=REVISION_KIND.number(cause.kind),
        user_id=cause.user_id,
        key_id=cause.key_id if with_key else "",
        time=timestamp_of(revision.time_us),
        summary=revision.summary,
        comment=cause.comment,
        source_revision=cause.source or 0,
        current=revision.number == newest,
        variants=variants_to(definition),
    )
    if whole:
        message.definition.CopyFrom(router_to(definition, ""))
        for field in _OUTPUT_ONLY:
            message.definition.ClearField(field)
        message.salt = definition.salt
        message.slot_runs.extend(kept.slot_runs)
        message.slot_counts.extend(
            router_pb2.VariantSlots(variant=name, slots=count)
            for name, count in definition.slot_table.counts.items()
        )
    return message


def _variant_of(message: router_pb2.Variant) -> Variant:
    return Variant(
        name=message.name,
        model_id=message.model_id,
        model_version=message.model_version,
        weight=message.weight,
        enabled=message.enabled,
        role=VARIANT_ROLE.word_or(message.role, VariantRole.CANDIDATE),
    )
