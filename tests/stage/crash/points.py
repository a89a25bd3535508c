"""Points of the control plane at which a server dies, beside those of the data plane."""

import functools
import importlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

VARIABLE = "POINTSMAN_FAULT_POINT"


@dataclass(frozen=True)
class Point:
    """A place before or behind a call.

    Attributes:
        owner: The module, or the module and class, that the function is looked up in.
        function: Its name there.
        before: Whether the place is before the call.
        counts: Which calls count, by their arguments and, behind the call, its result.
    """

    owner: str
    function: str
    before: bool = False
    counts: Callable[[tuple[Any, ...], Any], bool] = lambda *_: True


def _holds_entries(_: tuple[Any, ...], taken: bytes) -> bool:
    from pointsman.v1 import record_pb2

    return bool(record_pb2.FeedbackBatch.FromString(taken).entries)


def _has_outcomes(arguments: tuple[Any, ...], _: Any) -> bool:
    return bool(arguments[2])


def _is_feedback(arguments: tuple[Any, ...], _: Any) -> bool:
    return str(arguments[1]).startswith("feedback/")


_REPLICA = "pointsman.dataplane.replica:LocalReplica"
_REGISTRATION = "pointsman.control.journals.registration:FileRegistration"
_APPLICATION = "pointsman.store.feedback.feedback_application"
_COMPACTION = "pointsman.control.lake.compaction"
_FOLDER = "pointsman.control.lake.folder:LakeFolder"
_EXPORT = "pointsman.control.lake.feedback_export:FeedbackExport"

POINTS = {
    "feedback.taken": Point(_REPLICA, "take_feedback", counts=_holds_entries),
    "feedback.stored_uncommitted": Point(_APPLICATION, "apply"),
    "feedback.committed": Point(_REPLICA, "release_feedback", before=True, counts=_has_outcomes),
    "feedback.released": Point(_REPLICA, "release_feedback", counts=_has_outcomes),
    "predictions.taken": Point(_REPLICA, "take_shipped", counts=lambda _, taken: bool(taken)),
    "predictions.listed_uncommitted": Point("pointsman.store.recording.lake_files", "register_segments"),
    "predictions.committed": Point(_REGISTRATION, "_register"),
    "predictions.released": Point(_REGISTRATION, "_step", counts=lambda _, registered: bool(registered)),
    "compaction.merged": Point(f"{_COMPACTION}:Compaction", "_write"),
    "compaction.committed": Point(_COMPACTION, "swap"),
    "compaction.deleted_one": Point(_FOLDER, "remove"),
    "export.written": Point(_FOLDER, "write", counts=_is_feedback),
    "export.committed": Point(_EXPORT, "_export"),
}


def install() -> None:
    """Has this process die at the point that the environment names, if it is one of these.

    ``name:3`` dies the third time.
    """
    name, _, count = os.environ.get(VARIABLE, "").partition(":")
    point = POINTS.get(name)
    if point is None:
        return
    module, _, class_name = point.owner.partition(":")
    owner = importlib.import_module(module)
    if class_name:
        owner = getattr(owner, class_name)
    setattr(owner, point.function, _dying(getattr(owner, point.function), point, int(count or 1)))


def _dying(function: Callable[..., Any], point: Point, times: int) -> Callable[..., Any]:
    lock = threading.Lock()
    left = times

    def pass_by(arguments: tuple[Any, ...], result: Any) -> None:
        nonlocal left
        if point.counts(arguments, result):
            with lock:
                left -= 1
                if left == 0:
                    os.abort()

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if point.before:
            pass_by(arguments, None)
        result = function(*arguments, **named)
        if not point.before:
            pass_by(arguments, result)
        return result

    return call
