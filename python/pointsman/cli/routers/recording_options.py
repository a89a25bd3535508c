"""The options of ``pointsman routers create`` and ``update`` about what is recorded."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.line import commandline

if TYPE_CHECKING:
    from pointsman.client import Recording


class EntityForm(StrEnum):
    """How an entity id is recorded."""

    PLAIN = "plain"
    HMAC = "hmac"
    NONE = "none"


Record = Annotated[
    bool | None, commandline.Option("--record/--no-record", help="Whether predictions are kept.")
]
FeaturesShare = Annotated[
    float | None,
    commandline.Option(min=0, max=1, help="The share of calls whose features and answers are kept, 0 to 1."),
]
ExcludeFeature = Annotated[
    list[str] | None, commandline.Option(help="A feature that is not kept; an empty one takes all away.")
]
MaxBodyBytes = Annotated[
    int | None, commandline.Option(min=1, help="Longer requests and answers are kept without their content.")
]
RecordEntity = Annotated[EntityForm | None, commandline.Option(help="How the entity id is kept.")]
Durable = Annotated[
    bool | None, commandline.Option("--durable/--buffered", help="Whether answers wait for their record.")
]
RetentionDays = Annotated[
    int | None, commandline.Option(min=0, help="Days that predictions are kept; 0 is the server's default.")
]
RetentionBytes = Annotated[
    int | None,
    commandline.Option(min=0, help="Bytes that a model's files may take; 0 is the server's default."),
]
Metric = Annotated[
    list[str] | None,
    commandline.Option(
        metavar="NAME[:TYPE][:DIRECTION][:MIN..MAX]",
        help="A metric of its feedback, e.g. clicks:count or loss:minimise:0..1; others are refused then.",
    ),
]
Corrections = Annotated[
    bool | None,
    commandline.Option("--corrections/--no-corrections", help="Whether later feedback replaces earlier."),
]


def recording_changes(
    features_share: float | None,
    exclude_feature: list[str] | None,
    max_body_bytes: int | None,
    record_entity: EntityForm | None,
    durable: bool | None,
    retention_days: int | None,
    retention_bytes: int | None,
) -> dict[str, Any]:
    """Answers the fields of a recording that the options name.

    Args:
        features_share: The share of calls whose features and answers are kept, 0 to 1. As with all of them,
            None means that the option is not named.
        exclude_feature: Names of all features that are not kept; empty ones do not count, so that one empty
            name takes all away.
        max_body_bytes: Longer requests and answers are kept without their content.
        record_entity: How entity ids are kept.
        durable: Whether answers wait until their record is on disk.
        retention_days: For how many days predictions are kept; 0 is the server's default.
        retention_bytes: How many bytes the files of a model may take; 0 is the server's default.

    Returns:
        Values by the names of the fields of ``Recording``; empty when no option is named.
    """
    from pointsman.client import EntityRecording, RecordDurability

    said: dict[str, Any] = {
        "features_share": features_share,
        "exclude_features": None
        if exclude_feature is None
        else tuple(name for name in exclude_feature if name),
        "max_body_bytes": max_body_bytes,
        "entity": None if record_entity is None else EntityRecording(record_entity.value),
        "durability": None
        if durable is None
        else (RecordDurability.DURABLE if durable else RecordDurability.BUFFERED),
        "retention_days": retention_days,
        "retention_bytes": retention_bytes,
    }
    return {name: value for name, value in said.items() if value is not None}


def changed(recording: Recording | None, changes: dict[str, Any]) -> Recording:
    """Answers a recording with some fields changed."""
    from pointsman.client import Recording

    return dataclasses.replace(recording or Recording(), **changes)


def told(recording: Recording | None, record_predictions: bool) -> str:
    """Writes what is recorded in one line."""
    if not record_predictions:
        return "no predictions"
    if recording is None:
        return ""
    share = 1.0 if recording.features_share is None else recording.features_share
    parts = [f"features of {share:.0%} of calls"]
    if recording.exclude_features:
        parts.append(f"without {', '.join(recording.exclude_features)}")
    if recording.entity not in ("unspecified", "plain"):
        parts.append(f"entity {recording.entity}")
    if recording.durability == "durable":
        parts.append("durable")
    if recording.retention_days:
        parts.append(f"for {recording.retention_days} days")
    if recording.retention_bytes:
        parts.append(f"up to {recording.retention_bytes} bytes a model")
    return ", ".join(parts)
