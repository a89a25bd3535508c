"""Routers and model versions in SQL, and what changed since a generation."""

import dataclasses
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from pointsman.domain.access import can_read
from pointsman.domain.keys import Principal
from pointsman.domain.metrics import MetricDefinition, MetricDirection, MetricType
from pointsman.domain.models import ModelKey, OnnxBackend, Signature, Stage, Task, TensorSpec
from pointsman.domain.permissions import Permissions
from pointsman.domain.recording import EntityRecording, RecordDurability, Recording
from pointsman.domain.routers import RouterStatus, VersionPinning
from pointsman.domain.variants import Variant, VariantRole
from pointsman.store import generations, model_versions
from pointsman.store.routing import routers

from .rows import add_model, add_router

ADMIN = Principal("root", frozenset(), admin=True)


def page_of(database, caller=ADMIN, **wanted):
    values = {"status": None, "strategy": None, "owner": "", "tag": "", "page_size": 100, "page_token": ""}
    with database.read() as connection:
        return routers.list_page(connection, caller, **(values | wanted))


@pytest.fixture
def two_models(database):
    return add_model(database, "1"), add_model(database, "2")


def test_a_model_version_is_read_back_whole(database):
    signature = Signature(
        inputs=(TensorSpec("x", "FP32", (-1, 2), ("a", "b")),),
        outputs=(TensorSpec("y", "FP64"),),
        task=Task.REGRESSION,
        labels=("ä",),
        threshold=0.0,
        defaults={"a": [1.5, None, {"b": "c"}]},
        feature_importances={"a": 0.25},
    )
    stored = add_model(
        database,
        given_signature=signature,
        signature=signature,
        description="d",
        run_uri="u",
        metrics={"auc": 0.5},
        tags=("b", "a"),
        create_time_us=5,
    )
    with database.read() as connection:
        assert model_versions.find(connection, ModelKey("cancer", "1")) == stored


def test_an_onnx_backend_is_read_back(database):
    stored = add_model(database)
    with database.write() as connection:
        model_versions.remove(connection, stored.row_key, 2, 0)
        for version, sha256 in (("known", "0a" * 32), ("not known", "")):
            backend = OnnxBackend("a/b.onnx", sha256)
            again = dataclasses.replace(stored, version=version, backend=backend, row_key=0)
            again = model_versions.add(connection, again)
            assert model_versions.find(connection, again.key) == again


def test_a_router_is_read_back_whole(database, two_models):
    stored = add_router(
        database,
        display_name="é",
        description="d",
        tags=("b", "a"),
        sticky=False,
        version_pinning=VersionPinning.IGNORE,
        answer_router_name=True,
        default_timeout_ms=1500,
        record_predictions=False,
        recording=Recording(0.25, ("é", "b"), 1000, EntityRecording.HMAC, RecordDurability.DURABLE, 7, 2**40),
        metrics=(
            MetricDefinition("z"),
            MetricDefinition("a", MetricType.COUNT, -1.5, 2.5, MetricDirection.MINIMISE),
        ),
        allow_feedback_corrections=True,
        permissions=Permissions(True, True, ("zoe", "bob")),
        status=RouterStatus.RUNNING,
        status_message="m",
        serving=True,
        create_time_us=1,
        update_time_us=2,
        deploy_time_us=3,
        variants=(
            Variant("z", "cancer", "2", 0.125, role=VariantRole.CONTROL),
            Variant("a", "cancer", "1", 100, enabled=False),
        ),
    )
    with database.read() as connection:
        assert routers.find(connection, "cancer") == stored


def test_names_are_ordered_byte_by_byte_on_both_databases(database, two_models):
    names = ["b", "a", "B", "A", "a-b", "a.b", "ab", "1", "a_b"]
    for name in names:
        add_router(database, name)
    assert [router.router_id for router in page_of(database).items] == sorted(names)


def test_a_reader_sees_one_state_from_begin_to_end(database, two_models):
    add_router(database)
    with database.read() as connection:
        before = routers.find(connection, "cancer")
        assert before is not None
        with database.write_routing() as writer:
            after = dataclasses.replace(before, display_name="changed", revision=2)
            routers.save(writer, after)
        assert routers.find(connection, "cancer") == before
    with database.read() as connection:
        changed = routers.find(connection, "cancer")
        assert changed is not None
        assert changed.display_name == "changed"


def test_what_changed_since_a_generation_is_found_deleted_ones_apart(database, two_models):
    first, second = add_router(database, "first"), add_router(database, "second")
    with database.read() as connection:
        since = generations.current(connection).value
        assert routers.changed_since(connection, since) == []
        assert routers.changed_since(connection, -1) == [first, second]
        assert len(model_versions.changed_since(connection, -1)) == 2
    with database.write_routing() as connection:
        generation = generations.advance(connection)
        routers.remove(connection, dataclasses.replace(first, changed_generation=generation), 0)
        model_versions.set_stage(connection, two_models[0].row_key, Stage.PRODUCTION, generation, 0)
    with database.read() as connection:
        assert routers.changed_since(connection, since) == []
        assert routers.deleted_since(connection, since) == ["first"]
        assert [model.stage for model in model_versions.changed_since(connection, since)] == [
            Stage.PRODUCTION
        ]
        assert routers.find(connection, "first") is None


def test_weights_are_stored_without_touching_anything_else(database, two_models):
    stored = add_router(database, tags=("t",), permissions=Permissions(shared_user_ids=("bob",)))
    changed = dataclasses.replace(stored.variants[0], weight=10.0)
    after = dataclasses.replace(
        stored,
        variants=(changed, stored.variants[1]),
        slot_runs=(1, 10_000),
        revision=2,
        changed_generation=9,
        update_time_us=8,
    )
    with database.write_routing() as connection:
        routers.save_allocation(connection, after, [changed])
    with database.read() as connection:
        assert routers.find(connection, "cancer") == after


def test_variants_tags_and_permissions_are_replaced(database, two_models):
    stored = add_router(database, tags=("a", "b"), permissions=Permissions(shared_user_ids=("bob",)))
    after = dataclasses.replace(
        stored,
        variants=(Variant("gb", "cancer", "1", 1), Variant("new", "cancer", "2", 2)),
        tags=("b",),
        permissions=Permissions(shared_user_ids=("zoe", "bob")),
    )
    with database.write_routing() as connection:
        keys = {model.key: model.row_key for model in two_models}
        routers.replace_variants(connection, after, keys)
        routers.replace_tags(connection, after)
        routers.replace_permissions(connection, after)
    with database.read() as connection:
        assert routers.find(connection, "cancer") == after


def test_each_sees_what_is_theirs_shared_or_public(database, two_models):
    add_router(database, "own", owner="bob")
    add_router(database, "shared", permissions=Permissions(shared_user_ids=("bob",)))
    add_router(database, "public", permissions=Permissions(public=True))
    add_router(database, "open", permissions=Permissions(public_predict=True))

    def seen(user_id):
        page = page_of(database, Principal(user_id, frozenset()))
        return [router.router_id for router in page.items]

    assert seen("bob") == ["own", "public", "shared"]
    assert seen("carol") == ["public"]
    assert seen("alice") == ["open", "public", "shared"]


def test_pages_neither_skip_nor_repeat_while_rows_come_and_go(database, two_models):
    choice = random.Random(4)
    for number in range(40):
        add_router(database, f"r{number:03}")
    steady = {f"r{number:03}" for number in range(40)}
    seen, token, added = [], "", 0
    while True:
        page = page_of(database, page_size=7, page_token=token)
        seen += [router.router_id for router in page.items]
        token = page.next_page_token
        if not token:
            break
        added += 1
        add_router(database, f"r{choice.randrange(40):03}-{added}")
        with database.write_routing() as connection:
            victim = f"r{choice.randrange(40):03}"
            router = routers.find(connection, victim)
            if router is not None:
                routers.remove(connection, router, 1)
                steady.discard(victim)
    assert len(seen) == len(set(seen))
    assert steady <= set(seen)
    assert seen == sorted(seen)


def test_generations_are_committed_in_the_order_of_their_numbers(database):
    committed = []
    lock = threading.Lock()

    def change(_):
        with database.write_routing() as connection:
            generation = generations.advance(connection)
            with database.read() as reader:
                seen = generations.current(reader).value
        with lock:
            committed.append(generation)
        # Whoever holds a number sees all before it and none after.
        assert seen == generation - 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change, range(40)))
    assert sorted(committed) == list(range(1, 41))


def test_thousands_of_routers_are_read_in_a_few_queries(database, two_models):
    with database.write_routing() as connection:
        keys = {model.key: model.row_key for model in two_models}
        from .rows import a_router

        for number in range(600):
            routers.add(connection, a_router(f"r{number}"), keys)
    with database.read() as connection:
        loaded = routers.changed_since(connection, -1)
    assert len(loaded) == 600
    assert all(len(router.variants) == 2 for router in loaded)


def test_a_used_model_version_names_its_routers(database, two_models):
    router = add_router(database)
    with database.write_routing() as connection:
        assert model_versions.routers_using(connection, two_models[0].row_key) == ["cancer"]
        routers.remove(connection, router, 1)
        assert model_versions.routers_using(connection, two_models[0].row_key) == []


def test_the_list_shows_whom_the_table_of_rights_lets_read(database, two_models):
    cases = product([False, True], [False, True], [(), ("bob",), ("bob", "cy"), ("alice",)])
    made = [
        add_router(database, f"r{number}", permissions=Permissions(*permissions))
        for number, permissions in enumerate(cases)
    ]
    for user_id, admin in product(["alice", "bob", "cy", "Bob", ""], [False, True]):
        caller = Principal(user_id, frozenset(), admin)
        listed = [router.router_id for router in page_of(database, caller).items]
        assert listed == sorted(router.router_id for router in made if can_read(caller, router))


def test_a_state_is_known_as_an_ancestor_by_its_token(database):
    with database.write_routing() as connection:
        steps = [generations.step(connection) for _ in range(3)]
    with database.read() as connection:
        present = generations.current(connection)
        assert present.revision == steps[-1].after
        for step in steps:
            assert generations.is_ancestor(connection, step.before, present)
            assert generations.is_ancestor(connection, step.after, present)
            of_another = dataclasses.replace(step.after, token="another")
            assert not generations.is_ancestor(connection, of_another, present)
        future = generations.Revision(4, steps[-1].after.token)
        assert not generations.is_ancestor(connection, future, present)


def test_numbers_that_were_taken_back_are_given_anew_with_other_tokens(database):
    with database.write_routing() as connection:
        lost = [generations.step(connection).after for _ in range(3)]
        connection.exec_driver_sql("UPDATE generation SET value = 1")
        again = [generations.step(connection).after for _ in range(4)]
    with database.read() as connection:
        present = generations.current(connection)
        assert [step.generation for step in again] == [2, 3, 4, 5]
        assert [generations.is_ancestor(connection, found, present) for found in lost] == [True, False, False]
        assert all(generations.is_ancestor(connection, found, present) for found in again)


def test_tokens_are_kept_of_the_last_generations_only(database, monkeypatch):
    monkeypatch.setattr(generations, "KEPT_TOKENS", 3)
    monkeypatch.setattr(generations, "TOKENS_PER_SWEEP", 5)
    with database.write_routing() as connection:
        made = [generations.step(connection).after for _ in range(5)]
        present = generations.current(connection)
        known = [generations.is_ancestor(connection, found, present) for found in made]
    assert known == [False, False, True, True, True]
