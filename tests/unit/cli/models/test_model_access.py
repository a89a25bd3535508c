"""Commands about whose a model is, and who else may read and call it."""

from typing import Any

from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import key_pb2, model_pb2


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--server", server.address])


def a_version(**permissions: Any) -> model_pb2.ModelVersion:
    return model_pb2.ModelVersion(
        model_id="cancer",
        version="1",
        stage=model_pb2.STAGE_PRODUCTION,
        owner="ann",
        permissions=model_pb2.ModelPermissions(**permissions),
        etag="e1",
    )


def listing(*versions: model_pb2.ModelVersion) -> model_pb2.ListModelVersionsResponse:
    return model_pb2.ListModelVersionsResponse(model_versions=versions)


def test_permissions_are_shown_without_any_change(server: Any) -> None:
    server.on("ModelService/ListModelVersions", listing(a_version(shared_user_ids=["bob"])))
    shown = run(server, "models", "permissions", "cancer").stdout
    assert [line.split() for line in shown.splitlines()] == [["read:", "ann,", "bob"], ["call:", "ann"]]
    (asked,) = server.asked("ModelService/ListModelVersions")
    assert asked.model_id == "cancer"
    assert not server.asked("ModelService/UpdateModelPermissions")


def test_permissions_that_are_not_named_stay(server: Any) -> None:
    server.on(
        "ModelService/ListModelVersions",
        listing(a_version(public_predict=True, shared_user_ids=["bob", "cid"])),
    )
    server.on("ModelService/UpdateModelPermissions", model_pb2.Model(model_id="cancer", owner="ann"))
    changed = run(server, "models", "permissions", "cancer", "--share", "dee", "--unshare", "bob", "--public")
    assert "every user with mlops:predict" in changed.stdout
    (request,) = server.asked("ModelService/UpdateModelPermissions")
    assert request.permissions == model_pb2.ModelPermissions(
        public=True, public_predict=True, shared_user_ids=["cid", "dee"]
    )
    assert (request.model_id, request.owner, request.etag) == ("cancer", "", "e1")


def test_a_model_that_is_not_there_is_said(server: Any) -> None:
    server.on("ModelService/ListModelVersions", listing())
    result = run(server, "models", "permissions", "cancer", "--public")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: model 'cancer' has no version, or you may not see it")


def test_a_model_is_handed_over_and_a_user_without_a_key_is_said(server: Any) -> None:
    server.on("ModelService/UpdateModelPermissions", model_pb2.Model(model_id="cancer", owner="bob"))
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse())
    result = run(server, "models", "transfer", "cancer", "--to", "bob")
    assert result.stdout == "cancer belongs to bob\n"
    assert "no key is bob's yet" in result.stderr
    (request,) = server.asked("ModelService/UpdateModelPermissions")
    assert (request.owner, request.HasField("permissions")) == ("bob", False)


def test_a_model_is_registered_for_the_user_that_is_named(server: Any) -> None:
    server.on("ModelService/RegisterModelVersion", a_version())
    assert run(server, "models", "register", "cancer", "1", "--owner", "ann").exit_code == 0
    (request,) = server.asked("ModelService/RegisterModelVersion")
    assert request.model_version.owner == "ann"
    assert not request.model_version.HasField("permissions")


def test_get_and_list_show_owner_and_permissions(server: Any) -> None:
    opened = a_version(public_predict=True, shared_user_ids=["bob"])
    server.on("ModelService/GetModelVersion", opened)
    server.on("ModelService/ListModelVersions", listing(opened))
    shown = run(server, "models", "get", "cancer", "1").stdout
    facts = dict(line.split(":", 1) for line in shown.splitlines())
    assert facts["owner"].strip() == "ann"
    assert facts["access"].strip() == "public_predict, shared with bob"
    assert "public_predict, shared with bob" in run(server, "models", "list", "--wide").stdout
