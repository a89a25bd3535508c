"""Every field of a router goes through everything that carries routers; a forgotten place fails here."""

import dataclasses
from enum import Enum

import pytest

from pointsman.control.convert.revisions import definition_of, snapshot_bytes
from pointsman.control.convert.routers import router_from, router_to
from pointsman.control.definitions.checks import WantedRouter, check_definitions
from pointsman.control.publishing.snapshot import router_snapshot
from pointsman.control.routing.router_fields import UPDATABLE, changed_paths
from pointsman.definitions.differences import differences
from pointsman.definitions.plain import document_of, plain_of, wish_of
from pointsman.definitions.reading import read_document
from pointsman.definitions.shapes import kinds, shape_of
from pointsman.definitions.writing import write_yaml
from pointsman.definitions.yaml_tree import read_yaml
from pointsman.domain.metrics import MetricDefinition, MetricDirection, MetricType
from pointsman.domain.overrides import TrafficOverride
from pointsman.domain.permissions import Permissions
from pointsman.domain.recording import EntityRecording, RecordDurability, Recording
from pointsman.domain.revision_words import summary
from pointsman.domain.revisions import Cause, RevisionKind
from pointsman.domain.routers import ROUTER_SETTINGS, Router
from pointsman.domain.strategies.bandit import Algorithm, Bandit
from pointsman.domain.strategies.canary import Canary
from pointsman.domain.strategies.catalogue import POLICY_FIELDS
from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.strategies.rules import FeatureRule, FeatureRules, RuleCondition, RuleOperator
from pointsman.domain.variants import Variant, VariantRole
from pointsman.store.routing import router_revisions, routers
from pointsman.v1 import snapshot_pb2

from .rows import a_router, add_model, add_router

STATED_ELSEWHERE = frozenset({"router_id", "policy", "traffic_override"})
"""What users set otherwise: with the router, with its strategy, or by a call of its own."""
SERVERS = frozenset(
    {"owner", "status", "status_message", "serving", "salt", "slot_runs", "revision", "changed_generation"}
    | {"create_time_us", "incarnation", "update_time_us", "deploy_time_us", "row_key"}
)
OTHER_PARTS = {
    "variants": (
        Variant("z", "cancer", "2", 0.125, role=VariantRole.CONTROL),
        Variant("a", "cancer", "1", 100, enabled=False),
        Variant("b", "cancer", "1", 1, role=VariantRole.CANARY),
        Variant("c", "cancer", "2", 0, role=VariantRole.SHADOW),
    ),
    "tags": ("b", "a"),
    "recording": Recording(0.25, ("é", "b"), 1000, EntityRecording.HMAC, RecordDurability.DURABLE, 7, 2**40),
    "metrics": (
        MetricDefinition("z"),
        MetricDefinition("a", MetricType.COUNT, -1.5, 2.5, MetricDirection.MINIMISE),
    ),
    "permissions": Permissions(True, True, ("zoe", "bob")),
}
"""Values of the fields that are no scalars, other than the default in every part."""


def other_value(setting):
    """A value of a setting that is not its default."""
    if setting.kind is bool:
        return not setting.default
    if setting.kind is int:
        return setting.default + 1500
    if setting.kind is float:
        return 0.125
    if issubclass(setting.kind, Enum):
        return next(word for word in reversed(setting.kind) if word != setting.default)
    return "é 1"


OTHER = {**OTHER_PARTS, **{setting.attribute: other_value(setting) for setting in ROUTER_SETTINGS}}
UNPUBLISHED = {"tags", *(setting.attribute for setting in ROUTER_SETTINGS if not setting.is_published)}
_CONDITION = RuleCondition("é", RuleOperator.IN, (1.5, "2", True), numeric_text=True)
POLICIES = (
    Canary(12.5),
    FeatureRules(
        (
            FeatureRule("one", (_CONDITION,), priority=-3, variant="lr"),
            FeatureRule("two", (_CONDITION, _CONDITION), weights=(("gb", 1.0), ("lr", 2.5))),
        ),
        default_variant="gb",
        rule_features=("é",),
    ),
    Bandit(
        Algorithm.THOMPSON_NORMAL,
        (("prior_count", 2.5), ("prior_mean", 0.0)),
        metric="sales",
        exploration_floor=0.0,
        uniform_slice=0.25,
        half_life_us=90_000_000,
        warm_up_pulls=7,
        feedback_window_us=30_500_000,
        missing_reward=0.0,
    ),
)
"""One of each strategy that has settings."""
OTHER_POLICIES = {
    Strategy.CANARY: Canary(5.0),
    Strategy.FEATURE_RULES: FeatureRules(default_variant="lr"),
    Strategy.BANDIT: Bandit(Algorithm.UCB1, metric="sales"),
}
"""The same with other settings."""
OVERRIDE = TrafficOverride("gb", 2, "é", "alice", 1)
each_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.field)
each_field = pytest.mark.parametrize("attribute", OTHER)


def with_other(*attributes):
    """A router that is as by default but for some fields."""
    fields = {name: OTHER[name] for name in attributes}
    return dataclasses.replace(a_router(**{"display_name": "cancer", **fields}), slot_runs=(0, 10_000))


def with_policy(policy):
    """A router of a strategy, with variants that suit it."""
    variants = (
        Variant("lr", "cancer", "1", 0, role=VariantRole.CONTROL),
        Variant("gb", "cancer", "2", 0, role=VariantRole.CANARY),
    )
    router = a_router(policy=policy, variants=variants)
    return dataclasses.replace(router, display_name="cancer", sticky=policy.strategy is not Strategy.BANDIT)


def of_users(router):
    """A router with the fields alone that users set."""
    return dataclasses.replace(
        Router(router.router_id, ()), **{name: getattr(router, name) for name in OTHER}
    )


def through_a_message(router):
    return router_from(router_to(router, "host:1"))


def through_a_definition_file(router):
    kind = kinds()["Router"]
    [node] = read_yaml("f", write_yaml([document_of(kind, wish_of(router_to(router, "")))]))
    document = read_document(node)
    assert list(document.faults) == []
    [wanted], objections = check_definitions([document.definition], lambda _: "")
    assert objections.errors == []
    assert isinstance(wanted, WantedRouter)
    return wanted.router


def through_a_revision(database, router):
    """Answers what a revision says that is stored and read again."""
    with database.write_routing() as connection:
        kept = snapshot_bytes(router_snapshot(router))
        cause = Cause(RevisionKind.IMPORTED)
        number = router_revisions.append(connection, router, cause, 1, "", kept)
        found = router_revisions.find(connection, router.row_key, number)
    assert found is not None
    return definition_of(found)


def test_every_field_is_a_users_or_the_servers():
    fields = {field.name for field in dataclasses.fields(Router)}
    assert fields == {*OTHER, *STATED_ELSEWHERE, *SERVERS}
    plain = Router("r", ())
    assert [name for name, value in OTHER.items() if getattr(plain, name) == value] == []


@each_field
def test_a_field_goes_through_messages_and_definition_files(attribute):
    for router in (with_other(attribute), with_other(*OTHER)):
        assert through_a_message(router) == of_users(router)
        assert through_a_definition_file(router) == of_users(router)


@each_field
def test_a_field_is_in_what_diff_and_updates_see(attribute):
    before, after = with_other(), with_other(attribute)
    name = attribute.removesuffix("_ms")
    assert changed_paths(before, after) == [name]
    shape = shape_of("Router")
    told = differences(*(plain_of(router_to(router, ""), shape, whole=True) for router in (before, after)))
    assert {one.field.partition("[")[0].partition(".")[0] for one in told} == {name}
    assert summary(before, after) != ""


def test_every_field_of_a_users_but_permissions_can_be_updated():
    names = [name.removesuffix("_ms") for name in OTHER if name != "permissions"]
    assert sorted(UPDATABLE) == sorted([*names, *POLICY_FIELDS])


def test_every_strategy_with_settings_is_among_the_policies_here():
    assert {policy.field for policy in POLICIES} == set(POLICY_FIELDS)


@each_policy
def test_a_policy_goes_through_messages_definition_files_and_differences(policy):
    before, after = with_policy(OTHER_POLICIES[policy.strategy]), with_policy(policy)
    assert through_a_message(after).policy == policy
    assert through_a_definition_file(after).policy == policy
    assert changed_paths(before, after) == [policy.field]
    shape = shape_of("Router")
    told = differences(*(plain_of(router_to(router, ""), shape, whole=True) for router in (before, after)))
    assert {one.field.partition("[")[0].partition(".")[0] for one in told} == {policy.field}
    assert summary(before, after) != ""


@each_policy
def test_a_policy_goes_through_rows_and_revisions(database, policy):
    add_model(database, "1")
    add_model(database, "2")
    router = with_policy(policy)
    stored = add_router(database, policy=policy, variants=router.variants, traffic_override=OVERRIDE)
    with database.read() as connection:
        found = routers.find(connection, "cancer")
    assert found is not None
    assert (found.policy, found.traffic_override) == (policy, OVERRIDE)
    revised = through_a_revision(database, stored)
    assert (revised.policy, revised.traffic_override) == (policy, OVERRIDE)


def test_every_field_goes_through_rows_and_revisions(database):
    add_model(database, "1")
    add_model(database, "2")
    for attributes in (OTHER, *((attribute,) for attribute in OTHER)):
        router = with_other(*attributes)
        router_id = "-".join(attributes)[:50]
        stored = add_router(database, router_id, **{name: getattr(router, name) for name in OTHER})
        with database.read() as connection:
            found = routers.find(connection, router_id)
        assert of_users(found) == dataclasses.replace(of_users(router), router_id=router_id)
        published = {name: getattr(stored, name) for name in OTHER if name not in UNPUBLISHED}
        revised = through_a_revision(database, stored)
        assert {name: getattr(revised, name) for name in published} == published


def test_every_setting_is_saved_over_what_was_there(database):
    add_model(database, "1")
    add_model(database, "2")
    before = add_router(database)
    after = dataclasses.replace(before, **{one.attribute: OTHER[one.attribute] for one in ROUTER_SETTINGS})
    with database.write_routing() as connection:
        routers.save(connection, after)
    with database.read() as connection:
        assert routers.find(connection, "cancer") == after


def test_a_snapshot_of_a_release_that_knew_no_settings_of_today_means_their_defaults(database):
    add_model(database, "1")
    add_model(database, "2")
    stored = add_router(database)
    message = router_snapshot(
        dataclasses.replace(
            stored, **{one.attribute: OTHER[one.attribute] for one in ROUTER_SETTINGS if one.is_published}
        )
    )
    message.ClearField("settings")
    with database.write_routing() as connection:
        router_revisions.append(
            connection, stored, Cause(RevisionKind.IMPORTED), 1, "", snapshot_bytes(message)
        )
        kept = router_revisions.find(connection, stored.row_key, 1)
        assert kept is not None
        revised = definition_of(kept)
    own = {field.name for field in snapshot_pb2.RouterSnapshot.DESCRIPTOR.fields}
    for one in ROUTER_SETTINGS:
        if one.is_published:
            expected = OTHER[one.attribute] if one.attribute in own else one.default
            assert one.value_of(revised) == expected, one.attribute
