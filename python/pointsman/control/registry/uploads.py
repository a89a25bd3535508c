"""Takes ONNX files piece by piece, and removes what nobody names."""

import errno
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.registry.upload_folder import Part, UploadFolder
from pointsman.domain.ports.core import FileReading
from pointsman.domain.uploads import UploadLimits, UploadPiece, UploadState
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from pointsman.errors import (
    BackendError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    ResourceExhaustedError,
)
from pointsman.store import model_versions
from pointsman.store.database import Database

_log = structlog.get_logger(__name__)

_KEPT_US = MICROSECONDS_PER_DAY
_GIVES_WAY_US = 600 * MICROSECONDS_PER_SECOND
_TIDY_EVERY_SECONDS = 3600.0
_SHOWN_NAMES = 3


class Uploads:
    """Uploads of this server.

    Args:
        database: Says which files model versions name.
        files: Says what lies beside an ONNX file.
        models_dir: The models folder.
        limits: What uploads may take up.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        files: FileReading,
        models_dir: Path,
        limits: UploadLimits,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._files = files
        self._folder = UploadFolder(models_dir)
        self._limits = limits
        self._clock = clock

    @property
    def chunk_bytes(self) -> int:
        """The most that one call brings."""
        return self._limits.chunk_bytes

    def job(self) -> Job:
        """Answers the job that removes what nobody names."""
        return Job("uploaded-files", _TIDY_EVERY_SECONDS, Scope.SERVER, self.tidy)

    def take(self, user_id: str, piece: UploadPiece) -> UploadState:
        """Takes a piece of a file; the last one makes the file.

        Each user has parts of their own, so that nobody spoils those of another. Who sends a file twice at a
        time sends it once: what is there already is passed over.

        Args:
            user_id: Who sends it.
            piece: The piece; without a chunk nothing is taken.

        Returns:
            How far the file is now.

        Raises:
            FailedPreconditionError: There is a gap before the chunk, or the folder cannot be written.
            InvalidArgumentError: A field is wrong, the bytes are not those of the digest, or the file is no
                model by itself.
            ResourceExhaustedError: The file or the number of uploads is above its limit, or the disk is full.
        """
        piece.check(self._limits)
        if piece.size_bytes > self._limits.max_file_bytes:
            raise ResourceExhaustedError(
                f"size_bytes: {piece.size_bytes} bytes are above the limit of {self._limits.max_file_bytes} "
                "(uploads.max_file_bytes); have it raised, or copy the file into <data-dir>/models at the "
                "server and register its path",
                reason="UPLOAD_TOO_LARGE",
            )
        try:
            self._folder.make()
            return self._taken(_part_name(user_id, piece), piece)
        except OSError as error:
            raise _refused(error) from error

    def keep(self, path: str) -> None:
        """Notes that the file of a path is about to be named, if it was uploaded, so that it is not removed.

        Args:
            path: Relative to the models folder.
        """
        try:
            if sha256 := self._folder.digest_in(path):
                self._folder.ask(sha256, self._clock())
        except OSError as error:
            # What is wrong with the file is told when it is read.
            _log.debug("cannot keep an uploaded file", reason=str(error))

    def tidy(self, _: JobContext) -> bool:
        """Removes uploads that went no further, and files that no model version names, for a day."""
        before_us = self._clock() - _KEPT_US
        old = [name for name, since in self._folder.parts().items() if since < before_us]
        if old:
            with self._folder.lock():
                count = sum(self._folder.remove_part(name) for name in old)
            _log.info("removed unfinished uploads", count=count)
        aged = {sha256 for sha256, since in self._folder.whole_since().items() if since < before_us}
        if aged:
            self._folder.make()
            # Read after their ages: a version that comes later has asked for its file, which makes it young.
            with self._database.read() as connection:
                paths = model_versions.onnx_paths(connection)
            for sha256 in sorted(aged - {self._folder.digest_in(path) for path in paths}):
                if self._folder.remove_whole(sha256, before_us):
                    _log.info("removed an uploaded file that no model version names", sha256=sha256)
        return False

    def _taken(self, name: str, piece: UploadPiece) -> UploadState:
        complete = UploadState(piece.path, piece.size_bytes, is_complete=True)
        if self._is_whole(piece):
            # What is left of this user's own upload, when another one was first.
            with self._folder.lock():
                self._folder.remove_part(name)
            return complete
        if piece.chunk:
            self._begin(name, piece)
        with self._folder.part(name) as part:
            if part is None and self._is_whole(piece):
                # Who had the part before finished it while this call waited.
                return complete
            received = 0 if part is None else part.size_bytes
            if part is None or received < piece.size_bytes:
                self._check_space(piece.size_bytes - received)
            if piece.offset > received:
                raise FailedPreconditionError(
                    f"offset: {piece.offset} leaves a gap, for {received} bytes are here; go on from there",
                    reason="UPLOAD_GAP",
                    metadata={"received_bytes": str(received)},
                )
            if part is None:
                return UploadState(piece.path, 0, is_complete=False)
            if further := piece.chunk[received - piece.offset :]:
                part.append(further, self._clock())
                received += len(further)
            if received < piece.size_bytes:
                return UploadState(piece.path, received, is_complete=False)
            self._finish(part, piece)
        return complete

    def _is_whole(self, piece: UploadPiece) -> bool:
        """Whether the file is there already; one that was altered since is not, and an upload mends it."""
        if not self._folder.ask(piece.sha256, self._clock()):
            return False
        try:
            digest, size_bytes = self._folder.whole_digest(piece.sha256)
        except OSError:
            return False
        if digest == piece.sha256 and size_bytes != piece.size_bytes:
            raise InvalidArgumentError.at(
                "size_bytes", f"{piece.size_bytes} is not the length of that file; it has {size_bytes} bytes"
            )
        return digest == piece.sha256

    def _begin(self, name: str, piece: UploadPiece) -> None:
        """Makes room for a part and makes it, where it is not there.

        Raises:
            ResourceExhaustedError: Too many are begun, and all of them go on.
        """
        with self._folder.lock():
            parts = self._folder.parts()
            if name in parts or piece.offset > 0:
                return
            self._check_space(piece.size_bytes)
            if len(parts) >= self._limits.max_unfinished:
                oldest = min(parts, key=lambda part: parts[part])
                is_idle = parts[oldest] < self._clock() - _GIVES_WAY_US
                if not (is_idle and self._folder.remove_part(oldest)):
                    raise ResourceExhaustedError(
                        f"{len(parts)} uploads are under way, and no more are allowed "
                        "(uploads.max_unfinished); try again when one is done or has rested for ten minutes",
                        reason="TOO_MANY_UPLOADS",
                    )
            self._folder.begin(name, self._clock())

    def _check_space(self, further_bytes: int) -> None:
        """Refuses what the disk has no room for.

        Raises:
            ResourceExhaustedError: It says how much is missing.
        """
        missing = further_bytes + self._limits.reserve_bytes - self._folder.free_bytes
        if missing > 0:
            raise ResourceExhaustedError(
                f"size_bytes: the disk of <data-dir>/models lacks {missing} bytes, for {further_bytes} are "
                f"to come and {self._limits.reserve_bytes} stay free (uploads.reserve_bytes); make room",
                reason="NO_SPACE",
                metadata={"missing_bytes": str(missing)},
            )

    def _finish(self, part: Part, piece: UploadPiece) -> None:
        """Checks a part that is as long as its file, and makes the file of it; else removes it.

        Raises:
            InvalidArgumentError: It is another file, or none that can be used.
        """
        digest = part.digest()
        if digest != piece.sha256:
            part.remove()
            told = (
                f"the {piece.size_bytes} bytes that came have SHA-256 {digest}, not {piece.sha256}, and are "
                "not kept; send the file again, and do not write to it meanwhile"
            )
            raise InvalidArgumentError(
                f"chunk: {told}", reason="UPLOAD_DIFFERS", fields=[FieldViolation("chunk", told)]
            )
        try:
            names = self._files.data_file_names(part.path)
        except BackendError as error:
            part.remove()
            raise InvalidArgumentError.at("chunk", f"the file is not kept: {error}") from error
        if names:
            part.remove()
            raise _has_data_files(names)
        part.become(piece.sha256, self._clock())
        _log.info("took an uploaded file", path=piece.path, size_bytes=piece.size_bytes)


def _part_name(user_id: str, piece: UploadPiece) -> str:
    user = hashlib.sha256(user_id.encode()).hexdigest()[:16]
    return f"{piece.sha256}-{piece.size_bytes}-{user}"


def _has_data_files(names: Sequence[str]) -> InvalidArgumentError:
    shown = ", ".join(repr(name) for name in names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return InvalidArgumentError.at(
        "chunk",
        f"the file is not kept: its weights lie in data files beside it ({shown}{more}), and an upload takes "
        "one file; save the model as one file (up to 2 GiB), or copy it with its data files into "
        "<data-dir>/models at the server and register its path",
    )


def _refused(error: OSError) -> FailedPreconditionError | ResourceExhaustedError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceExhaustedError(
            "the disk of <data-dir>/models is full; make room there", reason="NO_SPACE"
        )
    reason = (error.strerror or str(error)).lower()
    return FailedPreconditionError(
        f"<data-dir>/models/uploaded cannot be written at the server ({reason}); make it writable there",
        reason="UPLOAD_FOLDER",
    )
