"""Takes files of outcomes part by part; nothing of one is seen before its end, and then all of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pointsman.control.drift import models
from pointsman.domain.drift.ground_truth import GroundTruth, check_truth
from pointsman.domain.drift.truth_files import (
    MAX_ROW_BYTES,
    FilePart,
    FilePlace,
    RowFault,
    missing_columns,
    read_part,
)
from pointsman.domain.drift.truth_uploads import (
    MAX_FAULTS,
    TruthPiece,
    TruthUpload,
    TruthUploadLimits,
    UploadStatus,
)
from pointsman.domain.keys import Principal
from pointsman.domain.models import Model, Task
from pointsman.domain.recording import entity_hasher
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.domain.violations import Violations
from pointsman.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    ResourceExhaustedError,
)
from pointsman.lake.models.truth_matches import TruthMatches
from pointsman.store import installation
from pointsman.store.database import Database
from pointsman.store.drift import truth_uploads, truths

_log = structlog.get_logger(__name__)

MAX_TRUTHS = 5_000_000
"""Outcomes of a model that are kept."""
_GIVES_WAY_US = 600 * MICROSECONDS_PER_SECOND
_ATTEMPTS = 3
_GAVE_WAY = "the upload gave way to others after ten minutes without a part; begin it again"
_ABANDONED = "the upload was abandoned by its client"


@dataclass(frozen=True)
class _Seen:
    """What a part is read against.

    Attributes:
        upload: How far the upload is; None before it begins.
        entity_key: The installation's, for hashes of entities.
    """

    model: Model
    task: Task
    entity_key: bytes
    upload: TruthUpload | None


@dataclass(frozen=True)
class UploadAnswer:
    """What a call is answered.

    Attributes:
        matched: Of how many new or corrected outcomes a prediction is there; 0 until the upload is complete.
    """

    upload: TruthUpload
    matched: int = 0


class TruthUploads:
    """Uploads of outcomes, of all models.

    Args:
        database: Where they are kept.
        matches: Who counts those that predictions are there of.
        limits: What uploads may take up.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self, database: Database, matches: TruthMatches, limits: TruthUploadLimits, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._matches = matches
        self._limits = limits
        self._clock = clock

    @property
    def chunk_bytes(self) -> int:
        """The most that one call brings."""
        return self._limits.chunk_bytes

    def take(
        self, caller: Principal, model_id: str, piece: TruthPiece, *, abandon: bool = False
    ) -> UploadAnswer:
        """Takes a part of a file; the last one makes its outcomes visible, all at once.

        A part and how far the upload is are stored in one transaction, so that a call may come twice, and
        goes on after a crash of either side.

        Args:
            caller: Who asks.
            model_id: The model.
            piece: The part; without a chunk nothing is taken, unless the file ends there.
            abandon: Whether the rest will not come.

        Returns:
            How far the upload is now, refused ones included.

        Raises:
            AbortedError: Others brought parts of it at this moment.
            FailedPreconditionError: There is a gap before the chunk, or the file ends before what is here.
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
            ResourceExhaustedError: The file, the uploads under way or the model's outcomes are too many.
            UnavailableError: All is kept, but the records cannot be read now, by which they are matched.
        """
        piece.check(self._limits)
        for _ in range(_ATTEMPTS):
            seen = self._look(caller, model_id, piece)
            upload = seen.upload or self._new(piece)
            if abandon and upload.status is UploadStatus.OPEN:
                ended = self._abandon(caller, model_id, seen, upload)
                if ended is None:
                    continue
                return self._answered(seen.model, ended)
            if upload.status is not UploadStatus.OPEN or not (piece.chunk or piece.is_last):
                return self._answered(seen.model, upload)
            taken = self._taken(caller, model_id, seen, upload, piece)
            if taken is not None:
                return self._answered(seen.model, taken)
        raise AbortedError(
            f"upload {piece.upload_id!r} is brought by others, too; ask how far it is, and go on from there",
            reason="UPLOAD_CHANGED",
        )

    def _look(self, caller: Principal, model_id: str, piece: TruthPiece) -> _Seen:
        with self._database.read() as connection:
            model = models.changeable(connection, caller, model_id)
            task, _ = models.task_of(connection, model)
            entity_key = installation.entity_key(connection)
            upload = truth_uploads.find(connection, model.row_key, piece.upload_id)
        if upload is not None and upload.kind is not piece.kind:
            raise InvalidArgumentError.at(
                "format",
                f"is not that of the upload, which began as {upload.kind.value}; name another upload",
            )
        return _Seen(model, task, entity_key, upload)

    def _new(self, piece: TruthPiece) -> TruthUpload:
        kind = piece.check(self._limits)
        return TruthUpload(0, piece.upload_id, kind, UploadStatus.OPEN, FilePlace(), self._clock())

    def _abandon(
        self, caller: Principal, model_id: str, seen: _Seen, upload: TruthUpload
    ) -> TruthUpload | None:
        """Ends an upload that is not complete, as it stands now; None where another began it at this moment.

        A part of it may be on its way in another call. What is answered here holds: either that part was the
        last one and is stored, or it is not taken any more.
        """
        refused = replace(upload, status=UploadStatus.REFUSED, faults=(RowFault(0, "", _ABANDONED),))
        try:
            with self._database.write() as connection:
                model = models.changeable(connection, caller, model_id)
                if model.row_key != seen.model.row_key:
                    return None
                found = truth_uploads.find(connection, model.row_key, upload.upload_id, locked=True)
                if found is None:
                    # Takes the name, which the first part would begin with.
                    truth_uploads.begin(connection, model.row_key, refused)
                    return refused
                if found.status is not UploadStatus.OPEN:
                    return found
                truth_uploads.refuse(connection, [found.row_key], _ABANDONED, self._clock())
                return replace(found, status=UploadStatus.REFUSED, faults=refused.faults)
        except IntegrityError:
            return None

    def _answered(self, model: Model, upload: TruthUpload) -> UploadAnswer:
        if upload.status is not UploadStatus.COMPLETE:
            return UploadAnswer(upload)
        return UploadAnswer(upload, self._matches.count(model.model_id, model.row_key, upload.row_key))

    def _taken(
        self, caller: Principal, model_id: str, seen: _Seen, upload: TruthUpload, piece: TruthPiece
    ) -> TruthUpload | None:
        """Takes a part; None where somebody else brought it meanwhile."""
        received = upload.place.byte
        if piece.offset > received:
            raise FailedPreconditionError(
                f"offset: {piece.offset} leaves a gap, for {received} bytes are here; go on from there",
                reason="UPLOAD_GAP",
                metadata={"received_bytes": str(received)},
            )
        end = piece.offset + len(piece.chunk)
        if piece.is_last and end < received:
            raise FailedPreconditionError(
                f"is_last: the file ends at {end} bytes, and {received} are here of {piece.upload_id!r}, "
                "which is of another file; give this one an upload_id of its own",
                reason="UPLOAD_SHORTER",
                metadata={"received_bytes": str(received)},
            )
        chunk = piece.chunk[received - piece.offset :]
        if received + len(chunk) > self._limits.max_file_bytes:
            raise ResourceExhaustedError(
                f"chunk: the file is longer than {self._limits.max_file_bytes} bytes "
                "(ground_truth.max_file_bytes); send it in several, or have the limit raised",
                reason="UPLOAD_TOO_LARGE",
            )
        now_us = self._clock()
        part = read_part(
            upload.kind,
            upload.place,
            chunk,
            is_last=piece.is_last,
            # A part that holds no whole row must end, too, where messages are short.
            max_row_bytes=min(MAX_ROW_BYTES, self._limits.chunk_bytes),
        )
        records = _checked(part, upload, seen.task, now_us)
        after = _after(upload, part, is_last=piece.is_last)
        try:
            with self._database.write() as connection:
                # The caller's right is looked at again where something is stored.
                model = models.changeable(connection, caller, model_id)
                if model.row_key != seen.model.row_key:
                    return None
                row_key = self._begun(connection, model, upload)
                if row_key is None:
                    return None
                after = replace(after, row_key=row_key, kept_before=upload.kept_before)
                if records and not after.faults:
                    after = self._put(connection, model, after, records, seen.entity_key, now_us)
                if after.status is UploadStatus.COMPLETE:
                    _check_room(connection, model, row_key)
                    truth_uploads.complete(connection, model.row_key, after, now_us)
                else:
                    truth_uploads.advance(connection, after, now_us)
        except IntegrityError:
            return None
        return after

    def _begun(self, connection: Connection, model: Model, upload: TruthUpload) -> int | None:
        """Answers the row of an upload that stands as it was read, made here for a new one; else None."""
        if upload.row_key:
            found = truth_uploads.find(connection, model.row_key, upload.upload_id, locked=True)
            stands = found is not None and (found.status, found.place) == (upload.status, upload.place)
            return upload.row_key if stands else None
        self._make_room(connection)
        return truth_uploads.begin(
            connection, model.row_key, replace(upload, kept_before=truths.count(connection, model.row_key))
        )

    def _make_room(self, connection: Connection) -> None:
        """Has the upload that waits longest give way where too many are begun.

        Raises:
            ResourceExhaustedError: All of them go on.
        """
        open_ones = truth_uploads.open_ones(connection)
        if len(open_ones) < self._limits.max_unfinished:
            return
        row_key, update_us = open_ones[0]
        if update_us >= self._clock() - _GIVES_WAY_US:
            raise ResourceExhaustedError(
                f"{len(open_ones)} uploads of outcomes are under way, and no more are allowed "
                "(ground_truth.max_unfinished); try again when one is done or has rested for ten minutes",
                reason="TOO_MANY_UPLOADS",
            )
        truth_uploads.refuse(connection, [row_key], _GAVE_WAY, self._clock())

    def _put(
        self,
        connection: Connection,
        model: Model,
        upload: TruthUpload,
        records: list[GroundTruth],
        entity_key: bytes,
        now_us: int,
    ) -> TruthUpload:
        taken = truths.put(
            connection,
            model.row_key,
            records,
            entity_hasher(entity_key),
            now_us,
            upload.row_key,
        )
        inserted = upload.inserted + taken.inserted
        # What was kept at the beginning may have been of uploads that came to nothing since.
        if (
            upload.kept_before + inserted > MAX_TRUTHS
            and truths.count_with(connection, model.row_key, upload.row_key) > MAX_TRUTHS
        ):
            raise too_many_truths(model.model_id)
        return replace(
            upload,
            inserted=inserted,
            corrected=upload.corrected + taken.corrected,
            repeated=upload.repeated + taken.repeated,
        )


def _check_room(connection: Connection, model: Model, upload_key: int) -> None:
    """Checks that a model has room for an upload that ends, whatever others brought since it began.

    Of two that end at once one finds the place taken, and is checked again.

    Raises:
        ResourceExhaustedError: It has not; the upload stays as it was before this part.
    """
    # All rows are more than can be seen: what others under way brought, and what was replaced, is among them.
    if truths.count(connection, model.row_key) <= MAX_TRUTHS:
        return
    if truths.count_with(connection, model.row_key, upload_key) > MAX_TRUTHS:
        raise too_many_truths(model.model_id)


def too_many_truths(model_id: str) -> ResourceExhaustedError:
    """Makes the error of a model that would have too many outcomes."""
    return ResourceExhaustedError(
        f"model {model_id!r} would have more than {MAX_TRUTHS} outcomes", metadata={"model_id": model_id}
    )


def _checked(part: FilePart, upload: TruthUpload, task: Task, now_us: int) -> list[GroundTruth]:
    """Checks rows by the rules of all outcomes; answers them, and adds to the part what is wrong."""
    records: list[GroundTruth] = []
    for row in part.rows:
        found = Violations()
        time_us = upload.begin_us if row.time_us is None else row.time_us
        record = GroundTruth(row.entity_id, row.outcome, time_us)
        check_truth(found, "", record, task, now_us)
        if found:
            part.faults += [RowFault(row.line, one.field, one.description) for one in found.found]
        else:
            records.append(record)
    return records


def _after(upload: TruthUpload, part: FilePart, *, is_last: bool) -> TruthUpload:
    """Answers how an upload stands behind a part, but for what was stored of it."""
    faults = [*upload.faults, *sorted(part.faults, key=lambda fault: fault.line)]
    if is_last and not faults and (missing := missing_columns(upload.kind, part.place)):
        faults.append(missing)
    status = UploadStatus.OPEN
    if part.is_hopeless or len(faults) >= MAX_FAULTS or (is_last and faults):
        status = UploadStatus.REFUSED
    elif is_last:
        status = UploadStatus.COMPLETE
    wrong = len({fault.line for fault in part.faults if fault.line})
    right = len({row.line for row in part.rows} - {fault.line for fault in part.faults})
    return replace(
        upload,
        status=status,
        place=part.place,
        row_count=upload.row_count + wrong + right,
        faults=tuple(faults[:MAX_FAULTS]),
    )
