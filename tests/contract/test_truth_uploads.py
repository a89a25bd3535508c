"""Files of outcomes that come part by part: nothing of one is seen before its end, and then all of it."""

import asyncio
from datetime import UTC, datetime

import grpc
import pytest
from google.protobuf import struct_pb2

from pointsman.control.drift import truth_uploads
from pointsman.v1 import drift_pb2, model_pb2

from .drift_by_hand import a_prediction, a_truth, begin_long_ago, value
from .truth_uploads_by_hand import (
    HEAD,
    NOON,
    kept,
    kept_uploads,
    piece,
    rows,
    run_jobs,
    told,
    upload,
    upload_in_parts,
)

pytestmark = pytest.mark.usefixtures("logged_place")
AT_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY_US = 86_400_000_000
TIDY = ("outcome-uploads",)


@pytest.fixture
def database_url(each_database_url):
    return each_database_url


@pytest.fixture
async def cancer(bench):
    await bench.local.register(version="1", backend=None)
    begin_long_ago(bench.database_url)
    return bench.local


def advance(bench, by_us):
    bench.clock.offset_us += by_us


async def log(user, entity_id):
    await user.drift.LogPrediction(a_prediction(entity_id=entity_id))


async def outcomes(user):
    """By entity what its prediction came to, as all who read the model see it."""
    found = await user.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="cancer", limit=1000))
    return {one.entity_id: one.actual_outcome.string_value for one in found.predictions}


async def test_a_file_is_kept_and_matched_as_single_outcomes_are(cancer):
    for entity in ("ann", "bob"):
        await log(cancer, entity)
    answer = await upload(cancer, "u", rows(("ann", "approved"), ("bob", "denied"), ("cid", "denied")))
    assert answer.is_complete
    assert (answer.row_count, answer.inserted, answer.matched) == (3, 3, 2)
    assert await outcomes(cancer) == {"ann": "approved", "bob": "denied"}


async def test_however_it_is_cut_a_file_comes_to_the_same(cancer):
    text = rows(*((f"e{number}", "yes") for number in range(50)), ('"a\nb"', "no"))
    answers = [await upload_in_parts(cancer, f"u{length}", text, length) for length in (80, 1000, 5000)]
    assert [(one.row_count, one.inserted, one.repeated) for one in answers] == [
        (51, 51, 0),
        (51, 0, 51),
        (51, 0, 51),
    ]


async def test_nothing_is_seen_before_the_end(bench, cancer):
    await log(cancer, "ann")
    text = rows(("ann", "approved"), ("bob", "denied")).encode()
    await piece(cancer, "u", text)
    assert kept(bench) == 2
    assert await outcomes(cancer) == {"ann": ""}
    performance = drift_pb2.GetPerformanceHistoryRequest(model_id="cancer")
    assert (await cancer.drift.GetPerformanceHistory(performance)).history[0].sample_size == 0
    answer = await piece(cancer, "u", offset=len(text), is_last=True)
    assert answer.is_complete
    assert await outcomes(cancer) == {"ann": "approved"}
    assert (await cancer.drift.GetPerformanceHistory(performance)).history[0].sample_size == 1


async def test_a_wrong_row_is_told_with_its_line_and_nothing_is_kept(bench, cancer):
    good = "".join(f"e{number},yes,{NOON}\n" for number in range(40))
    text = HEAD + good + ",yes,\nann,,\nbob,yes,2999-01-01T00:00:00Z\n" + good
    await log(cancer, "e1")
    answer = await upload_in_parts(cancer, "u", text, 700)
    assert answer.is_refused
    assert told(answer) == [(42, "entity_id"), (43, "actual_outcome"), (44, "outcome_timestamp")]
    assert "is in the future" in answer.errors[2].description
    assert answer.row_count == 83
    assert await outcomes(cancer) == {"e1": ""}
    # Whoever lost the answer asks again.
    assert told(await piece(cancer, "u")) == told(answer)
    run_jobs(bench, TIDY)
    assert kept(bench) == 0


async def test_after_a_hundred_wrong_rows_nothing_more_is_read(cancer):
    answer = await piece(cancer, "u", (HEAD + ",yes,\n" * 150).encode())
    assert answer.is_refused
    assert told(answer) == [(line, "entity_id") for line in range(2, 102)]


async def test_a_file_of_numbers_is_asked_of_a_regression(cancer):
    await cancer.drift.CreateBaseline(
        drift_pb2.CreateBaselineRequest(
            model_id="cancer",
            version="v1",
            feature_data={"age": struct_pb2.ListValue(values=[value(1.0)])},
            target_data={
                "type": drift_pb2.DRIFT_TASK_REGRESSION,
                "values": {"values": [value(1.0)]},
            },
        )
    )
    answer = await upload(cancer, "u", rows(("ann", "1.5"), ("bob", "tall")))
    assert told(answer) == [(3, "actual_outcome")]


@pytest.mark.parametrize("text", ["", "entity_id;actual_outcome\nann,yes\n", "entity_id\nann\n"])
async def test_a_file_without_its_columns_is_refused(cancer, text):
    answer = await upload(cancer, "u", text)
    assert answer.is_refused
    assert answer.errors[0].line == 1


async def test_a_part_may_come_twice_and_a_gap_is_refused(cancer, failing):
    first, second = HEAD.encode() + b"ann,yes,\n", b"bob,no,\n"
    assert (await piece(cancer, "u", first)).received_bytes == len(first)
    assert (await piece(cancer, "u", first)).row_count == 1
    assert (await piece(cancer, "u", first + second)).row_count == 2
    failure = await failing(piece(cancer, "u", b"x", 1000))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "UPLOAD_GAP")
    end = len(first + second)
    answers = [await piece(cancer, "u", offset=end, is_last=True) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0].is_complete, answers[0].inserted) == (True, 2)


async def test_the_same_part_brought_at_once_is_taken_once(cancer):
    text = rows(*((f"e{number}", "yes") for number in range(300))).encode()
    answers = await asyncio.gather(
        *(piece(cancer, "u", text, is_last=True) for _ in range(4)), return_exceptions=True
    )
    assert any(not isinstance(one, BaseException) and one.is_complete for one in answers), answers
    answer = await piece(cancer, "u")
    assert (answer.row_count, answer.inserted, answer.repeated) == (300, 300, 0)


async def test_outcomes_without_a_time_are_of_when_the_upload_began_and_later_rows_correct_earlier(cancer):
    await log(cancer, "ann")
    text = b"entity_id,actual_outcome\nann,approved\nbob,no\n"
    await piece(cancer, "u", text)
    answer = await piece(cancer, "u", b"ann,denied\nbob,no\n", len(text), is_last=True)
    assert (answer.inserted, answer.corrected, answer.repeated) == (2, 1, 1)
    assert await outcomes(cancer) == {"ann": "denied"}


async def test_an_upload_corrects_under_the_same_id_and_what_it_replaced_goes(bench, cancer):
    await log(cancer, "ann")
    before = await cancer.drift.AddGroundTruth(a_truth("ann", "approved"))
    time = (await cancer.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="cancer"))).predictions
    assert time[0].actual_outcome.string_value == "approved"
    first = await upload(cancer, "u1", rows(("ann", "denied"), ("bob", "no")))
    second = await upload(cancer, "u2", rows(("ann", "approved"), ("bob", "no"), ("cid", "no")))
    assert (first.inserted, first.corrected) == (2, 0)
    assert (second.inserted, second.corrected, second.repeated) == (1, 1, 1)
    assert kept(bench) == 5
    run_jobs(bench, TIDY)
    assert kept(bench) == 4
    assert before.ground_truth_id
    assert await outcomes(cancer) == {"ann": "approved"}


async def test_a_single_outcome_corrects_what_an_upload_brought(bench, cancer):
    await log(cancer, "ann")
    await upload(cancer, "u", rows(("ann", "approved")))
    one = await cancer.drift.AddGroundTruth(a_truth("ann", "denied", AT_NOON))
    again = await cancer.drift.AddGroundTruth(a_truth("ann", "denied", AT_NOON))
    assert one.ground_truth_id == again.ground_truth_id
    assert kept(bench) == 1
    assert await outcomes(cancer) == {"ann": "denied"}


async def test_what_was_told_while_an_upload_went_on_is_replaced_by_it(bench, cancer):
    await log(cancer, "ann")
    text = rows(("ann", "approved")).encode()
    await piece(cancer, "u", text)
    await cancer.drift.AddGroundTruth(a_truth("ann", "denied", AT_NOON))
    assert await outcomes(cancer) == {"ann": "denied"}
    await piece(cancer, "u", offset=len(text), is_last=True)
    assert await outcomes(cancer) == {"ann": "approved"}
    run_jobs(bench, TIDY)
    assert kept(bench) == 1
    assert await outcomes(cancer) == {"ann": "approved"}


async def test_an_abandoned_upload_leaves_nothing(bench, cancer, failing):
    text = rows(("ann", "yes")).encode()
    await piece(cancer, "u", text)
    assert (await piece(cancer, "u", is_abandoned=True)).is_refused
    assert (await piece(cancer, "u", b"bob,no,\n", len(text), is_last=True)).is_refused
    run_jobs(bench, TIDY)
    assert kept(bench) == 0


async def test_an_upload_that_is_abandoned_before_its_only_part_is_stored_takes_none(bench, cancer):
    # What a client that goes away says overtakes the part that it had sent.
    assert (await piece(cancer, "u", is_abandoned=True)).is_refused
    assert (await piece(cancer, "u", rows(("ann", "yes")).encode(), is_last=True)).is_refused
    assert kept(bench) == 0


async def test_to_abandon_an_upload_whose_end_was_stored_says_that_it_is_complete(cancer):
    await log(cancer, "ann")
    await upload(cancer, "u", rows(("ann", "approved")))
    answer = await piece(cancer, "u", is_abandoned=True)
    assert (answer.is_complete, answer.is_refused) == (True, False)
    assert (answer.inserted, answer.matched) == (1, 1)
    assert await outcomes(cancer) == {"ann": "approved"}


async def test_a_shorter_file_under_the_name_of_an_upload_under_way_does_not_end_it(cancer, failing):
    await log(cancer, "ann")
    await piece(cancer, "u", rows(("ann", "approved"), ("bob", "denied")).encode())
    other = rows(("cid", "approved")).encode()
    failure = await failing(piece(cancer, "u", other, is_last=True))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "UPLOAD_SHORTER")
    assert not (await piece(cancer, "u")).is_complete
    assert await outcomes(cancer) == {"ann": ""}


async def test_rows_of_an_upload_under_way_do_not_count_against_another(bench, cancer, monkeypatch):
    monkeypatch.setattr(truth_uploads, "MAX_TRUTHS", 5)
    dead = rows(*((f"e{number}", "yes") for number in range(4))).encode()
    await piece(cancer, "dead", dead)
    assert (await upload(cancer, "u", rows(*((f"e{number}", "no") for number in range(4))))).is_complete


async def test_an_upload_that_nothing_comes_for_in_a_day_is_ended_and_deleted(bench, cancer):
    await piece(cancer, "u", rows(("ann", "yes")).encode())
    advance(bench, DAY_US - 60_000_000)
    run_jobs(bench, TIDY)
    assert kept(bench) == 1
    advance(bench, 60_000_001)
    run_jobs(bench, TIDY)
    assert kept(bench) == 0
    assert (await piece(cancer, "u")).is_refused
    advance(bench, DAY_US + 1)
    run_jobs(bench, TIDY)
    assert kept_uploads(bench) == 0


async def test_past_so_many_uploads_another_is_refused_until_one_has_rested(bench, cancer, failing):
    for number in range(16):
        await piece(cancer, f"u{number}", HEAD.encode())
    failure = await failing(piece(cancer, "more", HEAD.encode()))
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_UPLOADS")
    advance(bench, 600_000_001)
    assert (await piece(cancer, "more", HEAD.encode())).received_bytes == len(HEAD)
    assert (await piece(cancer, "u0")).is_refused


async def test_outcomes_go_when_they_were_told_last_before_the_horizon(bench, cancer):
    await upload(cancer, "u", rows(("ann", "yes"), ("bob", "yes")))
    advance(bench, 89 * DAY_US)
    run_jobs(bench, ["old-outcomes"])
    assert kept(bench) == 2
    await cancer.drift.AddGroundTruth(a_truth("cid", "no"))
    advance(bench, 2 * DAY_US)
    run_jobs(bench, ["old-outcomes", *TIDY])
    assert kept(bench) == 1
    assert kept_uploads(bench) == 0


async def test_an_outcome_that_is_told_again_stays_as_long_from_then_on(bench, cancer):
    for entity in ("ann", "cid"):
        await cancer.drift.AddGroundTruth(a_truth(entity, "yes", AT_NOON))
    await upload(cancer, "u", rows(("bob", "yes")))
    advance(bench, 89 * DAY_US)
    await cancer.drift.AddGroundTruth(a_truth("ann", "yes", AT_NOON))
    assert (await upload(cancer, "v", rows(("bob", "yes")))).repeated == 1
    advance(bench, 2 * DAY_US)
    run_jobs(bench, ["old-outcomes", *TIDY])
    assert kept(bench) == 2, "those of ann and bob were told two days ago, that of cid before the horizon"
    advance(bench, 89 * DAY_US)
    run_jobs(bench, ["old-outcomes", *TIDY])
    assert kept(bench) == 0


async def test_uploads_at_once_do_not_bring_a_model_past_its_outcomes(bench, cancer, failing, monkeypatch):
    monkeypatch.setattr(truth_uploads, "MAX_TRUTHS", 5)
    files = {name: rows(*((f"{name}{number}", "yes") for number in range(3))).encode() for name in "uv"}
    head = HEAD.encode()
    for name in files:
        await piece(cancer, name, head)
    for name, text in files.items():
        await piece(cancer, name, text[len(head) :], len(head))
    assert (await piece(cancer, "u", offset=len(files["u"]), is_last=True)).is_complete
    failure = await failing(piece(cancer, "v", offset=len(files["v"]), is_last=True))
    assert failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    await log(cancer, "v1")
    assert await outcomes(cancer) == {"v1": ""}
    answer = await piece(cancer, "v")
    assert not answer.is_complete
    assert answer.received_bytes == len(files["v"])
    assert (await piece(cancer, "v", is_abandoned=True)).is_refused
    run_jobs(bench, TIDY)
    assert kept(bench) == 3


async def test_the_same_file_twice_at_once_is_within_the_limit_when_one_is(bench, cancer, monkeypatch):
    monkeypatch.setattr(truth_uploads, "MAX_TRUTHS", 5)
    text = rows(*((f"e{number}", "yes") for number in range(5))).encode()
    head = HEAD.encode()
    for name in "uv":
        await piece(cancer, name, head)
    for name in "uv":
        await piece(cancer, name, text[len(head) :], len(head))
    for name in "uv":
        assert (await piece(cancer, name, offset=len(text), is_last=True)).is_complete
    run_jobs(bench, TIDY)
    assert kept(bench) == 5


async def test_a_deleted_model_gives_its_id_back_at_once_and_its_outcomes_go_in_parts(bench, cancer):
    await upload(cancer, "u", rows(*((f"e{number}", "yes") for number in range(30))))
    await log(cancer, "e1")
    await cancer.models.DeleteModelVersion(
        model_pb2.DeleteModelVersionRequest(model_id="cancer", version="1")
    )
    await cancer.register(version="1", backend=None)
    assert await outcomes(cancer) == {}
    answer = await upload(cancer, "u", rows(("e1", "no")))
    assert (answer.inserted, answer.repeated) == (1, 0)
    assert kept(bench) == 31
    run_jobs(bench, ["gone-models"])
    assert kept(bench) == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"upload_id": ""}, "upload_id"),
        ({"upload_id": "a b"}, "upload_id"),
        ({"format": 0}, "format"),
        ({"offset": -1}, "offset"),
        ({"chunk": b"a" * (1024 * 1024 + 1)}, "chunk"),
    ],
)
async def test_a_field_that_is_wrong_is_named(cancer, failing, fields, field):
    given = {"upload_id": "u"} | fields
    failure = await failing(piece(cancer, given.pop("upload_id"), **given))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [field]


async def test_only_who_may_change_the_model_uploads(bench, cancer, failing):
    stranger = bench.user("eve")
    assert (await failing(piece(stranger, "u"))).code is grpc.StatusCode.NOT_FOUND
    failure = await failing(piece(cancer, "u", model_id="nobody"))
    assert failure.code is grpc.StatusCode.NOT_FOUND
