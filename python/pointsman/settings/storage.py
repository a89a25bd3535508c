"""How what was recorded and uploaded is kept, and how much of it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pointsman.settings.groups import Group


class JournalSettings(Group):
    """How predictions and feedback are kept until the lake and the database have them."""

    segment_bytes: Annotated[int, Field(ge=4_096, le=2**30)] = 64 * 1024 * 1024
    """Bytes after which a segment of predictions goes to the lake. Larger ones make fewer, larger files."""

    seal_after_seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 60.0
    """Seconds after which a segment goes to the lake whatever its size. Reads do not wait for it: they see
    what is still in the journal; only other programs that read the lake's files do.
    """

    max_prediction_bytes: Annotated[int, Field(ge=2**20, le=2**50)] = 8 * 1024**3
    """Bytes of predictions that may wait for the lake, for example while the database is away. Past it
    further ones are dropped and counted; calls are answered all the same.
    """

    max_feedback_bytes: Annotated[int, Field(ge=2**20, le=2**50)] = 2 * 1024**3
    """Bytes of feedback that may wait for the database. Past it further feedback is refused, UNAVAILABLE."""


class LakeSettings(Group):
    """Where recorded predictions lie, and how long."""

    dir: Path | None = None
    """Folder of the Parquet files; unset means ``lake`` in the data folder."""

    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 90
    """Days that recorded predictions are kept, where a router does not say otherwise."""

    retention_bytes: Annotated[int, Field(ge=2**20, le=2**60)] = 50 * 1024**3
    """Bytes of files of one router and model past which the oldest are deleted, where the router does not
    say otherwise.
    """

    query_memory_bytes: Annotated[int, Field(ge=64 * 2**20, le=2**40)] = 256 * 1024 * 1024
    """Bytes that queries over recorded predictions may take up together; larger ones spill to disk."""


class UploadSettings(Group):
    """What uploads of ONNX files may take up."""

    max_file_bytes: Annotated[int, Field(ge=1, le=2**40)] = 2 * 1024**3
    """Bytes of one file. ONNX itself holds at most 2 GiB in one; larger models have data files beside them,
    which are not uploaded.
    """

    max_unfinished: Annotated[int, Field(ge=1, le=10_000)] = 32
    """Uploads that are begun and not complete. Past it the one that waits longest gives way if nothing came
    for it in ten minutes, else a further one is RESOURCE_EXHAUSTED. What is a day old is removed in any case.
    """

    reserve_bytes: Annotated[int, Field(ge=0, le=2**50)] = 512 * 1024 * 1024
    """Bytes of the disk that uploads leave free, for the journal and all else. An upload that would take more
    is RESOURCE_EXHAUSTED, before it begins.
    """


class GroundTruthSettings(Group):
    """What uploads of outcomes may take up, files of CSV or JSON lines."""

    max_file_bytes: Annotated[int, Field(ge=1_024, le=2**40)] = 1024**3
    """Bytes of one file. They are read in parts and take no memory; a longer file is RESOURCE_EXHAUSTED."""

    max_unfinished: Annotated[int, Field(ge=1, le=10_000)] = 16
    """Uploads that are begun and not complete. Past it the one that waits longest gives way if nothing came
    for it in ten minutes, else a further one is RESOURCE_EXHAUSTED. What is a day old is deleted in any case.
    """
