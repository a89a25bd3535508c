"""The files of the lake, as the manifest lists them."""

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol

from pointsman.domain.records.servers import UnreachedJournal
from pointsman.domain.routers import Router


class LakeKind(StrEnum):
    """What a file of the lake holds."""

    PREDICTIONS = "predictions"
    FEEDBACK = "feedback"
    SHADOWS = "shadows"
    """Answers to copies of calls: rows like those of predictions, of which none is one."""
    LOGGED = "logged"
    """Predictions that no router made."""


class JournalStream(StrEnum):
    """One of a journal's two logs."""

    PREDICTIONS = "predictions"
    FEEDBACK = "feedback"


@dataclass(frozen=True)
class LakeFile:
    """One file of the lake.

    Attributes:
        path: Its path below the lake's folder, with forward slashes.
        router_id: The router that made its predictions; empty for logged ones.
        model_id: The model of its predictions, or of the shadows' answers; empty for feedback.
        date: The UTC day of its rows, ``2026-01-31``.
        journal_id: The journal that its rows came from, or for rows of SQL that of the server that wrote it.
        start_position: For feedback its first sequence, for logged predictions the least of their numbers,
            for others where its first segment begins.
        end_position: For feedback its last sequence, for logged predictions the greatest of their numbers,
            for others where its last segment ends.
        router_incarnation: Which router of the id made its predictions; 0 when not known, and for feedback.
            Of logged predictions it is the row of the model, for another one may have the id later.
        replace_time_us: When others took its place; until it is deleted only queries under way read it.
        row_key: The store's own key; 0 before storing.
    """

    kind: LakeKind
    path: str
    router_id: str
    model_id: str
    date: str
    journal_id: str
    start_position: int
    end_position: int
    row_count: int
    byte_count: int
    min_time_us: int
    max_time_us: int
    router_incarnation: int = 0
    create_time_us: int = 0
    replace_time_us: int | None = None
    row_key: int = 0

    @property
    def folder(self) -> str:
        """The folder below the lake's, which all files of one router, model and date share."""
        return str(PurePosixPath(self.path).parent)


def confined(lake_folder: Path, path: str) -> Path:
    """Answers where a file of the lake is.

    Args:
        lake_folder: The lake's folder.
        path: The file's path below it.

    Raises:
        ValueError: The path leads out of the folder.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\x00" in path:
        raise ValueError(f"{path!r} does not lie in the lake's folder")
    found = lake_folder.joinpath(*parts)
    # Without a link below the folder nothing leads out of it; to resolve paths takes many times as long.
    if _has_link(lake_folder, parts) and not found.resolve().is_relative_to(lake_folder.resolve()):
        raise ValueError(f"{path!r} does not lie in the lake's folder")
    return found


def _has_link(folder: Path, parts: Sequence[str]) -> bool:
    """Whether one of the names below a folder is a symbolic link; below what is not there, nothing is."""
    place = str(folder)
    with suppress(OSError):
        for part in parts:
            place = f"{place}/{part}"
            if stat.S_ISLNK(os.lstat(place).st_mode):
                return True
    return False


@dataclass(frozen=True)
class FoundLatest:
    """Entities' latest predictions.

    Attributes:
        prediction_ids: The predictions' ids by entity.
        unreached: Other servers that may have recorded later ones.
    """

    prediction_ids: Mapping[str, str]
    unreached: tuple[UnreachedJournal, ...] = ()


class LatestPredictions(Protocol):
    """Finds entities' latest predictions."""

    def latest_predictions(self, router: Router, recorded_entity_ids: Sequence[str]) -> FoundLatest:
        """Answers the ids of the newest predictions of entities.

        Args:
            router: The router that made them.
            recorded_entity_ids: The entities as the router records them.

        Returns:
            The predictions, without entities of which none is recorded.
        """
