"""Compares what a server kept with what clients were told."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from pointsman.v1 import prediction_pb2

from .kept import Kept, KeptFeedback, Learnt
from .told import Key, Prediction, Sent, Told, possible_firsts

REWARD = "reward"
"""What the bandits here learn from."""
_FIRST = (prediction_pb2.FEEDBACK_OUTCOME_APPLIED, prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE)


@dataclass
class Findings:
    """What does not fit together.

    Attributes:
        problems: One line for each, the first few of a kind.
        counts: How many of each kind.
        buffered_lost: How many buffered predictions are gone.
        worst_window_seconds: How long before the end of its life the earliest of those was answered.
    """

    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    buffered_lost: int = 0
    worst_window_seconds: float = 0.0

    def add(self, kind: str, what: object) -> None:
        """Notes a problem."""
        self.counts[kind] += 1
        if self.counts[kind] <= 3:
            self.problems.append(f"{kind}: {what}")


def compare(told: Told, kept: Kept, durable: set[str]) -> Findings:
    """Finds what was lost, what is there twice and what nobody sent.

    Predictions of buffered routers may be lost inside the last commit window only. They share the log with
    the durable ones: what was answered before a call was sent that was acknowledged after its commit is in
    that commit or in one before.

    Args:
        told: What clients sent and were told; nothing is under way.
        kept: What the server has.
        durable: The routers that answer after the commit.
    """
    findings = compare_feedback(told, kept)
    _compare_predictions(findings, told, kept, durable)
    return findings


def compare_feedback(told: Told, kept: Kept) -> Findings:
    """The same for feedback alone."""
    findings = Findings()
    _compare_values(findings, told, kept)
    _compare_totals(findings, kept)
    _compare_learnt(findings, kept)
    return findings


def _compare_predictions(findings: Findings, told: Told, kept: Kept, durable: set[str]) -> None:
    rows: dict[str, set[int]] = defaultdict(set)
    expected: dict[str, int] = {}
    for (prediction_id, row, row_count), count in kept.rows.items():
        rows[prediction_id].add(row)
        expected[prediction_id] = row_count
        if count > 1:
            findings.add("prediction repeated", f"{prediction_id} row {row}, {count} times")
    for prediction_id, present in rows.items():
        known = told.predictions.get(prediction_id)
        wanted = known.row_count if known else expected[prediction_id]
        if present != set(range(wanted)):
            findings.add("prediction in part", f"{prediction_id} has {sorted(present)} of {wanted} rows")
    commits: dict[int, float] = defaultdict(float)
    for prediction in told.predictions.values():
        if prediction.router_id in durable:
            commits[prediction.life] = max(commits[prediction.life], prediction.sent)
    for prediction in told.predictions.values():
        if prediction.prediction_id in rows:
            continue
        if prediction.router_id in durable:
            findings.add("durable prediction lost", prediction)
        else:
            _judge_loss(findings, told.ends[prediction.life], prediction, commits[prediction.life])


def _judge_loss(findings: Findings, end: float, prediction: Prediction, last_commit: float) -> None:
    """Judges the loss of a buffered prediction.

    Args:
        findings: Where it is noted.
        end: When the life ended.
        prediction: The prediction.
        last_commit: When the last call was sent that was acknowledged after its commit.
    """
    window = end - prediction.answered
    findings.buffered_lost += 1
    findings.worst_window_seconds = max(findings.worst_window_seconds, window)
    if prediction.answered < last_commit or window == math.inf:
        findings.add("buffered prediction lost", f"{prediction}, {window:.3f} s before the end of its life")


def _compare_values(findings: Findings, told: Told, kept: Kept) -> None:
    stored: dict[Key, KeptFeedback] = {}
    for one in kept.feedback:
        key = (one.prediction_id, one.row, one.metric)
        if key in stored:
            findings.add("feedback repeated", key)
        stored[key] = one
        if key not in told.feedback:
            findings.add("feedback nobody sent", key)
        prediction = told.predictions.get(one.prediction_id)
        if prediction and (one.router_id, one.variant) != (prediction.router_id, prediction.variant):
            findings.add("feedback elsewhere", f"{one}, {prediction}")
        if prediction and one.counted == prediction.pinned:
            findings.add("feedback counted wrongly", one)
    for key, values in told.feedback.items():
        found = stored.get(key)
        if found is not None:
            _judge_value(findings, key, values, found.value)
        elif any(sent.acknowledged < math.inf for sent in values):
            findings.add("feedback lost", f"{key}: {values}")
    for key, count in kept.exported.items():
        if count > 1:
            findings.add("exported feedback repeated", key)
        if key not in stored:
            findings.add("exported feedback nobody has", key)


def _judge_value(findings: Findings, key: Key, values: list[Sent], found: float) -> None:
    if found not in possible_firsts(values):
        findings.add("feedback of a later value", f"{key}: {found}, {values}")
    if sum(sent.outcome == prediction_pb2.FEEDBACK_OUTCOME_APPLIED for sent in values) > 1:
        findings.add("feedback applied twice", f"{key}: {values}")
    for sent in values:
        if sent.outcome in _FIRST and sent.value != found:
            findings.add("feedback told as in force", f"{key}: {found}, {sent}")
        if sent.outcome == prediction_pb2.FEEDBACK_OUTCOME_CONFLICT and sent.value == found:
            findings.add("feedback told as in conflict", f"{key}: {found}, {sent}")


def _compare_totals(findings: Findings, kept: Kept) -> None:
    counts = Counter((one.router_id, one.variant, one.metric) for one in kept.feedback if one.counted)
    for place in counts.keys() | kept.totals.keys():
        if counts.get(place) != kept.totals.get(place):
            findings.add("totals differ", f"{place}: {kept.totals.get(place)}, rows say {counts.get(place)}")


def _compare_learnt(findings: Findings, kept: Kept) -> None:
    """Compares arms' sums with the rows: values are whole and few, so that sums are exact in any order."""
    expected: dict[tuple[str, str, str], Learnt] = {}
    for one in kept.feedback:
        if one.counted and one.router_id in kept.bandits and one.metric == REWARD:
            place = (one.router_id, one.variant, one.metric)
            expected[place] = expected.get(place, Learnt()).plus(1.0, one.value, one.value**2)
    for place in expected.keys() | kept.learnt.keys():
        rows, arms = expected.get(place, Learnt()), kept.learnt.get(place, Learnt())
        if rows != arms:
            findings.add("rewards differ", f"{place}: {arms}, rows say {rows}")
