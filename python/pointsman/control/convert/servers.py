"""What is not reached of other servers, as messages."""

from collections.abc import Iterable

from pointsman.control.convert.times import timestamp_of
from pointsman.domain.records.servers import UnreachedJournal
from pointsman.v1 import prediction_pb2


def unreached_to(journals: Iterable[UnreachedJournal]) -> list[prediction_pb2.UnreachedJournal]:
    """Makes the messages of journals that an answer lacks."""
    return [_message(journal) for journal in journals]


def _message(journal: UnreachedJournal) -> prediction_pb2.UnreachedJournal:
    return prediction_pb2.UnreachedJournal(
        journal_id=journal.journal_id,
        server=journal.place,
        seen_time=timestamp_of(journal.seen_time_us) if journal.seen_time_us else None,
        row_count=journal.row_count,
        tail_missing=journal.tail_missing,
        stored_until=timestamp_of(journal.stored_until_us) if journal.stored_until_us else None,
    )
