"""Whatever is there is exported, read again and wanted as it is: a round trip is the identity."""

import dataclasses
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.control.convert.models import model_version_to
from pointsman.control.convert.routers import router_to
from pointsman.control.definitions.checks import WantedModel, WantedRouter, check_definitions
from pointsman.definitions.json_tree import read_json
from pointsman.definitions.plain import document_of, wish_of
from pointsman.definitions.reading import read_document
from pointsman.definitions.shapes import kinds
from pointsman.definitions.writing import write_json, write_yaml
from pointsman.definitions.yaml_tree import read_yaml
from pointsman.domain.metrics import MetricDefinition, MetricDirection, MetricType
from pointsman.domain.models import (
    GrpcBackend,
    ModelVersion,
    OnnxBackend,
    PredictionHolds,
    Signature,
    Stage,
    Task,
    TensorSpec,
)
from pointsman.domain.permissions import Permissions
from pointsman.domain.recording import EntityRecording, RecordDurability, Recording
from pointsman.domain.routers import Router, RouterStatus, VersionPinning
from pointsman.domain.strategies.bandit import Algorithm, Bandit
from pointsman.domain.strategies.reward_terms import Cost, RewardTerm
from pointsman.domain.variants import Variant, VariantRole

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TRAPS = st.sampled_from(
    ["no", "on", "y", "null", "1.10", "1e3", "010", "0x1F", "12.30", "true", "1_0", "2024-01-01", "0o7", "1"]
)
ids = TRAPS | st.text(LETTERS + "._-", min_size=1, max_size=12).filter(lambda text: text[0] in LETTERS)
texts = TRAPS | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
lines = texts.filter(bool)
tags = st.lists(lines, max_size=4, unique=True).map(tuple)
weights = st.floats(0, 100) | st.integers(0, 100).map(float)
finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def variant_lists(draw):
    names = draw(st.lists(ids, min_size=2, max_size=5, unique=True))
    made = [
        Variant(
            name,
            draw(ids),
            draw(ids),
            draw(weights),
            index < 2 or draw(st.booleans()),
            draw(st.sampled_from([VariantRole.CANDIDATE, VariantRole.CANARY])),
        )
        for index, name in enumerate(names)
    ]
    return (dataclasses.replace(made[0], weight=50.0, role=VariantRole.CONTROL), *made[1:])


recordings = st.builds(
    Recording,
    features_share=st.floats(0, 1),
    exclude_features=st.lists(lines, max_size=3, unique=True).map(tuple),
    max_body_bytes=st.integers(1, 4 * 1024 * 1024),
    entity=st.sampled_from(EntityRecording),
    durability=st.sampled_from(RecordDurability),
    retention_days=st.integers(0, 36_500),
    retention_bytes=st.integers(0, 2**63 - 1),
)


@st.composite
def metric_lists(draw):
    bound = st.none() | st.floats(0, 1)
    made = []
    for name in draw(st.lists(ids, max_size=3, unique=True)):
        low, high = draw(bound), draw(bound)
        if low is not None and high is not None:
            low, high = min(low, high), max(low, high)
        kind, direction = draw(st.sampled_from(MetricType)), draw(st.sampled_from(MetricDirection))
        made.append(MetricDefinition(name, kind, low, high, direction))
    return tuple(made)


permissions = st.builds(
    Permissions, st.booleans(), st.booleans(), st.lists(ids, max_size=3, unique=True).map(tuple)
)
routers = st.builds(
    Router,
    router_id=ids,
    variants=variant_lists(),
    display_name=lines,
    description=texts,
    tags=tags,
    sticky=st.booleans(),
    version_pinning=st.sampled_from(VersionPinning),
    answer_router_name=st.booleans(),
    default_timeout_ms=st.integers(0, 86_400_000),
    record_predictions=st.booleans(),
    recording=recordings,
    metrics=metric_lists(),
    allow_feedback_corrections=st.booleans(),
    permissions=permissions,
    status=st.sampled_from(RouterStatus),
    create_time_us=st.integers(0, 2**50),
    update_time_us=st.integers(0, 2**50),
)
tensors = st.builds(
    TensorSpec,
    name=lines,
    datatype=st.sampled_from(["FP32", "INT64", "BYTES"]),
    shape=st.lists(st.sampled_from([-1, 1, 30, 2**62]), max_size=3).map(tuple),
    features=st.lists(texts, max_size=3).map(tuple),
)
tensor_lists = st.lists(tensors, max_size=3, unique_by=lambda tensor: tensor.name).map(tuple)
signatures = st.builds(
    Signature,
    inputs=tensor_lists,
    outputs=tensor_lists,
    task=st.sampled_from(Task),
    labels=st.lists(texts, max_size=3, unique=True).map(tuple),
    threshold=st.none() | st.floats(0, 1),
    defaults=st.dictionaries(texts, values, max_size=4),
    feature_importances=st.dictionaries(texts, finite, max_size=3),
    prediction_holds=st.sampled_from(PredictionHolds),
    classes=st.lists(texts, max_size=3).map(tuple),
)
models = st.builds(
    ModelVersion,
    model_id=ids,
    version=ids,
    backend=st.none()
    | st.builds(GrpcBackend, st.sampled_from(["a:1", "10.0.0.1:8081,[::1]:8081"]), lines, texts)
    | st.builds(OnnxBackend, ids),
    signature=signatures,
    stage=st.sampled_from(Stage),
    description=texts,
    run_uri=texts,
    metrics=st.dictionaries(texts, finite, max_size=3),
    tags=tags,
    permissions=permissions,
    create_time_us=st.integers(0, 2**50),
)

careful = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def round_trip(message):
    """Exports a message, reads it as YAML and as JSON, and answers what is wanted then."""
    kind = next(kind for kind in kinds().values() if kind.shape.name == message.DESCRIPTOR.name)
    document = document_of(kind, wish_of(message))
    nodes = [*read_yaml("f", write_yaml([document])), *read_json("f", write_json([document]))]
    documents = [read_document(node) for node in nodes]
    assert [fault for read in documents for fault in read.faults] == []
    (from_yaml,), objections = check_definitions([documents[0].definition], lambda _: "")
    assert [str(error) for error in objections.errors] == []
    # JSON lists objects by themselves; both must say the same.
    assert documents[1].definition == documents[0].definition
    return from_yaml


@careful
@given(routers)
def test_an_exported_router_is_wanted_as_it_is(router):
    wanted = round_trip(router_to(router, "host:1"))
    assert isinstance(wanted, WantedRouter)
    server_set = {"status": RouterStatus.REGISTERED, "create_time_us": 0, "update_time_us": 0}
    assert wanted.router == dataclasses.replace(router, **server_set)
    assert wanted.in_service is (router.status in (RouterStatus.RUNNING, RouterStatus.DEPLOYING))


NUMBERS = {
    Algorithm.THOMPSON_BETA: ("prior_alpha", "prior_beta"),
    Algorithm.THOMPSON_NORMAL: ("prior_count", "prior_mean"),
    Algorithm.UCB1: ("alpha",),
    Algorithm.EPSILON_GREEDY: ("epsilon",),
}


@st.composite
def bandits(draw):
    algorithm = draw(st.sampled_from(Algorithm))
    named = draw(st.lists(st.sampled_from(NUMBERS[algorithm]), unique=True))
    spans = st.none() | st.integers(1_000_000, 10**13)
    window = draw(spans)
    is_missing = window is not None and draw(st.booleans())
    return Bandit(
        algorithm,
        tuple(sorted((name, draw(st.floats(0, 1))) for name in named)),
        draw(ids),
        draw(st.floats(0, 1)),
        draw(st.floats(0, 1)),
        draw(spans),
        draw(st.integers(0, 1000)),
        window,
        draw(st.floats(0, 1)) if is_missing else None,
    )


@careful
@given(bandits(), st.integers(1, 9))
def test_an_exported_bandit_is_wanted_as_it_is_whatever_its_epoch(bandit, epoch):
    router = bandit_router(dataclasses.replace(bandit, epoch=epoch))
    assert round_trip(router_to(router, "")).router == router


@careful
@given(bandits(), st.none() | st.integers(10_000_000, 2_592_000_000_000))
def test_an_exported_bandit_whose_entities_keep_their_variants_is_wanted_as_it_is(bandit, sticky_update_us):
    kept = dataclasses.replace(bandit, epoch=1, uniform_slice=0.0, sticky_update_us=sticky_update_us)
    router = bandit_router(kept, sticky=True)
    assert round_trip(router_to(router, "")).router == router


def bandit_router(policy, *, sticky=False):
    """A router of two arms."""
    variants = (Variant("a", "m", "1", 0), Variant("b", "m", "2", 0))
    return Router("r", variants, policy, display_name="r", sticky=sticky)


WEIGHTS = st.floats(0.01, 100) | st.floats(-100, -0.01)
METRIC_TERMS = st.builds(RewardTerm, WEIGHTS, ids, missing=st.none() | st.floats(-9, 9))
COST_TERMS = st.builds(RewardTerm, WEIGHTS, cost=st.sampled_from(Cost))


@careful
@given(st.lists(METRIC_TERMS | COST_TERMS, min_size=1, max_size=8, unique_by=lambda term: term.name))
def test_an_exported_reward_that_is_a_sum_is_wanted_as_it_is(terms):
    bandit = Bandit(
        Algorithm.UCB1, metric="", terms=tuple(terms), feedback_window_us=2_000_000, exploration_floor=0.5
    )
    router = bandit_router(bandit)
    assert round_trip(router_to(router, "")).router == router


@careful
@given(models)
def test_an_exported_model_is_wanted_as_it_is(model):
    wanted = round_trip(model_version_to(model))
    assert isinstance(wanted, WantedModel)
    assert wanted.stage is model.stage
    assert wanted.permissions == model.permissions
    server_set = {"stage": Stage.NONE, "permissions": Permissions(), "create_time_us": 0}
    assert wanted.model == dataclasses.replace(model, given_signature=model.signature, **server_set)


@careful
@given(values)
def test_any_value_is_written_and_read_as_it_is(value):
    model = ModelVersion("m", "1", signature=Signature(defaults={"x": value}))
    read = round_trip(model_version_to(model)).model.given_signature.defaults["x"]
    assert read == value
    if isinstance(value, float) and value == 0:
        assert math.copysign(1, read) == math.copysign(1, value)


def test_a_name_longer_than_a_parser_looks_for_a_colon_is_written_and_read():
    model = ModelVersion("m", "1", metrics={"n" * 2000: 1.5, "é" * 1024: 2.5})
    assert round_trip(model_version_to(model)).model.metrics == model.metrics


def test_exports_are_stable_and_ordered():
    router = Router("r", (Variant("b", "m", "1", 1.0), Variant("a", "m", "2", 2.5)), display_name="r")
    kind = kinds()["Router"]
    assert write_yaml([document_of(kind, wish_of(router_to(router, "")))]) == (
        "apiVersion: pointsman/v1\n"
        "kind: Router\n"
        "router_id: r\n"
        "strategy: weighted\n"
        "variants:\n"
        "  - name: b\n"
        "    model_id: m\n"
        '    model_version: "1"\n'
        "    weight: 1\n"
        "  - name: a\n"
        "    model_id: m\n"
        '    model_version: "2"\n'
        "    weight: 2.5\n"
        "sticky: true\n"
        "status: stopped\n"
    )
