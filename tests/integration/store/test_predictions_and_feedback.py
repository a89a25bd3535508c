"""Predictions, feedback and keys in SQL."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from pointsman.domain.keys import ApiKey, Scope, SigningKey
from pointsman.domain.predictions import (
    DecisionReason,
    Feedback,
    FeedbackOutcome,
    FeedbackTotals,
    Prediction,
    RandomisedBy,
)
from pointsman.store import api_keys, feedback, predictions, signing_keys
from pointsman.store.predictions import MAX_DOCUMENT_CHARS, PredictionFilter

from .rows import add_model, add_router


@pytest.fixture
def router(database):
    add_model(database, "1")
    add_model(database, "2")
    return add_router(database)


def a_prediction(number, **fields):
    values = {"time_us": number, "entity_id": "u"}
    return Prediction(f"p{number:04}", "cancer", "lr", "cancer", "1", **(values | fields))


def a_feedback(number, value=1.0, metric="reward", **fields):
    return Feedback(f"p{number:04}", "cancer", "lr", metric, value, 7, number, **fields)


def add(database, router, *rows):
    with database.write() as connection:
        predictions.add_many(connection, [(router.row_key, row) for row in rows])


def listed(database, router, page_size=100, page_token="", **wanted):
    with database.read() as connection:
        return predictions.list_page(
            connection,
            router.row_key,
            "cancer",
            PredictionFilter(**wanted),
            page_size=page_size,
            page_token=page_token,
        )


def test_a_prediction_is_read_back_whole(database, router):
    prediction = a_prediction(
        1,
        generation=2**40,
        propensity=0.1 + 0.2,
        reason=DecisionReason.WEIGHT,
        randomised_by=RandomisedBy.REQUEST,
        status_code=14,
        overhead_ns=1,
        backend_latency_ns=2**40,
        request_id="r",
        features={"a": 1.5, "b": [None, True, {"c": "é"}]},
        prediction=None,
        has_prediction=True,
        probabilities=(0.1, 0.9),
    )
    add(database, router, prediction)
    with database.read() as connection:
        assert predictions.find(connection, router.row_key, "cancer", "p0001") == prediction


def test_numbers_that_json_lacks_and_texts_that_sql_lacks_do_no_harm(database, router):
    add(
        database,
        router,
        a_prediction(
            1,
            features={"nan": math.nan, "inf": -math.inf, "nul": "a\x00b"},
            probabilities=(math.nan,),
            entity_id="a\x00b",
        ),
        a_prediction(2, features={"long": "x" * MAX_DOCUMENT_CHARS}),
    )
    long, odd = listed(database, router).items
    assert odd.features == {"nan": None, "inf": "-Infinity", "nul": "a\x00b"}
    assert math.isnan(odd.probabilities[0])
    assert odd.entity_id == "a\ufffdb"
    assert long.features == {}


def test_a_prediction_is_stored_once(database, router):
    add(database, router, a_prediction(1), a_prediction(1, entity_id="other"), a_prediction(2))
    add(database, router, a_prediction(1, entity_id="other"))
    assert [found.entity_id for found in listed(database, router).items] == ["u", "u"]


def test_pages_go_back_in_time_and_stay_put(database, router):
    add(database, router, *(a_prediction(number, time_us=number // 3) for number in range(20)))
    seen, token = [], ""
    while True:
        page = listed(database, router, page_size=3, page_token=token)
        seen += [found.prediction_id for found in page.items]
        token = page.next_page_token
        if not token:
            break
        add(database, router, a_prediction(100 + len(seen)))
    assert seen == [f"p{number:04}" for number in reversed(range(20))]


def test_filters(database, router):
    add(database, router, *(a_prediction(number, entity_id=f"u{number % 2}") for number in range(6)))
    with database.write() as connection:
        feedback.record(connection, router.row_key, a_feedback(4))
        feedback.record(connection, router.row_key, a_feedback(4, metric="clicked"))

    def ids(**wanted):
        return [int(found.prediction_id[1:]) for found in listed(database, router, **wanted).items]

    assert ids(entity_id="u1") == [5, 3, 1]
    assert ids(start_time_us=2, end_time_us=4) == [3, 2]
    assert ids(has_feedback=True) == [4]
    assert ids(has_feedback=False, entity_id="u0") == [2, 0]
    assert ids(variant="gb") == []
    found = listed(database, router, has_feedback=True).items[0]
    assert [value.metric for value in found.feedback] == ["clicked", "reward"]


def test_the_oldest_are_deleted_first(database, router):
    add(database, router, *(a_prediction(number) for number in range(10)))
    with database.write() as connection:
        assert predictions.remove_oldest(connection, router.row_key, 4) == 4
        assert predictions.count(connection, router.row_key) == 6
    assert [found.time_us for found in listed(database, router).items] == [9, 8, 7, 6, 5, 4]


def test_the_first_feedback_stays(database, router):
    def record(value, metric="reward"):
        with database.write() as connection:
            return feedback.record(connection, router.row_key, a_feedback(1, value, metric))

    assert record(1.5) is FeedbackOutcome.APPLIED
    assert record(1.5) is FeedbackOutcome.DUPLICATE
    assert record(2.0) is FeedbackOutcome.CONFLICT
    assert record(2.0, "other") is FeedbackOutcome.APPLIED


def test_totals_add_up_over_threads_without_blocking_each_other(database, router):
    second = add_router(database, "second")

    def raise_both(number):
        totals = [FeedbackTotals(variant, "reward", 1, number, number**2) for variant in ("lr", "gb")]
        keys = [router.row_key, second.row_key]
        with database.write() as connection:
            feedback.raise_totals(connection, dict.fromkeys(keys if number % 2 else keys[::-1], totals))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(raise_both, range(40)))
    with database.read() as connection:
        found = feedback.totals_of(connection, router.row_key)
        assert found == feedback.totals_of(connection, second.row_key)
    squares = sum(number**2 for number in range(40))
    assert found == [FeedbackTotals(variant, "reward", 40, 780, squares) for variant in ("gb", "lr")]
    assert found[0].mean == 19.5


def test_feedback_of_old_predictions_is_deleted_in_portions(database, router):
    with database.write() as connection:
        for number in range(5):
            feedback.record(connection, router.row_key, a_feedback(number))
    with database.write() as connection:
        assert feedback.remove_before(connection, 4, 3) == 3
        assert feedback.remove_before(connection, 4, 3) == 1
        assert feedback.remove_before(connection, 4, 3) == 0


def a_key(number, **fields):
    values = {"user_id": "alice", "scopes": frozenset({Scope.READ, Scope.PREDICT})}
    return ApiKey(f"key{number:05}", bytes(32), **(values | fields))


def test_keys_are_listed_in_order_and_good_ones_apart(database):
    with database.write() as connection:
        assert not api_keys.any_exists(connection)
        made = [
            api_keys.add(connection, a_key(1)),
            api_keys.add(connection, a_key(2, user_id="bob", expire_time_us=10)),
            api_keys.add(connection, a_key(3, scopes=frozenset(), admin=True, display_name="é")),
        ]
        api_keys.revoke(connection, "key00001", 5)
    with database.read() as connection:
        assert api_keys.any_exists(connection)
        assert api_keys.find(connection, "key00003") == made[2]
        assert [key.key_id for key in api_keys.good(connection, 9)] == ["key00002", "key00003"]
        assert [key.key_id for key in api_keys.good(connection, 10)] == ["key00003"]
        first = api_keys.list_page(connection, user_id="", page_size=2, page_token="")
        rest = api_keys.list_page(connection, user_id="", page_size=2, page_token=first.next_page_token)
        assert [key.key_id for key in (*first.items, *rest.items)] == ["key00001", "key00002", "key00003"]
        assert first.items[0].revoke_time_us == 5


def test_one_signing_key_signs_and_old_ones_are_forgotten(database):
    with database.write() as connection:
        for number in range(3):
            signing_keys.add(connection, SigningKey(number, bytes([number]) * 32, number * 10))
        keys = signing_keys.list_all(connection)
        assert [key.retire_time_us for key in keys] == [10, 20, None]
        signing_keys.remove_retired(connection, 15)
        assert [key.key_id for key in signing_keys.list_all(connection)] == [1, 2]
