"""Uploads of outcomes as messages."""

from pointsman.control.convert.enums import EnumMap
from pointsman.control.drift.truth_uploads import UploadAnswer
from pointsman.domain.drift.truth_files import TruthFormat
from pointsman.domain.drift.truth_uploads import TruthPiece, UploadStatus
from pointsman.v1 import drift_pb2

FORMAT = EnumMap(TruthFormat, drift_pb2.GroundTruthFormat, "GROUND_TRUTH_FORMAT_")


def piece_from(request: drift_pb2.UploadGroundTruthFileRequest) -> TruthPiece:
    """Reads a part of a file.

    Raises:
        InvalidArgumentError: The format is of no known number.
    """
    return TruthPiece(
        request.upload_id,
        FORMAT.word(request.format, "format"),
        request.offset,
        request.chunk,
        request.is_last,
    )


def upload_to(answer: UploadAnswer, chunk_bytes: int) -> drift_pb2.UploadGroundTruthFileResponse:
    """Makes the message of an upload.

    Args:
        answer: How far it is.
        chunk_bytes: The most that one call brings.
    """
    upload = answer.upload
    is_refused = upload.status is UploadStatus.REFUSED
    return drift_pb2.UploadGroundTruthFileResponse(
        received_bytes=upload.place.byte,
        row_count=upload.row_count,
        is_complete=upload.status is UploadStatus.COMPLETE,
        is_refused=is_refused,
        errors=[
            drift_pb2.GroundTruthRowError(line=fault.line, field=fault.field, description=fault.description)
            for fault in (upload.faults if is_refused else ())
        ],
        inserted=upload.inserted,
        corrected=upload.corrected,
        repeated=upload.repeated,
        matched=answer.matched,
        chunk_bytes=chunk_bytes,
    )
