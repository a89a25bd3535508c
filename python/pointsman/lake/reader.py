"""Reads a router's records: pages, single predictions, an entity's latest one, figures of a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pointsman.domain.measures.shadows import ShadowComparison
from pointsman.domain.measures.windows import Window, WindowCounts
from pointsman.domain.pages import decode_token, encode_token
from pointsman.domain.ports.core import LakeReading
from pointsman.domain.ports.journal import JournalTail
from pointsman.domain.records.lake import FoundLatest
from pointsman.domain.records.prediction_ids import time_us_of
from pointsman.domain.records.predictions import (
    FoundPrediction,
    Prediction,
    PredictionFilter,
    PredictionPage,
)
from pointsman.domain.routers import Router
from pointsman.domain.strategies.rules import FeatureRules
from pointsman.lake import coverage, measuring, rule_splits
from pointsman.lake.conditions import Conditions
from pointsman.lake.contents import read_contents
from pointsman.lake.engine import Engine, LakeOptions
from pointsman.lake.file_rows import PLACE
from pointsman.lake.keys import READ_FILES, Cursor, Key, files_of
from pointsman.lake.latest import LatestFinder
from pointsman.lake.listing import Listing, with_feedback
from pointsman.lake.replaying import MOST_ROWS, ReplayedPart, RoutersOf, end_of_part, replay_part
from pointsman.lake.shadows.answers import answers_of
from pointsman.lake.shadows.limits import Turns, check_row_count
from pointsman.lake.shadows.measuring import TOTAL, ShadowMeasurement
from pointsman.lake.shadows.pairs import CommonLabels, Pairing, truths
from pointsman.lake.snapshot import Snapshot, SnapshotReader
from pointsman.lake.tail import Tail, read_tail
from pointsman.lake.view import View
from pointsman.store.database import Database
from pointsman.store.feedback.feedback_reading import (
    MetricValue,
    RowsWithFeedback,
    rows_with_feedback_of,
    values_of_metric,
)
from pointsman.v1 import record_pb2

_VALUES_AT_A_TIME = 50_000
_COUNTED_COLUMNS = {*measuring.COLUMNS, *coverage.COLUMNS, *rule_splits.COLUMNS}


@dataclass(frozen=True)
class ShadowQuestion:
    """What a comparison of a shadow tells beside its figures.

    Attributes:
        metric: The metric whose feedback is what should have been predicted; empty for none.
        max_labels: At most so many pairs of labels.
    """

    metric: str
    max_labels: int


class LakeReader:
    """Reads records. Safe to use from several threads; every acknowledged call is in the next read.

    Args:
        database: Where manifest and feedback are.
        queries: Who reads, counts and decides again rows of files.
        journal: The journal, with what is in no file yet.
        lake_folder: The lake's folder.
        temporary_folder: Where queries put what does not fit into memory.
        options: Limits.
    """

    def __init__(
        self,
        database: Database,
        queries: LakeReading,
        journal: JournalTail,
        lake_folder: Path,
        temporary_folder: Path,
        options: LakeOptions | None = None,
    ) -> None:
        self._database = database
        self._queries = queries
        self._journal = journal
        self._options = options or LakeOptions()
        self._engine = Engine(lake_folder, temporary_folder, self._options)
        self._snapshots = SnapshotReader(database, journal, lake_folder)
        self._comparisons = Turns(self._options.wait_seconds)

    @property
    def engine(self) -> Engine:
        """Where it queries, for others that read the same files."""
        return self._engine

    def close(self) -> None:
        """Closes it."""
        self._engine.close()

    def list_page(
        self,
        router: Router,
        wanted: PredictionFilter,
        entity_ids: Sequence[str],
        *,
        page_size: int,
        page_token: str,
    ) -> PredictionPage:
        """Lists predictions with their feedback, and says what it lacks of other servers'.

        Args:
            router: Whose.
            wanted: Which of them, and in which order.
            entity_ids: The forms in which the filter's entity may be recorded.
            page_size: At most so many; a page may be shorter and still have one after it.
            page_token: Where the page before ended.

        Raises:
            InvalidArgumentError: The token is not valid.
            UnavailableError: The records cannot be read now.
        """
        filters = ("predictions", router.row_key, wanted)
        token = decode_token(page_token, filters, (int, str, int))
        after = None if token is None else (int(token[0]), str(token[1]), int(token[2]))
        start_us, end_us = wanted.start_time_us, wanted.end_time_us

        def read(snapshot: Snapshot) -> PredictionPage:
            conditions = Conditions.of(snapshot, wanted, entity_ids)
            view = View.of(connection, self._queries, self._journal, snapshot)
            listing = Listing(view, self._database, conditions, router.row_key)
            rows, going_on = listing.page(page_size, after, wanted.has_feedback)
            next_token = "" if going_on is None else encode_token(going_on, filters)
            return PredictionPage(tuple(rows), next_token, snapshot.unreached)

        with self._engine.cursor() as connection:
            page = self._snapshots.reading(router, start_us, end_us, read)
        return replace(page, items=tuple(with_feedback(self._database, page.items)))

    def find(self, router: Router, prediction_id: str, row: int) -> FoundPrediction:
        """Finds one row of a prediction, with the feedback of all its rows and what shadows answered.

        Args:
            router: Whose.
            prediction_id: The prediction's id, which says when it was made.
            row: The row of a batch, from 0.

        Returns:
            The row; or None in its place, with what could not be read of other servers.

        Raises:
            UnavailableError: The records cannot be read now.
        """
        # The id says when it was made; only what was recorded can be found, so no signature needs checking.
        time_us = time_us_of(prediction_id)
        if time_us is None:
            return FoundPrediction(None)

        wanted = PredictionFilter(start_time_us=time_us, end_time_us=time_us + 1)

        def may_be_copied(call: Prediction) -> bool:
            # A router that was changed since may have had shadows.
            has_shadow = any(variant.is_shadow for variant in router.variants)
            return has_shadow or router.update_time_us > call.time_us

        def read(snapshot: Snapshot) -> FoundPrediction:
            conditions = Conditions.of(snapshot, wanted, ())
            if conditions.span.is_empty:
                return FoundPrediction(None)
            view = View.of(connection, self._queries, self._journal, snapshot)
            key = _key_in_files(view, (time_us, prediction_id, row))
            wanted_key = (prediction_id, row)
            if key is not None:
                call: Prediction | None = read_contents(view, conditions, [key])[0]
            else:
                call = view.tail.rows(conditions, {wanted_key}).get(wanted_key)
            if call is None:
                return FoundPrediction(None, snapshot.unreached)
            answers = answers_of(connection, self._queries, self._journal, snapshot, conditions, call)
            # What this server took is all here; of others' calls a shadow's answer comes later than the call.
            journals = {
                file.journal_id for file in snapshot.files if key is not None and file.path == key.path
            }
            missed = tuple(one for one in snapshot.unreached if one.journal_id in journals)
            return FoundPrediction(
                replace(call, shadow_answers=answers, unreached=missed if may_be_copied(call) else ())
            )

        with self._engine.cursor() as connection:
            found = self._snapshots.reading(router, time_us, time_us + 1, read, with_shadows=True)
        if found.prediction is None:
            return found
        return FoundPrediction(with_feedback(self._database, [found.prediction], all_rows=True)[0])

    def latest_predictions(self, router: Router, recorded_entity_ids: Sequence[str]) -> FoundLatest:
        """Answers the ids of entities' newest answered predictions, without entities that have none.

        Raises:
            UnavailableError: The records cannot be read now.
        """

        def read(snapshot: Snapshot) -> FoundLatest:
            view = View.of(connection, self._queries, self._journal, snapshot)
            return FoundLatest(LatestFinder(view).find(recorded_entity_ids), snapshot.unreached)

        with self._engine.cursor() as connection:
            return self._snapshots.reading(router, None, None, read)

    def counts(self, router: Router, window: Window, feedback_from_us: int = 0) -> WindowCounts:
        """Counts what is recorded in a window, and says what is not counted of other servers'.

        Args:
            router: Whose.
            window: The window.
            feedback_from_us: Feedback for predictions before this covers nothing, deleted already or not.

        Raises:
            UnavailableError: The records cannot be read now.
        """
        wanted = PredictionFilter(start_time_us=window.start_time_us, end_time_us=window.end_time_us)

        def read(snapshot: Snapshot) -> WindowCounts:
            conditions = Conditions.of(snapshot, wanted, ())
            tail = read_tail(self._journal, snapshot, conditions, columns=_COUNTED_COLUMNS)
            counts = measuring.Measurement(
                connection, self._queries, snapshot, tail, conditions, window, self._options.threads
            ).counts()
            if isinstance(router.policy, FeatureRules):
                found = rule_splits.rule_splits(connection, snapshot, tail, conditions)
                counts = replace(counts, rule_splits=found)
            covered = coverage.covered_rows(
                self._queries,
                snapshot,
                tail,
                conditions,
                window,
                self._covering(router, conditions, feedback_from_us),
                self._options.threads,
            )
            return replace(
                counts,
                covered=covered,
                unreached=snapshot.unreached,
                first_time_us=_first_time_us(snapshot, tail),
            )

        with self._engine.cursor() as connection:
            return self._snapshots.reading(router, window.start_time_us, window.end_time_us, read)

    def compare_shadow(
        self, router: Router, shadow: str, window: Window, common_labels: CommonLabels, asked: ShadowQuestion
    ) -> ShadowComparison:
        """Compares a shadow's answers with those that were given, and says what it lacks of other servers'.

        Of those that bore the shadow's name, the model version is compared that bears it now; when there is
        no such shadow any more, the newest one.

        Args:
            router: Whose.
            shadow: The variant that got copies.
            window: The times of the calls; its steps are not looked at.
            common_labels: Answers which labels models share.
            asked: What is told beside.

        Raises:
            ResourceExhaustedError: There are too many rows, or another comparison is under way.
            UnavailableError: The records cannot be read now.
        """
        wanted = PredictionFilter(start_time_us=window.start_time_us, end_time_us=window.end_time_us)
        current = next((one.model_key for one in router.shadows if one.name == shadow), None)

        def read(snapshot: Snapshot) -> ShadowComparison:
            conditions = Conditions.of(snapshot, wanted, ())
            check_row_count((*snapshot.files, *snapshot.shadow_files), conditions.span)
            # A call is recorded before its copy, so copies are read first: none is found without its call.
            shadows = _read_shadow(self._journal, snapshot, conditions, shadow)
            pairing = Pairing(
                connection,
                snapshot,
                read_tail(self._journal, snapshot, conditions, with_bodies=True),
                shadows,
                conditions,
                shadow,
                current,
            )
            has_truths = bool(asked.metric)
            with (
                pairing.paired(common_labels, with_ids=has_truths) as paired,
                truths(connection, self._values(router, asked.metric, conditions)),
            ):
                measurement = ShadowMeasurement(connection, paired, asked.max_labels, has_truths=has_truths)
                found = measurement.figures()
            total = found.pop(TOTAL)
            return ShadowComparison(
                total,
                tuple(found.values()),
                paired.lone_shadow_rows,
                paired.first_time_us,
                snapshot.unreached,
                paired.model,
                paired.other_versions,
            )

        with self._comparisons.taken(), self._engine.cursor() as connection:
            start_us, end_us = window.start_time_us, window.end_time_us
            return self._snapshots.reading(router, start_us, end_us, read, with_shadows=True)

    def _covering(self, router: Router, conditions: Conditions, from_us: int) -> Iterator[RowsWithFeedback]:
        """Reads which rows have feedback, of calls of a time from another time on."""
        first_us, last_us = max(conditions.span.start_us, from_us), conditions.span.end_us
        with self._database.read() as connection:
            yield from rows_with_feedback_of(connection, router.row_key, first_us, last_us, _VALUES_AT_A_TIME)

    def _values(self, router: Router, metric: str, conditions: Conditions) -> Iterator[Sequence[MetricValue]]:
        """Reads the feedback of a metric for calls of a time; none without a metric."""
        if not metric:
            return
        span = conditions.span
        with self._database.read() as connection:
            yield from values_of_metric(
                connection, router.row_key, metric, span.start_us, span.end_us, _VALUES_AT_A_TIME
            )

    def replay(
        self,
        router: Router,
        start_time_us: int,
        end_time_us: int,
        routers_of: RoutersOf,
        *,
        max_examples: int,
    ) -> ReplayedPart:
        """Decides the calls of a window's first part again, and says what it lacks of other servers'.

        Args:
            router: Whose.
            start_time_us: Where the window begins.
            end_time_us: Where it ends; the part may end before.
            routers_of: Answers what the router was in some generations.
            max_examples: At most so many decisions that differ are told.

        Raises:
            UnavailableError: The records cannot be read now.
        """

        def read(snapshot: Snapshot) -> ReplayedPart:
            end_us = end_of_part(snapshot.files, end_time_us, MOST_ROWS)
            wanted = PredictionFilter(start_time_us=start_time_us, end_time_us=end_us)
            conditions = Conditions.of(snapshot, wanted, ())
            # With features: records refer to those of their row.
            tail = read_tail(self._journal, snapshot, conditions, with_bodies=True)
            query = replay_part(connection, snapshot, tail, conditions, routers_of)
            query.max_examples = max_examples
            query.thread_count = self._options.threads
            answer = self._queries.replay_lake_decisions(snapshot.lake_folder, query.SerializeToString())
            return ReplayedPart(record_pb2.ReplayAnswer.FromString(answer), end_us, snapshot.unreached)

        with self._engine.cursor() as connection:
            return self._snapshots.reading(router, start_time_us, end_time_us, read)


def _read_shadow(journal: JournalTail, snapshot: Snapshot, conditions: Conditions, shadow: str) -> Tail:
    """Reads the answers of a shadow that are in no file yet."""
    of_shadow = replace(conditions, variant=shadow)
    return read_tail(journal, snapshot, of_shadow, with_bodies=True, shadows=True)


def _first_time_us(snapshot: Snapshot, tail: Tail) -> int | None:
    """Answers the earliest time of what a read goes over; None when there is nothing."""
    times_us = [max(file.min_time_us, snapshot.start_time_us) for file in snapshot.files]
    times_us += [tail.oldest_us] if tail.tables else []
    return min(times_us, default=None)


def _key_in_files(view: View, cursor: Cursor) -> Key | None:
    """Finds where in the files a row is; None when it is in none."""
    if not view.snapshot.files:
        return None
    time_us, prediction_id, row = cursor
    paths = [file.path for file in view.snapshot.files]
    sql = (
        f"SELECT file_index, {PLACE} FROM {READ_FILES} "
        'WHERE time_us = $time_us AND prediction_id = $prediction_id AND "row" = $row'
    )
    values = {"time_us": time_us, "prediction_id": prediction_id, "row": row}
    # There is one, but a result that is not read to its end keeps the connection from other work.
    for index, place in view.connection.execute(sql, values | files_of(paths)).fetchall():
        return Key(time_us, row, prediction_id, paths[index], place)
    return None
