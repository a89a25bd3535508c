"""200 routers, 50 models and users in files: applied, compared, exported, and applied to another server."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pointsman.cli.app import app
from pointsman.definitions.writing import write_yaml
from stage.server import Server

MODELS, ROUTERS, USERS, IN_PROCESS, IN_SERVICE = 50, 200, 8, 4, 12
OBJECTS = MODELS + ROUTERS + USERS


def write_onnx(path):
    """A model of one class and its probabilities, as small as can be."""
    from onnx import TensorProto, helper

    taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    given = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])
    graph = helper.make_graph([helper.make_node("Softmax", ["x"], ["probabilities"])], "g", [taken], [given])
    opset = [helper.make_opsetid("", 13)]
    path.write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def a_model(number):
    head = {
        "apiVersion": "pointsman/v1",
        "kind": "Model",
        "model_id": f"m{number // 5}",
        "version": f"1.{number % 5}0",
    }
    if number < IN_PROCESS:
        return {
            **head,
            "backend": {"onnx": {"path": f"{number}.onnx"}},
            "stage": "staging" if number else "production",
        }
    features = [f"feature {column}" for column in range(30)]
    return {
        **head,
        "backend": {"grpc": {"target": "127.0.0.1:9", "model_name": f"remote-{number}"}},
        "signature": {
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 30], "features": features}],
            "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1]}],
            "task": "classification",
            "labels": ["no", "yes"],
            "defaults": {"feature 1": 0.5, "feature 2": None, "feature 3": "1"},
        },
        "metrics": {"auc": 0.9 + number / 1000, "on": 1},
        "tags": ["no", "1.10", f"team {number % 3}"],
    }


def a_router(number):
    in_service = number < IN_SERVICE
    first = number % IN_PROCESS if in_service else IN_PROCESS + number % (MODELS - IN_PROCESS)
    second = (number + 1) % IN_PROCESS if in_service else IN_PROCESS + (number + 1) % (MODELS - IN_PROCESS)
    variants = [
        {
            "name": name,
            "model_id": f"m{model // 5}",
            "model_version": f"1.{model % 5}0",
            "weight": weight,
            "role": role,
        }
        for name, model, weight, role in (
            ("on", first, 70 + number / 16, "control"),
            ("off", second, 30.5, "candidate"),
        )
    ]
    content = {
        "apiVersion": "pointsman/v1",
        "kind": "Router",
        "router_id": f"router-{number:03}",
        "variants": variants,
        "description": f"Router {number}: “yes”\n# no comment",
        "status": "running" if in_service else "stopped",
        "sticky": number % 2 == 0,
    }
    if number % 3 == 0:
        content["metrics"] = [{"name": "cost", "type": "count", "min_value": 0, "direction": "minimise"}]
        content["recording"] = {"features_share": 0.25, "entity": "hmac", "exclude_features": ["feature 1"]}
    if number % 5 == 0:
        content["permissions"] = {"public": True, "shared_user_ids": ["bob", "ann@example.com"]}
        content["default_timeout"] = "1.5s"
    return content


def a_user(number):
    """One of eight: every set of three scopes but all of them, which the last one has as an admin."""
    held = [scope for place, scope in enumerate(("read", "write", "predict")) if number >> place & 1]
    rights = {"admin": True} if len(held) == 3 else {"scopes": [f"mlops:{scope}" for scope in held]}
    return {
        "apiVersion": "pointsman/v1",
        "kind": "User",
        "user_id": f"{number}@example.com" if number % 2 else "no" * (number + 1),
        "description": f"“{number}”\n# no comment",
        **rights,
    }


@dataclass
class World:
    """A server, and files of what shall be there."""

    server: Server
    files: Path

    def run(self, *arguments):
        return CliRunner().invoke(app, ["--server", self.server.grpc, *arguments])

    def ok(self, *arguments, code=0):
        done = self.run(*arguments)
        assert done.exit_code == code, f"{done.exit_code}\n{done.stdout}\n{done.stderr}\n{done.exception!r}"
        return done.stdout

    def export(self):
        return self.ok("export")


def start(folder):
    folder.mkdir()
    server = Server(folder)
    for number in range(IN_PROCESS):
        write_onnx(server.models_dir / f"{number}.onnx")
    return server


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The files: one of all models, one of all users, and one for every ten routers."""
    folder = tmp_path_factory.mktemp("definitions")
    (folder / "models.yaml").write_text(write_yaml([a_model(number) for number in range(MODELS)]))
    (folder / "users.yaml").write_text(write_yaml([a_user(number) for number in range(USERS)]))
    for start_number in range(0, ROUTERS, 10):
        content = write_yaml([a_router(number) for number in range(start_number, start_number + 10)])
        (folder / f"routers-{start_number:03}.yaml").write_text(content)
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory, written):
    """A server to which the files were applied."""
    server = start(tmp_path_factory.mktemp("world") / "one")
    world = World(server, written)
    told = world.ok("apply", "-f", str(written))
    assert f"{OBJECTS} created, 0 unchanged" in told
    yield world
    server.end()


def test_applying_the_same_again_changes_nothing(world):
    first = world.ok("apply", "-f", str(world.files))
    assert first == world.ok("apply", "-f", str(world.files))
    assert first.startswith(f"{OBJECTS} unchanged; generation ")
    world.ok("diff", "-f", str(world.files), code=0)


def test_an_export_is_what_is_there(world, tmp_path):
    exported = tmp_path / "all.yaml"
    exported.write_text(world.export())
    assert world.ok("diff", "-f", str(exported)).startswith(f"{OBJECTS} unchanged")
    assert exported.read_text().count("status: running\n") == IN_SERVICE
    as_json = tmp_path / "all.json"
    as_json.write_text(world.ok("-o", "json", "export"))
    assert world.ok("diff", "-f", str(as_json)).startswith(f"{OBJECTS} unchanged")
    world.ok("export", "--directory", str(tmp_path / "each"))
    assert len(list((tmp_path / "each").iterdir())) == OBJECTS
    assert world.ok("diff", "-f", str(tmp_path / "each")).startswith(f"{OBJECTS} unchanged")


def test_an_export_applied_to_an_empty_server_exports_the_same(world, tmp_path):
    exported = tmp_path / "all.yaml"
    exported.write_text(world.export())
    other = World(start(tmp_path / "other"), tmp_path)
    try:
        # Without their models all routers are refused: more faults than fit into an answer.
        refused = other.run(
            "apply", *(part for file in world.files.glob("routers-*") for part in ("-f", str(file)))
        )
        assert refused.exit_code == 1
        assert refused.stderr.count("is not registered, or you may not see it; register it first") > 5
        assert "faults more; mend those told first" in refused.stderr
        assert other.export() == ""
        other.ok("apply", "-f", str(exported))
        assert other.export() == exported.read_text()
        chosen = other.ok("export", "router/router-003", "model/m0/1.00", "user/no")
        assert [line for line in chosen.split("\n") if line.startswith("kind: ")] == [
            "kind: Model",
            "kind: Router",
            "kind: User",
        ]
        assert "scopes: []" in chosen
    finally:
        other.server.end()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("weight: 30.5", "weight: 130", "variants[1].weight: 130 is above 100"),
        ("weight: 30.5", "wieght: 30", "variants[1].wieght: there is no such field; did you mean 'weight'?"),
        ("sticky: false", "sticky: no", "sticky: 'no' is neither true nor false"),
        ('model_version: "1.20"', 'model_version: "9"', "model_version: 'm"),
    ],
)
def test_a_broken_file_among_good_ones_changes_nothing(world, tmp_path, before, after, told):
    state = world.export()
    folder = tmp_path / "broken"
    shutil.copytree(world.files, folder)
    for file in folder.glob("routers-*.yaml"):
        file.write_text(file.read_text().replace("weight: 30.5", "weight: 29.5", 1))
    users = folder / "users.yaml"
    users.write_text(users.read_text().replace('["mlops:read"]', '["mlops:write"]'))
    broken = folder / "routers-110.yaml"
    lines = broken.read_text().split("\n")
    line = max(number for number, content in enumerate(lines) if before in content)
    lines[line] = lines[line].replace(before, after)
    broken.write_text("\n".join(lines))
    done = world.run("apply", "-f", str(folder))
    assert done.exit_code == 1
    (fault,) = [found for found in done.stderr.split("\n") if told in found]
    assert fault.startswith(f"error: {broken}:{line + 1}:"), done.stderr
    assert world.run("diff", "-f", str(folder)).exit_code == 2
    assert world.export() == state


def test_a_difference_is_shown_field_by_field_and_then_made(world, tmp_path):
    changed = tmp_path / "one.yaml"
    wanted = a_router(150)
    wanted["variants"][0]["weight"] = 50
    wanted["sticky"] = not wanted["sticky"]
    changed.write_text(write_yaml([wanted]))
    shown = world.ok("diff", "-f", str(changed), code=1)
    assert "~ router router-150" in shown
    assert "    variants[on].weight: 79.375 -> 50\n" in shown
    facts = json.loads(world.ok("-o", "json", "diff", "-f", str(changed), code=1))
    assert [field["field"] for field in facts["changes"][0]["fields"]] == ["variants[on].weight", "sticky"]
    old = facts["generation"]
    assert "1 changed, 0 unchanged" in world.ok("apply", "-f", str(changed), "--expect-generation", str(old))
    assert world.run("apply", "-f", str(changed), "--expect-generation", str(old)).exit_code == 1
    world.ok("diff", "-f", str(changed))
    world.ok("apply", "-f", str(world.files))


def test_a_key_without_rights_to_one_router_changes_nothing(tmp_path):
    server = start(tmp_path / "keys")
    world = World(server, tmp_path)
    try:
        models, mine, theirs = (tmp_path / f"{name}.yaml" for name in ("models", "mine", "theirs"))
        opened = {"permissions": {"public_predict": True}}
        models.write_text(write_yaml([{**a_model(number), **opened} for number in range(MODELS)]))
        theirs.write_text(write_yaml([a_router(20)]))
        mine.write_text(write_yaml([a_router(21)]))
        admin = json.loads(world.ok("-o", "json", "keys", "create", "--admin"))["secret"]
        keyed = ("--api-key", admin)
        world.ok(*keyed, "apply", "-f", str(models), "-f", str(theirs))
        made = world.ok(
            *keyed,
            "-o",
            "json",
            "keys",
            "create",
            "--user",
            "alice",
            "--scope",
            "mlops:write",
            "--scope",
            "mlops:read",
        )
        alice = ("--api-key", json.loads(made)["secret"])
        state = world.ok(*keyed, "export")
        changed = {**a_router(20), "description": "hers"}
        theirs.write_text(write_yaml([changed]))
        done = world.run(*alice, "apply", "-f", str(mine), "-f", str(theirs))
        assert done.exit_code == 1
        assert f"error: {theirs}:1:1: router 'router-020' belongs to" in done.stderr
        assert world.ok(*keyed, "export") == state
        world.ok(*alice, "apply", "-f", str(mine))

        assert "kind: User" not in world.ok(*alice, "export")
        users = tmp_path / "users.yaml"
        users.write_text(write_yaml([a_user(1)]))
        mine.write_text(write_yaml([{**a_router(21), "description": "hers"}]))
        state = world.ok(*keyed, "export")
        done = world.run(*alice, "apply", "-f", str(mine), "-f", str(users))
        assert done.exit_code == 1
        assert f"error: {users}:1:1: user '1@example.com': only admins define users" in done.stderr
        assert world.ok(*keyed, "export") == state
    finally:
        server.end()
