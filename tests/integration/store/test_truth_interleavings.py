"""Of one entity and time the outcome that came last is seen, in whatever order outcomes and uploads come.

Held against a model of two dictionaries: what is seen, and what each upload under way will put over it.
"""

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from pointsman.domain.drift.ground_truth import GroundTruth
from pointsman.domain.drift.truth_files import FilePlace, TruthFormat
from pointsman.domain.drift.truth_uploads import TruthUpload, UploadStatus
from pointsman.store.drift import truth_uploads, truths
from pointsman.store.schema import drift_truths, models

from .rows import add_model

ENTITIES = ("ann", "bob", "cid", "dan")
TIMES = (5, 7)
OUTCOMES = ("a", "b", "c")
STEPS = 150


class Outcomes:
    """Outcomes of a model in a database."""

    def __init__(self, database):
        self.database = database
        add_model(database)
        with database.read() as connection:
            self.model_key = connection.execute(select(models.c.row_key)).scalar_one()
        self.uploads = {}
        self.now_us = 1_000

    def tell(self, told, upload_id=None):
        """Answers how many of the outcomes are new, corrections and repeats."""
        self.now_us += 1
        records = [GroundTruth(entity, outcome, time_us) for (entity, time_us), outcome in told]
        upload = self.uploads.get(upload_id)
        with self.database.write() as connection:
            taken = truths.put(
                connection,
                self.model_key,
                records,
                lambda _: "0" * 32,
                self.now_us,
                upload.row_key if upload else 0,
            )
        counts = Counter(inserted=taken.inserted, corrected=taken.corrected, repeated=taken.repeated)
        if upload:
            self.uploads[upload_id] = replace(
                upload, **{name: getattr(upload, name) + count for name, count in counts.items()}
            )
        return +counts

    def begin(self, upload_id):
        upload = TruthUpload(0, upload_id, TruthFormat.CSV, UploadStatus.OPEN, FilePlace(), self.now_us)
        with self.database.write() as connection:
            row_key = truth_uploads.begin(connection, self.model_key, upload)
        self.uploads[upload_id] = replace(upload, row_key=row_key)

    def complete(self, upload_id):
        ended = replace(self.uploads.pop(upload_id), status=UploadStatus.COMPLETE)
        with self.database.write() as connection:
            truth_uploads.complete(connection, self.model_key, ended, self.now_us)

    def cancel(self, upload_id):
        row_key = self.uploads.pop(upload_id).row_key
        with self.database.write() as connection:
            truth_uploads.refuse(connection, [row_key], "it was cancelled", self.now_us)

    def tidy(self, most):
        """Does a step of what deletes what nobody can see; answers whether there may be more."""
        with self.database.write() as connection:
            refused = truth_uploads.refused_with_rows(connection)
            if refused is not None:
                return truths.remove_of_upload(connection, refused, most) > 0
            return truth_uploads.settle(connection, most)

    def seen(self, entity_ids=None):
        with self.database.read() as connection:
            return {
                (entity, time_us): outcome.strip('"')
                for part in truths.each(connection, self.model_key, entity_ids)
                for entity, time_us, outcome in zip(
                    part.entity_ids, part.outcome_times_us, part.outcomes, strict=True
                )
            }

    def row_count(self):
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(drift_truths)).scalar_one()


def expect(seen, pending, told):
    """Does to the model what telling does; answers the counts.

    What an upload under way brought, ``pending``, lies over what is seen.
    """
    counts: Counter[str] = Counter()
    for key, outcome in told:
        before = pending.get(key, seen.get(key))
        counts["inserted" if before is None else "repeated" if before == outcome else "corrected"] += 1
        if before != outcome:
            pending[key] = outcome
    return counts


def drawn(draw):
    count = draw.choice((1, 1, 2, 6))
    keys = [(draw.choice(ENTITIES), draw.choice(TIMES)) for _ in range(count)]
    return [(key, draw.choice(OUTCOMES)) for key in keys]


@pytest.mark.parametrize("seed", range(8))
def test_what_came_last_is_seen_in_whatever_order_outcomes_come_uploads_end_and_are_tidied(database, seed):
    draw, outcomes = random.Random(seed), Outcomes(database)
    seen: dict[Any, Any] = {}
    pending: dict[str, dict[Any, Any]] = {}
    steps: list[Any] = []
    for number in range(STEPS):
        step = draw.choice(("tell", "tell", "tell", "bring", "bring", "begin", "complete", "cancel", "tidy"))
        chosen = draw.choice(sorted(pending)) if pending else None
        steps.append((step, chosen))
        if step == "tell":
            told = drawn(draw)
            steps[-1] = (step, told)
            assert outcomes.tell(told) == expect(seen, seen, told), steps
        elif step == "begin" and len(pending) < 3:
            outcomes.begin(f"u{number}")
            pending[f"u{number}"] = {}
        elif step == "bring" and chosen:
            told = drawn(draw)
            steps[-1] = (step, chosen, told)
            assert outcomes.tell(told, chosen) == expect(seen, pending[chosen], told), steps
        elif step == "complete" and chosen:
            outcomes.complete(chosen)
            seen.update(pending.pop(chosen))
        elif step == "cancel" and chosen and draw.random() < 0.5:
            outcomes.cancel(chosen)
            del pending[chosen]
        elif step == "tidy":
            outcomes.tidy(draw.choice((1, 2, 50)))
        assert outcomes.seen() == outcomes.seen(ENTITIES) == seen, steps
    while outcomes.tidy(50):
        pass
    assert outcomes.seen() == outcomes.seen(ENTITIES) == seen, steps
    assert outcomes.row_count() == len(seen) + sum(len(brought) for brought in pending.values()), (
        "something is kept twice"
    )


def test_a_correction_after_an_upload_stays_when_what_the_upload_replaced_is_deleted(database):
    outcomes, key = Outcomes(database), ("ann", 5)
    outcomes.tell([(key, "old")])
    outcomes.begin("u")
    outcomes.tell([(key, "of the file")], "u")
    outcomes.complete("u")
    assert outcomes.tell([(key, "newest")]) == {"corrected": 1}
    assert outcomes.seen() == {key: "newest"}
    assert outcomes.tell([(key, "old")]) == {"corrected": 1}, "what an upload replaced is not there to repeat"
    while outcomes.tidy(50):
        pass
    assert outcomes.seen() == {key: "old"}


def test_what_an_upload_found_there_it_does_not_put_back_over_a_later_correction(database):
    outcomes, key = Outcomes(database), ("ann", 5)
    outcomes.tell([(key, "0")])
    outcomes.begin("u")
    assert outcomes.tell([(key, "0")], "u") == {"repeated": 1}
    outcomes.tell([(key, "1")])
    outcomes.complete("u")
    assert outcomes.seen() == {key: "1"}
