"""A shadow's answers beside those that were given, against plain counting over the same rows."""

import dataclasses
import math
import random
from collections import Counter
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from scipy import stats

from pointsman.domain.measures.proportions import Proportion
from pointsman.domain.measures.shadows import LabelsOf, NotComparedReason, ScoreKind
from pointsman.domain.measures.windows import Window
from pointsman.domain.models import ModelKey
from pointsman.domain.records.predictions import PredictionFilter
from pointsman.domain.variants import Variant, VariantRole
from pointsman.lake.reader import ShadowQuestion
from stage.lake import a_row, prediction_id

START_US = 1_790_035_200_000_000
END_US = START_US + 4 * 3_600_000_000
LABELS = ("no", "yes")
WHOLE = Window(None, END_US)


def compared(lake, *, shadow="next", window=WHOLE, common=LABELS, metric="", max_labels=20):
    def labels(pairs):
        return [LabelsOf(mine, theirs, common) for mine, theirs in pairs]

    return lake.reader.compare_shadow(lake.router, shadow, window, labels, ShadowQuestion(metric, max_labels))


def why(figures):
    return {(one.figure, one.reason.value): one.pair_count for one in figures.not_compared}


def answer(chance, likely):
    """A label with its probabilities."""
    yes = round(chance.betavariate(1 + 4 * likely, 2), 3)
    label = "yes" if yes > 0.5 else "no"
    return {"prediction_label": label, "probabilities": [1 - yes, yes], "confidence": max(yes, 1 - yes)}


def filled(lake, calls=400):
    """Calls of two variants with batches, failures and calls that got no copy; answers the pairs."""
    chance = random.Random(11)
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for number in range(calls):
        count = chance.choice([1, 1, 1, 3])
        variant = chance.choice("aab")
        facts: dict[str, Any] = {
            "variant": variant,
            "model_version": "1" if variant == "a" else "2",
            "status_code": chance.choice([0] * 9 + [14]),
            "backend_ns": int(chance.lognormvariate(14, 0.6)),
            "row_count": count,
            "entity_id": f"u{number % 7}",
        }
        copied = chance.random() < 0.8
        code, took = chance.choice([0] * 19 + [4]), int(chance.lognormvariate(14.2, 0.7))
        time_us = START_US + number * 1_000_000
        first = {"prediction_id": prediction_id(time_us, number, "r", variant)}
        # As the recorder does: a call that failed has one row, whatever its batch.
        mine_count, theirs_count = (1 if failed else count for failed in (facts["status_code"], code))
        for row in range(max(mine_count, theirs_count)):
            facts |= answer(chance, number % 2) if not facts["status_code"] else {"answer_content": "none"}
            made = a_row(time_us, number, row=row, **first, **facts)
            if row < mine_count:
                lake.keep([made])
            if copied and row < theirs_count:
                given = answer(chance, number % 2) if not code else {"answer_content": "none"}
                fields = {"variant": "next", "model_id": "n", "model_version": "3", "status_code": code}
                empty = {"prediction_label": None, "probabilities": None, "confidence": None}
                [copy] = lake.copied([made], **{**empty, **fields, **given}, backend_ns=took)
                if row < mine_count:
                    pairs.append((made, copy))
        if number in (150, 300):
            lake.ship()
    return pairs


@pytest.fixture
def pairs(lake):
    return filled(lake)


def test_counts_are_those_of_the_rows_in_files_and_in_the_tail(lake, pairs):
    found = compared(lake)
    assert found.total.primary_count == len(lake.rows)
    assert found.total.pair_count == len(pairs)
    assert found.shadow_only_count == 0
    calls = [(mine, theirs) for mine, theirs in pairs if mine["row"] == 0]
    errors = found.total.primary_errors, found.total.shadow_errors
    assert [one.total for one in errors] == [len(calls)] * 2
    assert errors[0].count == sum(mine["status_code"] != 0 for mine, _ in calls)
    assert errors[1].count == sum(theirs["status_code"] != 0 for _, theirs in calls)
    answered = [(m, t) for m, t in pairs if m["status_code"] == t["status_code"] == 0]
    assert found.total.answered_pair_count == len(answered)
    assert [figures.primary_variant for figures in found.primaries] == ["a", "b"]
    for figures in found.primaries:
        of_one = [mine for mine, _ in pairs if mine["variant"] == figures.primary_variant]
        assert figures.pair_count == len(of_one)
    copied = {mine["prediction_id"] for mine, _ in pairs}
    missing = Counter(
        "call_failed"
        if row["status_code"]
        else "shadow_failed"
        if row["prediction_id"] in copied
        else "not_copied"
        for row in lake.rows
        if all(row is not mine for mine, _ in pairs)
    )
    assert missing["shadow_failed"] > 0
    assert found.total.unpaired == missing


def test_a_call_that_failed_counts_once_whatever_its_batch(lake):
    """100 batches of 100 rows, of which the shadow fails every other one, and 10 that their backend fails."""
    for number in range(110):
        time_us, failed = START_US + number, number >= 100
        first = {"prediction_id": prediction_id(time_us, number), "row_count": 100}
        rows = [a_row(time_us, number, row=row, **first) for row in range(100)]
        lake.keep([{**rows[0], "status_code": 14}] if failed else rows)
        if number % 2 and not failed:
            lake.copied(rows[:1], variant="next", status_code=14)
        else:
            lake.copied(rows, variant="next")
    for _ in range(2):
        found = compared(lake)
        for figures in (found.total, *found.primaries):
            assert (figures.primary_errors.count, figures.primary_errors.total) == (10, 110)
            assert (figures.shadow_errors.count, figures.shadow_errors.total) == (50, 110)
            assert (figures.pair_count, figures.answered_pair_count) == (50 * 101 + 10, 50 * 100)
            assert figures.unpaired == {"shadow_failed": 50 * 99}
        assert found.shadow_only_count == 0
        lake.ship()


def test_labels_agree_as_often_as_counting_says(lake, pairs):
    total = compared(lake).total
    answered = [(m, t) for m, t in pairs if m["status_code"] == t["status_code"] == 0]
    labels = Counter((m["prediction_label"], t["prediction_label"]) for m, t in answered)
    assert total.labels is not None
    assert {(pair.primary, pair.shadow): pair.count for pair in total.labels.pairs} == labels
    counts = [pair.count for pair in total.labels.pairs]
    assert counts == sorted(counts, reverse=True)
    same = sum(count for (mine, theirs), count in labels.items() if mine == theirs)
    assert (total.labels.agreement.count, total.labels.agreement.total) == (same, len(answered))
    few = compared(lake, max_labels=1).total.labels
    assert few is not None
    assert few.other_count == len(answered) - few.pairs[0].count


def test_distances_and_distributions_are_those_of_numpy_and_scipy(lake, pairs):
    found = compared(lake)
    for figures in (found.total, *found.primaries):
        rows = [
            (m, t)
            for m, t in pairs
            if m["status_code"] == t["status_code"] == 0 and figures.primary_variant in ("", m["variant"])
        ]
        mine, theirs = (np.array([pair[side]["probabilities"][1] for pair in rows]) for side in (0, 1))
        assert figures.scores is not None
        assert (figures.scores.kind, figures.scores.label) == (ScoreKind.PROBABILITY, "yes")
        assert figures.scores.pair_count == len(rows)
        assert figures.scores.ks_statistic == pytest.approx(stats.ks_2samp(mine, theirs).statistic)
        assert figures.scores.ks_p_value == pytest.approx(
            stats.kstwobign.sf(figures.scores.ks_statistic * math.sqrt(len(rows) / 2))
        )
        edges = [-math.inf, *(one.upper for one in figures.scores.bins[:-1]), math.inf]
        for low, high, one in zip(edges, edges[1:], figures.scores.bins, strict=False):
            assert one.first_count == int(((mine > low) & (mine <= high)).sum())
            assert one.second_count == int(((theirs > low) & (theirs <= high)).sum())
        apart = np.abs(mine - theirs)
        assert figures.probabilities is not None
        assert figures.probabilities.mean_total_variation == pytest.approx(apart.mean())
        assert figures.probabilities.max_total_variation == pytest.approx(apart.max())
        sure = [np.array([pair[side]["confidence"] for pair in rows]) for side in (0, 1)]
        assert figures.confidences is not None
        assert figures.confidences.mean_absolute == pytest.approx(np.abs(sure[1] - sure[0]).mean())
        assert figures.confidences.root_mean_square == pytest.approx(
            math.sqrt(((sure[1] - sure[0]) ** 2).mean())
        )
        assert figures.confidences.max_absolute == pytest.approx(np.abs(sure[1] - sure[0]).max())
        assert figures.confidences.equal_share == pytest.approx((sure[1] == sure[0]).mean())
        assert figures.not_compared == ()


def test_latencies_are_compared_call_by_call(lake, pairs):
    found = compared(lake)
    for figures in (found.total, *found.primaries):
        rows = [
            (m["backend_ns"] / 1e9, t["backend_ns"] / 1e9)
            for m, t in pairs
            if m["status_code"] == t["status_code"] == m["row"] == 0
            and figures.primary_variant in ("", m["variant"])
        ]
        assert figures.backend is not None
        assert figures.backend.call_count == len(rows)
        for side, latencies in enumerate((figures.backend.primary, figures.backend.shadow)):
            took = sorted(row[side] for row in rows)
            assert latencies.mean_seconds == pytest.approx(fmean(took))
            assert latencies.p90_seconds == pytest.approx(took[math.ceil(0.9 * len(took)) - 1], rel=0.011)
        gaps = [theirs - mine for mine, theirs in rows]
        wanted = stats.t.interval(0.95, len(gaps) - 1, loc=fmean(gaps), scale=stats.sem(gaps))
        assert figures.backend.difference_seconds.mean == pytest.approx(fmean(gaps))
        assert figures.backend.difference_seconds.interval == pytest.approx(wanted)


def test_a_batch_is_as_long_as_a_call_of_one_row(lake):
    """A slow batch of 100 rows is one time among those of nine quick calls."""
    for number in range(11):
        time_us, count = START_US + number, 1 if number % 10 else 100
        facts = {"prediction_id": prediction_id(time_us, number), "row_count": count}
        facts["backend_ns"] = 1_000_000 if number else 101_000_000
        rows = lake.keep([a_row(time_us, number, row=row, **facts) for row in range(count)])
        lake.copied(rows, variant="next", backend_ns=2_000_000 if number < 10 else None)
    found = compared(lake).total
    assert found.backend is not None
    assert found.backend.call_count == 10
    assert found.backend.primary.mean_seconds == pytest.approx(0.011)
    assert found.backend.primary.p50_seconds == pytest.approx(0.001, rel=0.011)
    assert found.backend.difference_seconds.mean == pytest.approx(-0.009)
    assert why(found)["backend", "no_value"] == 1


def test_feedback_tells_how_often_each_is_right(lake, pairs):
    chance = random.Random(5)
    truths = {}
    answered = [(m, t) for m, t in pairs if m["status_code"] == t["status_code"] == 0]
    for mine, _ in answered:
        if chance.random() < 0.6:
            truths[mine["prediction_id"], mine["row"]] = place = chance.choice([0, 0, 1])
            lake.feed(mine, place, "truth")
    lake.feed(answered[0][0], 7, "other")
    found = compared(lake, metric="truth").total
    right = [
        [pair[side]["prediction_label"] == LABELS[truths[key]] for side in (0, 1)]
        for pair in answered
        if (key := (pair[0]["prediction_id"], pair[0]["row"])) in truths
    ]
    accuracy = found.label_accuracy
    assert accuracy is not None
    assert (accuracy.primary.count, accuracy.primary.total) == (sum(m for m, _ in right), len(right))
    assert accuracy.shadow.count == sum(t for _, t in right)
    assert accuracy.primary_only == sum(m and not t for m, t in right)
    assert accuracy.shadow_only == sum(t and not m for m, t in right)
    assert why(found) == {("accuracy", "no_feedback"): len(answered) - len(right)}


def test_feedback_that_names_no_label_is_not_compared(lake):
    rows = lake.record(START_US, START_US + 1, START_US + 2, **answer(random.Random(1), 1))
    lake.copied(rows, variant="next")
    for row, value in zip(rows, (2, 0.5, -1), strict=True):
        lake.feed(row, value, "truth")
    found = compared(lake, metric="truth").total
    assert found.label_accuracy is None
    assert why(found)["accuracy", "feedback_names_no_label"] == 3


@pytest.mark.parametrize(
    ("labels", "common", "value", "right"),
    [
        # Labels that are numbers are compared as numbers, not by their place.
        (("1", "2"), ("1", "2"), 1, (True, False)),
        (("1", "2"), (), 2, (False, True)),
        (("true", "false"), (), 1, (True, False)),
        (("no", "yes"), ("no", "yes"), 1, (False, True)),
    ],
)
def test_labels_that_are_numbers_are_what_feedback_says(lake, labels, common, value, right):
    [row] = lake.record(START_US, prediction_label=labels[0])
    lake.copied([row], variant="next", prediction_label=labels[1])
    lake.feed(row, value, "truth")
    accuracy = compared(lake, metric="truth", common=common).total.label_accuracy
    assert accuracy is not None
    assert (accuracy.primary.count == 1, accuracy.shadow.count == 1) == right


@pytest.mark.parametrize("labels", [("0", "1"), ("false", "true"), ("-1.5", "1")])
def test_feedback_that_is_none_of_the_labels_that_are_numbers_is_not_compared(lake, labels):
    rows = lake.record(*(START_US + at for at in range(4)), prediction_label=labels[0])
    lake.copied(rows, variant="next", prediction_label=labels[1])
    for row, value in zip(rows, (0.5, 7, -1, 1), strict=True):
        lake.feed(row, value, "truth")
    found = compared(lake, metric="truth", common=labels).total
    assert found.label_accuracy is not None
    assert (found.label_accuracy.primary, found.label_accuracy.shadow) == (Proportion(0, 1), Proportion(1, 1))
    assert why(found)["accuracy", "feedback_names_no_label"] == 3


def test_labels_that_no_signature_shares_are_not_compared_with_feedback(lake):
    [row] = lake.record(START_US, prediction_label="no")
    lake.copied([row], variant="next", prediction_label="yes")
    lake.feed(row, 1, "truth")
    found = compared(lake, metric="truth", common=()).total
    assert found.label_accuracy is None
    assert why(found)["accuracy", "feedback_names_no_label"] == 1


def test_numbers_are_compared_with_each_other_and_with_feedback(lake):
    mine, theirs, truth = [1.0, 2.0, 3.5, 10.0], [1.0, 2.5, 3.0, 14.0], [1.5, 2.0, 3.0, 11.0]
    rows = [lake.record(START_US + at, prediction_number=value)[0] for at, value in enumerate(mine)]
    for row, value, true in zip(rows, theirs, truth, strict=True):
        lake.copied([row], variant="next", prediction_number=value)
        lake.feed(row, true, "price")
    [odd] = lake.record(START_US + 9, prediction_number=float("inf"))
    lake.copied([odd], variant="next", prediction_number=1.0)
    found = compared(lake, metric="price").total
    gaps = np.array(theirs) - np.array(mine)
    assert found.numbers is not None
    assert found.numbers.pair_count == 4
    assert found.numbers.mean_absolute == pytest.approx(np.abs(gaps).mean())
    assert found.numbers.root_mean_square == pytest.approx(math.sqrt((gaps**2).mean()))
    assert (found.numbers.max_absolute, found.numbers.equal_share) == (4.0, 0.25)
    assert found.numbers.mean_difference == pytest.approx(gaps.mean())
    assert found.scores is not None
    assert (found.scores.kind, found.scores.pair_count) == (ScoreKind.NUMBER, 4)
    accuracy = found.number_accuracy
    assert accuracy is not None
    errors = [np.abs(np.array(side) - np.array(truth)) for side in (mine, theirs)]
    assert (accuracy.primary_error, accuracy.shadow_error) == pytest.approx([e.mean() for e in errors])
    more = errors[1] - errors[0]
    wanted = stats.t.interval(0.95, 3, loc=more.mean(), scale=stats.sem(more))
    assert accuracy.difference.interval == pytest.approx(wanted)
    assert why(found) == {("numbers", "not_finite"): 1, ("scores", "not_finite"): 1}
    assert found.labels is None


@pytest.mark.parametrize("huge", [1e141, 1e155, -1e200, 1e308, -math.inf])
@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_values_whose_squares_are_infinite_are_left_out_of_what_is_finite(lake, huge, side):
    usual = {"mine": 1.0, "theirs": 3.0, "truth": 2.5}
    for at, values in enumerate([usual, usual, usual | {side: huge}, usual | {side: -huge}]):
        [row] = lake.record(START_US + at, prediction_number=values["mine"])
        lake.copied([row], variant="next", prediction_number=values["theirs"])
        lake.feed(row, values["truth"], "price")
    found = compared(lake, metric="price").total
    distance = found.numbers
    assert distance is not None
    assert (distance.root_mean_square, distance.mean_absolute, distance.max_absolute) == (2.0, 2.0, 2.0)
    accuracy = found.number_accuracy
    assert accuracy is not None
    assert (accuracy.pair_count, accuracy.primary_error, accuracy.shadow_error) == (2, 1.5, 0.5)
    assert accuracy.difference.interval == (-1.0, -1.0)
    assert why(found)["numbers", "not_finite"] == 2


def test_confidences_and_probabilities_that_are_too_large_are_left_out(lake):
    for at, size in enumerate([1.0, 1e155, 1e308]):
        answered = {"prediction_label": "yes", "confidence": size, "probabilities": [0.0, size]}
        [row] = lake.record(START_US + at, **answered)
        lake.copied([row], variant="next", probabilities=[0.0, 0.0], confidence=0.0)
    found = compared(lake).total
    assert found.probabilities is not None
    assert found.confidences is not None
    assert (found.probabilities.pair_count, found.probabilities.max_total_variation) == (1, 0.5)
    assert (found.confidences.pair_count, found.confidences.root_mean_square) == (1, 1.0)
    reasons = why(found)
    assert reasons["probabilities", "not_finite"] == reasons["confidences", "not_finite"] == 2


def test_what_does_not_apply_is_left_unset_and_said_why(lake):
    label = {"prediction_label": "yes", "probabilities": [0.2, 0.8], "confidence": 0.8}
    nothing: dict[str, Any] = dict.fromkeys(label)
    answers = [
        (label, {**label, "probabilities": None}),
        (label, {**label, "confidence": None, "probabilities": [0.8]}),
        (label, {**nothing, "prediction_number": 0.5}),
        (label, {**nothing, "outputs": '{"a": 1, "b": 2}'}),
        (label, {**nothing, "answer_content": "none"}),
    ]
    for at, (mine, theirs) in enumerate(answers):
        [row] = lake.record(START_US + at, **mine)
        lake.copied([row], variant="next", backend_ns=None, **theirs)
    found = compared(lake, common=()).total
    assert found.answered_pair_count == 5
    assert found.labels is not None
    assert found.labels.agreement.total == 2
    assert (found.numbers, found.probabilities, found.backend) == (None, None, None)
    assert why(found) == {
        ("labels", "no_single_prediction"): 1,
        ("labels", "different_kinds"): 1,
        ("labels", "not_recorded"): 1,
        ("confidences", "no_value"): 1,
        ("probabilities", "no_value"): 1,
        ("probabilities", "different_labels"): 1,
        ("scores", "no_value"): 1,
        ("scores.population_stability_index", "one_bin"): 1,
        ("backend", "no_value"): 5,
    }


@pytest.mark.parametrize(("theirs", "bins"), [(0.5, 2), (1.0, 1)])
def test_scores_that_are_all_the_same_have_a_stability_index_with_others_alone(lake, theirs, bins):
    rows = lake.record(*(START_US + at for at in range(20)), prediction_label="yes", confidence=1.0)
    lake.copied(rows, variant="next", confidence=theirs)
    found = compared(lake, common=()).total
    assert found.scores is not None
    assert len(found.scores.bins) == bins
    index, reasons = found.scores.population_stability_index, why(found)
    if bins == 1:
        assert index is None
        assert reasons["scores.population_stability_index", "one_bin"] == 20
    else:
        assert index is not None
        assert index > 1
        assert not any(figure.startswith("scores") for figure, _ in reasons)


def test_scores_of_several_kinds_have_no_distribution_in_common(lake):
    [one] = lake.record(START_US, prediction_number=1.0)
    lake.copied([one], variant="next", prediction_number=2.0)
    [two] = lake.record(START_US + 1, variant="b", prediction_label="yes", confidence=0.75)
    lake.copied([two], variant="next")
    found = compared(lake, common=())
    assert found.total.scores is None
    assert why(found.total)["scores", "several_kinds"] == 2
    kinds = [figures.scores.kind for figures in found.primaries if figures.scores]
    assert kinds == [ScoreKind.NUMBER, ScoreKind.CONFIDENCE]


def test_a_probability_that_is_missing_within_a_list_is_not_passed_over(lake):
    [row] = lake.record(START_US, prediction_label="yes", probabilities=[0.5, 0.5])
    lake.copied([row], variant="next", probabilities=[0.5, None])
    found = compared(lake).total
    assert found.probabilities is None
    assert why(found)["probabilities", "not_finite"] == 1
    assert why(found)["scores", "not_finite"] == 1


def test_calls_outside_of_the_shadows_time_are_told_apart(lake):
    rows = lake.record(*(START_US + at for at in range(10)))
    lake.copied(rows[3:5] + rows[6:7], variant="next")
    lake.record(START_US + 4, status_code=14)
    found = compared(lake)
    assert found.total.unpaired == {"before_first": 3, "after_last": 3, "not_copied": 1, "call_failed": 1}
    assert found.first_time_us == START_US
    later = compared(lake, window=Window(START_US + 4, START_US + 7))
    assert (later.total.primary_count, later.total.pair_count) == (4, 2)


def test_calls_that_are_never_copied_are_told_apart_from_those_left_out(lake):
    rows = lake.record(START_US, START_US + 9)
    lake.copied(rows, variant="next")
    for at, reason in enumerate(["pin", "override", "fallback", "slot", "weight"]):
        lake.record(START_US + at, reason=reason)
    lake.record(START_US + 20, reason="pin")
    found = compared(lake).total
    assert found.unpaired == {"not_decided": 4, "not_copied": 2}


def test_an_answer_whose_call_is_not_recorded_stands_alone(lake):
    [row] = lake.record(START_US)
    lake.copied([row, {**row, "prediction_id": "lost"}, {**row, "row": 1}], variant="next")
    found = compared(lake)
    assert (found.total.pair_count, found.shadow_only_count) == (1, 2)


def test_the_version_is_compared_that_the_shadow_has_now(lake):
    rows = lake.record(*(START_US + at for at in range(6)), prediction_label="yes")
    lake.copied(rows[:3], variant="next", model_version="1", prediction_label="no")
    lake.ship()
    lake.copied(rows[3:5], variant="next", model_version="2")
    for current in (None, "2", "1", "3"):
        if current:
            shadow = Variant("next", "m", current, 0, role=VariantRole.SHADOW)
            lake.router = dataclasses.replace(lake.router, variants=(*lake.router.variants[:2], shadow))
        found = compared(lake)
        others = {one.model.version: one.row_count for one in found.other_versions}
        assert found.model == ModelKey("m", current or "2")
        assert found.shadow_only_count == 0
        assert not found.is_empty
        agreement = found.total.labels.agreement if found.total.labels else None
        if current == "1":
            assert others == {"2": 2}
            assert agreement == Proportion(0, 3)
            assert found.total.unpaired == {"after_last": 3}
        elif current == "3":
            assert others == {"1": 3, "2": 2}
            assert agreement is None
        else:
            assert others == {"1": 3}
            assert agreement == Proportion(2, 2)
            assert found.total.unpaired == {"before_first": 3, "after_last": 1}


def test_no_answer_stands_alone_whose_call_is_recorded_while_the_tail_is_read(lake):
    def record():
        lake.copied(lake.record(START_US + 1), variant="next")

    def before_the_second_read():
        lake.tail.on_read = record

    lake.copied(lake.record(START_US), variant="next")
    lake.tail.on_read = before_the_second_read
    found = compared(lake)
    assert (found.total.primary_count, found.total.pair_count, found.shadow_only_count) == (2, 1, 0)


def test_another_shadow_of_the_router_is_not_among_it(lake):
    rows = lake.record(START_US, START_US + 1)
    lake.copied(rows, variant="next")
    lake.copied(rows[:1], variant="other")
    assert compared(lake).total.pair_count == 2
    assert compared(lake, shadow="other").total.pair_count == 1


@pytest.mark.parametrize("shipped", [False, True])
def test_without_pairs_nothing_is_compared(lake, shipped):
    lake.record(START_US)
    if shipped:
        lake.ship()
    found = compared(lake, metric="truth")
    assert found.is_empty
    assert found.total.primary_count == 1
    reasons = {one.reason for one in found.total.not_compared}
    assert reasons == {NotComparedReason.NO_PAIRS}
    assert {one.figure for one in found.total.not_compared} >= {"labels", "scores", "accuracy"}


def test_an_empty_lake_has_nothing_to_compare(lake):
    found = compared(lake)
    assert (found.total.primary_count, found.primaries, found.first_time_us) == (0, (), None)


def test_a_shadow_is_in_no_list_and_in_no_figure_of_predictions(lake, pairs):
    for _ in range(2):
        page = lake.reader.list_page(lake.router, PredictionFilter(), (), page_size=1000, page_token="")
        assert len(page.items) == len(lake.rows)
        assert {item.variant for item in page.items} == {"a", "b"}
        counts = lake.reader.counts(lake.router, WHOLE)
        assert {variant for _, variant in counts.by_code} == {"a", "b"}
        mine = pairs[0][0]
        found = lake.reader.find(lake.router, mine["prediction_id"], mine["row"])
        assert found.prediction is None or found.prediction.variant == mine["variant"]
        latest = lake.reader.latest_predictions(lake.router, ["u0"])
        assert set(latest.prediction_ids) == {"u0"}
        lake.ship()


def test_comparing_again_on_one_connection_finds_nothing_of_the_first(lake, pairs):
    first, second = (compared(lake, metric="truth").total for _ in range(2))
    assert first.pair_count == second.pair_count == len(pairs)
    assert (first.labels, first.scores, first.not_compared) == (
        second.labels,
        second.scores,
        second.not_compared,
    )
