"""Pages of recorded predictions, against what a plain sort of all rows says."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pointsman.domain.recording import hashed_entity
from pointsman.domain.records.predictions import PredictionFilter, PredictionOrder
from pointsman.errors import InvalidArgumentError, UnavailableError
from stage.lake import entity_hash, prediction_id

START_US = 1_790_035_200_000_000
OLDEST = PredictionOrder.OLDEST_FIRST
# To make a failure smaller takes minutes; its seed says it all.
LIKE_THAT: Any = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}


def pages(lake, wanted, entity_ids=(), size=3, between=lambda: None):
    """Goes through all pages; answers the ids and rows in the order in which they came."""
    found, token = [], ""
    while True:
        page = lake.reader.list_page(lake.router, wanted, entity_ids, page_size=size, page_token=token)
        assert len(page.items) <= size
        found += [(item.prediction_id, item.row) for item in page.items]
        token = page.next_page_token
        if not token:
            return found
        between()


def expected(lake, wanted, fed=frozenset(), entity_ids=()):
    """What a list of all rows says."""
    kept = [
        row
        for row in lake.rows
        if (not wanted.variant or row["variant"] == wanted.variant)
        and (not entity_ids or row["entity_id"] in entity_ids)
        and (wanted.start_time_us is None or row["time_us"] >= wanted.start_time_us)
        and (wanted.end_time_us is None or row["time_us"] < wanted.end_time_us)
        and (wanted.status_code is None or row["status_code"] == wanted.status_code)
        and row["overhead_ns"] + (row["backend_ns"] or 0) >= wanted.min_latency_ns
        and (
            wanted.has_feedback is None or ((row["prediction_id"], row["row"]) in fed) is wanted.has_feedback
        )
    ]
    kept.sort(
        key=lambda row: (row["time_us"], row["prediction_id"], row["row"]), reverse=wanted.order is not OLDEST
    )
    return [(row["prediction_id"], row["row"]) for row in kept]


def fill(lake, seed, calls):
    """Records calls at times that often are the same, some of them batches, in files and in the tail."""
    chance = random.Random(seed)
    fed = set()
    for number in range(calls):
        time_us = START_US + chance.randrange(12)
        count = chance.choice([1, 1, 1, 3])
        facts: dict[str, Any] = {
            "variant": chance.choice("ab"),
            "entity_id": chance.choice([None, "u1", "u2", "u3"]),
            "status_code": chance.choice([0, 0, 14]),
            "backend_ns": chance.choice([None, 1_000_000, 90_000_000]),
            "model_id": chance.choice(["m", "m", "n"]),
            "row_count": count,
        }
        facts["prediction_id"] = prediction_id(time_us, chance.randrange(1000) * 10_000 + number)
        made = [lake.record(time_us, row=place, **facts)[0] for place in range(count)]
        for row in made:
            if chance.random() < 0.3:
                lake.feed(row, chance.random())
                fed.add((row["prediction_id"], row["row"]))
        if chance.random() < 0.25:
            lake.ship()
        if chance.random() < 0.1:
            lake.compact()
    return fed


FILTERS = st.builds(
    PredictionFilter,
    variant=st.sampled_from(["", "", "a"]),
    start_time_us=st.none() | st.integers(START_US - 1, START_US + 13),
    end_time_us=st.none() | st.integers(START_US - 1, START_US + 13),
    has_feedback=st.sampled_from([None, None, True, False]),
    status_code=st.sampled_from([None, None, 0, 14, 3]),
    min_latency_ns=st.sampled_from([0, 0, 50_000_000]),
    order=st.sampled_from(list(PredictionOrder)),
)


LISTS = st.lists(st.tuples(FILTERS, st.sampled_from([(), (), ("u1",)])), min_size=1, max_size=6)


@settings(max_examples=12, **LIKE_THAT)
@given(seed=st.integers(0, 2**32), calls=st.integers(0, 15), lists=LISTS, size=st.integers(2, 9))
def test_all_pages_together_are_the_sorted_list(make_lake, seed, calls, lists, size):
    lake = make_lake()
    fed = fill(lake, seed, calls)
    for wanted, entity_ids in lists:
        assert pages(lake, wanted, entity_ids, size) == expected(lake, wanted, fed, entity_ids)


@settings(max_examples=6, **LIKE_THAT)
@given(seed=st.integers(0, 2**32), order=st.sampled_from(list(PredictionOrder)))
def test_pages_neither_repeat_nor_skip_while_files_come_and_are_replaced(make_lake, seed, order):
    lake = make_lake()
    fill(lake, seed, 20)
    wanted = PredictionFilter(order=order)
    before = expected(lake, wanted)
    changes = iter([lake.ship, lake.compact, lambda: lake.record(START_US + 5, START_US + 50)] * 20)
    found = pages(lake, wanted, size=4, between=lambda: next(changes)())
    assert len(found) == len(set(found))
    assert [key for key in found if key in set(before)] == before


def test_a_whole_row_comes_back_from_file_and_tail(lake):
    facts = {
        "row_count": 2,
        "entity_id": "u1",
        "f_age": 50.5,
        "f_name": "é",
        "f_smokes": True,
        "features_other": {"odd": '{"a":[1,null]}'},
        "prediction_label": "benign",
        "probabilities": [0.25, 0.75],
        "confidence": 0.75,
        "outputs": '{"score":[1,2]}',
        "trace_id": "0" * 32,
        "draw": 2**64 - 1,
    }
    lake.record(START_US, **facts)
    [in_tail] = lake.reader.list_page(lake.router, PredictionFilter(), (), page_size=1, page_token="").items
    lake.ship()
    [in_file] = lake.reader.list_page(lake.router, PredictionFilter(), (), page_size=1, page_token="").items
    assert in_file == in_tail
    assert in_file.features == {"age": 50.5, "name": "é", "smokes": True, "odd": {"a": [1.0, None]}}
    assert (in_file.prediction, in_file.has_prediction) == ("benign", True)
    assert in_file.outputs == {"score": [1, 2]}
    assert (in_file.draw, in_file.row_count, in_file.entity_id) == (2**64 - 1, 2, "u1")
    assert [(e.variant, e.propensity) for e in in_file.eligible] == [("a", 0.5), ("b", 0.5)]


def test_models_with_other_features_stand_in_one_list(lake):
    lake.record(START_US, f_age=1.0)
    lake.record(START_US + 1, model_id="n", variant="b", f_name="x", prediction_number=1.5)
    lake.ship()
    items = lake.reader.list_page(lake.router, PredictionFilter(), (), page_size=9, page_token="").items
    assert [item.features for item in items] == [{"name": "x"}, {"age": 1.0}]
    assert [item.prediction for item in items] == [1.5, None]


def test_an_entity_is_found_in_each_form_it_was_recorded_in(lake):
    hidden = hashed_entity(bytes(32), "u1")
    lake.record(START_US, entity_id="u1")
    lake.record(START_US + 1, entity_id=hidden)
    lake.ship()
    lake.record(START_US + 2, entity_id=hidden)
    lake.record(START_US + 3, entity_id="u2")
    wanted = PredictionFilter(entity_id="u1")
    assert pages(lake, wanted, ["u1", hidden], 1) == expected(lake, wanted, entity_ids=["u1", hidden])


def test_an_entity_with_the_same_hash_is_another_entity(lake):
    same = entity_hash("u1")
    lake.record(START_US, entity_id="u1")
    lake.record(START_US + 1, entity_id="u2", entity_hash=same)
    lake.record(START_US + 2, entity_id="u1")
    lake.record(START_US + 3, START_US + 4, entity_id="u2", entity_hash=same)
    lake.ship()
    wanted = PredictionFilter(entity_id="u1")
    for page_size in (1, 2, 9):
        assert pages(lake, wanted, ["u1"], page_size) == expected(lake, wanted, entity_ids=["u1"]), page_size
    latest = lake.reader.latest_predictions(lake.router, ["u1", "u2"]).prediction_ids
    assert latest["u1"] == lake.rows[2]["prediction_id"], "neither the other entity's nor an older one"
    assert set(latest) == {"u1"}, "u2 is not found by another hash than its own"


def test_reads_of_any_kind_follow_one_another(lake):
    """A result that is not read to its end would keep the thread's connection from the next read."""
    lake.record(START_US)
    lake.ship()
    lake.record(START_US + 1)
    everything = PredictionFilter()
    for row in lake.rows:
        found = lake.reader.find(lake.router, row["prediction_id"], 0).prediction
        assert found is not None
        assert found.time_us == row["time_us"]
        assert pages(lake, everything, (), 9) == expected(lake, everything)


def test_a_registered_position_that_went_away_is_read_again(lake):
    lake.record(START_US, START_US + 1)
    lake.tail.on_read = lake.ship
    assert pages(lake, PredictionFilter()) == expected(lake, PredictionFilter())


def test_a_manifest_that_always_goes_on_is_said_to_be_busy(lake):
    lake.record(START_US)

    def again() -> None:
        lake.record(START_US + lake.tail.end)
        lake.ship()
        lake.tail.on_read = again

    lake.tail.on_read = again
    with pytest.raises(UnavailableError, match="try again"):
        pages(lake, PredictionFilter())


def test_rows_of_an_earlier_router_of_the_same_id_are_not_the_routers(lake):
    lake.record(START_US, START_US + 10)
    lake.ship()
    lake.record(START_US + 1, START_US + 11)
    lake.router = type(lake.router)(**(vars(lake.router) | {"create_time_us": START_US + 5}))
    found = pages(lake, PredictionFilter())
    assert found == expected(lake, PredictionFilter(start_time_us=START_US + 5))
    old = lake.rows[0]
    assert lake.reader.find(lake.router, old["prediction_id"], 0).prediction is None


def test_whose_a_row_is_no_clock_tells_but_the_incarnation(lake):
    created_us = START_US + 1000
    fields = {"create_time_us": created_us, "incarnation": 6}
    lake.router = type(lake.router)(**(vars(lake.router) | fields))

    def made(incarnation, *times_us):
        return lake.record(*times_us, router_incarnation=incarnation, entity_id="u")

    def halves():
        # By a clock that is behind, and by one that is ahead of that of the server that created the router.
        own = made(6, created_us - 500, created_us + 20)
        former = [*made(5, created_us - 400, created_us + 300), *made(None, created_us - 5)]
        return own, former

    own, former = halves()
    lake.ship()
    more, others = halves()
    lake.ship()
    lake.compact()
    last, rest = halves()
    own, former = [*own, *more, *last], [*former, *others, *rest]
    by_time = sorted(own, key=lambda row: (row["time_us"], row["prediction_id"]), reverse=True)
    assert pages(lake, PredictionFilter()) == [(row["prediction_id"], 0) for row in by_time]
    for row in own:
        assert lake.reader.find(lake.router, row["prediction_id"], 0).prediction is not None
    for row in former:
        assert lake.reader.find(lake.router, row["prediction_id"], 0).prediction is None
    newest = lake.reader.latest_predictions(lake.router, ["u"]).prediction_ids["u"]
    assert newest in {row["prediction_id"] for row in own if row["time_us"] == created_us + 20}


def test_rows_that_name_no_incarnation_are_the_routers_from_its_creation_on(lake):
    fields = {"create_time_us": START_US + 5, "incarnation": 6}
    lake.router = type(lake.router)(**(vars(lake.router) | fields))
    lake.record(START_US, START_US + 10)
    lake.ship()
    lake.record(START_US + 1, START_US + 11)
    lake.record(START_US + 12, router_incarnation=6)
    assert pages(lake, PredictionFilter()) == expected(lake, PredictionFilter(start_time_us=START_US + 5))


def test_the_first_page_of_a_large_tail_asks_for_a_few_rows(lake):
    lake.record(*range(START_US, START_US + 2000))
    page = lake.reader.list_page(lake.router, PredictionFilter(), (), page_size=5, page_token="")
    assert [item.time_us for item in page.items] == list(range(START_US + 1999, START_US + 1994, -1))
    assert [0 < query.max_decisions < 100 for query in lake.tail.queries] == [True], "one small question"


def test_a_token_of_other_filters_is_refused(lake):
    lake.record(START_US, START_US + 1)
    page = lake.reader.list_page(lake.router, PredictionFilter(), (), page_size=1, page_token="")
    with pytest.raises(InvalidArgumentError, match="other filters"):
        lake.reader.list_page(
            lake.router, PredictionFilter(variant="a"), (), page_size=1, page_token=page.next_page_token
        )


def test_a_prediction_is_found_by_its_id_and_row_with_all_its_feedback(lake):
    whole = prediction_id(START_US, 1)
    rows = [lake.record(START_US, prediction_id=whole, row=place, row_count=2)[0] for place in range(2)]
    lake.feed(rows[0], 1.0)
    lake.feed(rows[1], 2.0, "loss")
    for _ in range(2):
        found = lake.reader.find(lake.router, whole, 1).prediction
        assert found is not None
        assert (found.row, [(value.row, value.metric) for value in found.feedback]) == (
            1,
            [(0, "reward"), (1, "loss")],
        )
        assert lake.reader.find(lake.router, whole, 2).prediction is None
        lake.ship()


@pytest.mark.parametrize(
    "unknown", ["", "p1", "AAAA", "=", "é" * 40, "A" * 5000, prediction_id(START_US, 77)]
)
def test_what_is_no_id_of_a_recorded_prediction_is_not_found(lake, unknown):
    lake.record(START_US)
    lake.ship()
    assert lake.reader.find(lake.router, unknown, 0).prediction is None


def test_the_latest_prediction_of_an_entity_is_its_newest_that_was_answered(lake):
    def latest(*entities):
        return lake.reader.latest_predictions(lake.router, entities).prediction_ids

    assert latest("u1") == {}
    [first] = lake.record(START_US, entity_id="u1")
    lake.ship()
    assert latest("u1") == {"u1": first["prediction_id"]}
    [second] = lake.record(START_US + 1, entity_id="u1")
    lake.record(START_US + 2, entity_id="u1", status_code=14)
    [other] = lake.record(START_US + 3, entity_id="u2")
    known = {"u1": second["prediction_id"], "u2": other["prediction_id"]}
    assert latest("u1", "u2", "u3") == known
    lake.ship()
    assert latest("u1", "u2", "u3") == known
    # Its call began before the newest one and ended after it.
    lake.record(START_US - 1, entity_id="u1")
    assert latest("u1") == {"u1": second["prediction_id"]}


@pytest.mark.parametrize("reason", ["pin", "fallback", "override"])
@pytest.mark.parametrize("in_files", [True, False])
def test_the_latest_prediction_is_one_whose_feedback_counts(lake, reason, in_files):
    lake.record(START_US, entity_id="u2", reason=reason, randomised_by="nothing")
    [counted] = lake.record(START_US + 1, entity_id="u1")
    lake.record(START_US + 2, entity_id="u1", reason=reason, randomised_by="nothing")
    if in_files:
        lake.ship()
    latest = lake.reader.latest_predictions(lake.router, ["u1", "u2"]).prediction_ids
    assert latest == {"u1": counted["prediction_id"]}


@pytest.mark.parametrize("seed", range(5))
def test_the_latest_predictions_of_many_entities_are_those_of_a_plain_loop(lake, seed):
    draw = random.Random(seed)
    newest: dict[str, tuple[int, str]] = {}
    for _ in range(6):
        for _ in range(60):
            time_us, entity = START_US + draw.randrange(100_000_000), f"u{draw.randrange(40)}"
            code = draw.choice([0, 0, 0, 14])
            [row] = lake.record(time_us, entity_id=entity, status_code=code)
            if code == 0:
                newest[entity] = max(newest.get(entity, (0, "")), (time_us, row["prediction_id"]))
        if draw.random() < 0.7:
            lake.ship()
    found = lake.reader.latest_predictions(lake.router, [f"u{number}" for number in range(50)]).prediction_ids
    assert found == {entity: prediction_id for entity, (_, prediction_id) in newest.items()}
