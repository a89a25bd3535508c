"""Files of the lake: messages of the data plane as entries of the manifest."""

from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.v1 import record_pb2


def predictions_file(
    message: record_pb2.LakeFile, journal_id: str, start_position: int, end_position: int
) -> LakeFile:
    """Reads a file of predictions, or of shadows' answers.

    Args:
        message: The file.
        journal_id: The journal that its rows came from.
        start_position: Where its first segment begins.
        end_position: Where its last segment ends.
    """
    return LakeFile(
        kind=LakeKind.SHADOWS if message.shadows else LakeKind.PREDICTIONS,
        path=message.path,
        router_id=message.router_id,
        model_id=message.model_id,
        date=message.date,
        journal_id=journal_id,
        start_position=start_position,
        end_position=end_position,
        row_count=message.row_count,
        byte_count=message.byte_count,
        min_time_us=message.min_time_us,
        max_time_us=message.max_time_us,
        router_incarnation=message.router_incarnation,
    )
