"""What the shell completes, and what is asked back when a name does not exist."""

import os
from typing import Any

import grpc
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.cli.line.completion import VARIABLE
from pointsman.v1 import key_pb2, model_pb2, router_pb2


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY", "POINTSMAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def named(server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server with routers, models, variants and keys, which POINTSMAN_SERVER names."""
    variants = [
        router_pb2.Variant(name=name, model_id="cancer-lr", model_version=version)
        for name, version in (("lr", "1"), ("gb", "2"))
    ]
    cancer = router_pb2.Router(router_id="cancer", variants=variants)
    rules = cancer.feature_rules
    rules.rule_features.append("region")
    rules.rules.add().conditions.extend(
        router_pb2.RuleCondition(feature=name) for name in ("mean radius", "site", "metadata.tenant")
    )
    routers = [cancer, router_pb2.Router(router_id="churn")]
    models = [
        model_pb2.ModelVersion(model_id=model, version=version)
        for model, version in (("cancer-lr", "1"), ("cancer-lr", "2"), ("churn-gb", "7"))
    ]
    for model, features in zip(
        models, (["mean radius", "area"], ["area", "texture"], ["tenure"]), strict=True
    ):
        model.signature.inputs.add(name="x", features=features)
    models[-1].stage = model_pb2.STAGE_PRODUCTION

    def of_model(request: Any) -> Any:
        wanted = [
            one
            for one in models
            if request.model_id in ("", one.model_id)
            and request.stage in (model_pb2.STAGE_UNSPECIFIED, one.stage)
        ]
        return model_pb2.ListModelVersionsResponse(model_versions=wanted)

    server.on("RouterService/ListRouters", router_pb2.ListRoutersResponse(routers=routers))
    server.on(
        "RouterService/GetRouter",
        lambda request: cancer if request.router_id == "cancer" else router_pb2.Router(),
    )
    server.on(
        "ModelService/GetModelVersion",
        lambda request: next(
            one for one in models if (one.model_id, one.version) == (request.model_id, request.version)
        ),
    )
    server.on("ModelService/ListModelVersions", of_model)
    keys = [
        key_pb2.ApiKey(key_id="abcdefgh", user_id="bob"),
        key_pb2.ApiKey(key_id="abzzzzzz", user_id="ann"),
    ]
    keys[1].revoke_time.GetCurrentTime()
    server.on("ApiKeyService/ListApiKeys", key_pb2.ListApiKeysResponse(api_keys=keys))
    users = [key_pb2.User(user_id=user) for user in ("ann", "amy")]
    server.on("ApiKeyService/ListUsers", key_pb2.ListUsersResponse(users=users))
    monkeypatch.setenv("POINTSMAN_SERVER", server.address)
    return server


def completed(line: str) -> list[str]:
    *words, beginning = line.split(" ")
    return [
        item.value for item in ShellComplete(app, {}, "pointsman", VARIABLE).get_completions(words, beginning)
    ]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("rou", ["routers"]),
        ("routers li", ["list"]),
        ("routers get ", ["cancer", "churn"]),
        ("routers get ch", ["churn"]),
        ("predict ca", ["cancer"]),
        ("predict cancer --variant ", ["lr", "gb"]),
        ("routers toggle cancer g", ["gb"]),
        ("routers weight cancer lr=70 ", ["lr=", "gb="]),
        ("models get ", ["cancer-lr", "churn-gb"]),
        ("models get cancer-lr ", ["1", "2"]),
        ("models list --model ch", ["churn-gb"]),
        ("keys revoke ab", ["abcdefgh"]),
        ("routers list --status run", ["running"]),
        ("models test cancer-lr 1 -f ", ["mean radius=", "area="]),
        ("predict cancer -f ", ["mean radius=", "area=", "texture=", "region=", "site="]),
        ("predict cancer -f area=1 --feature te", ["texture="]),
        ("predict churn-gb -f ", ["tenure="]),
        ("predict cancer -f area=", []),
        ("routers explain cancer -f m", ["mean radius="]),
        ("routers update cancer --control ", ["lr", "gb"]),
        (
            "routers update cancer --variant lr=cancer:1@1 --variant rf=cancer:9@1 --canary ",
            ["lr", "rf", "gb"],
        ),
        ("routers create fresh --variant a=cancer:1@70 --variant b=cancer:2@30 --control ", ["a", "b"]),
        ("models transfer cancer-lr --to ", ["ann", "amy", "bob"]),
        ("routers transfer cancer --to b", ["bob"]),
        ("routers create fresh --owner a", ["ann", "amy"]),
        ("models register fresh 1 --owner a", ["ann", "amy"]),
        ("routers permissions cancer --share a", ["ann", "amy"]),
        ("models permissions cancer-lr --unshare a", ["ann", "amy"]),
        ("keys create --user b", ["bob"]),
        ("feedback import file.csv --router ch", ["churn"]),
    ],
)
def test_names_are_completed(named: Any, line: str, names: list[str]) -> None:
    assert completed(line) == names


def test_the_server_that_the_line_names_is_asked(server: Any) -> None:
    routers = [router_pb2.Router(router_id="cancer")]
    server.on("RouterService/ListRouters", router_pb2.ListRoutersResponse(routers=routers))
    assert completed(f"routers get --server {server.address} --api-key pm_secret ") == ["cancer"]
    assert server.metadata["x-api-key"] == "pm_secret"
    assert 0 < server.seconds_left <= 1.01  # one second; gRPC rounds deadlines of seconds up to hundredths


def test_a_server_that_refuses_or_is_away_completes_nothing_and_says_nothing(
    server: Any, refusal: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    server.on("RouterService/ListRouters", refusal(grpc.StatusCode.UNAUTHENTICATED, "no API key"))
    assert completed(f"routers get --server {server.address} ") == []
    assert completed("routers get --server 127.0.0.1:1 ") == []
    assert capfd.readouterr() == ("", "")


def refused(server: Any, method: str, reply: Any, *arguments: str) -> list[str]:
    server.on(method, reply)
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 1
    lines: list[str] = result.stderr.splitlines()
    return lines


def test_a_similar_router_is_asked_for(named: Any, refusal: Any) -> None:
    unknown = refusal(
        grpc.StatusCode.NOT_FOUND, "router 'cancre' does not exist; ListRouters shows those you may"
    )
    told = refused(named, "RouterService/GetRouter", unknown, "routers", "get", "cancre")
    assert told == [
        "error: router 'cancre' does not exist; 'pointsman routers list' shows those you may",
        "Did you mean 'cancer'?",
    ]


def test_a_similar_router_or_model_is_asked_for_when_calling(named: Any, refusal: Any) -> None:
    unknown = refusal(grpc.StatusCode.NOT_FOUND, 'no router is called "churn-bg"')
    told = refused(named, "PredictionService/Predict", unknown, "predict", "churn-bg", "-f", "x=1")
    assert told[1] == "Did you mean 'churn-gb' or 'churn'?"


def test_nothing_is_asked_where_no_name_is_similar(named: Any, refusal: Any) -> None:
    unknown = refusal(grpc.StatusCode.NOT_FOUND, "router 'x' does not exist")
    assert len(refused(named, "RouterService/GetRouter", unknown, "routers", "get", "x")) == 1


def test_an_error_is_told_even_when_names_cannot_be_had(server: Any, refusal: Any) -> None:
    unknown = refusal(grpc.StatusCode.NOT_FOUND, "router 'cancre' does not exist")
    line = ["routers", "get", "cancre", "--server", server.address]
    assert refused(server, "RouterService/GetRouter", unknown, *line) == [
        "error: router 'cancre' does not exist"
    ]


def test_a_feature_that_is_wrongly_spelt_is_told_beside_the_one_that_is_missing(
    named: Any, refusal: Any
) -> None:
    missing = refusal(
        grpc.StatusCode.INVALID_ARGUMENT, "no", fields={"features.mean radius": "missing; it takes a number"}
    )
    line = ["predict", "cancer", "-f", "mean raduis=17", "-f", "area=1"]
    assert refused(named, "PredictionService/Predict", missing, *line)[1:] == [
        "mean radius is missing. Is it 'mean raduis'?"
    ]


def explained(server: Any, *features: str) -> list[str]:
    answer = router_pb2.ExplainRoutingResponse(router_id="cancer", variant="lr")
    answer.propensities.add(variant="lr", propensity=1)
    server.on("RouterService/ExplainRouting", answer)
    result = CliRunner().invoke(app, ["routers", "explain", "cancer", *features])
    assert result.exit_code == 0, result.stderr
    lines: list[str] = result.stderr.splitlines()
    return lines


def test_a_feature_that_is_wrongly_spelt_is_told_when_routing_is_explained(named: Any) -> None:
    sent = ("-f", "mean raduis=17", "-f", "area=1", "-f", "reigon=north", "-f", "else=1")
    assert explained(named, *sent) == [
        "warning: no model or rule of the router takes a feature 'mean raduis'. Did you mean 'mean radius'?",
        "warning: no model or rule of the router takes a feature 'reigon'. Did you mean 'region'?",
    ]


@pytest.mark.parametrize("is_seen", [True, False])
def test_nothing_is_asked_of_features_where_those_of_one_model_are_not_known(
    named: Any, refusal: Any, is_seen: bool
) -> None:
    other = model_pb2.ModelVersion(model_id="cancer-lr", version="2")
    other.signature.inputs.add(name="x", features=["area"])
    bare = model_pb2.ModelVersion(model_id="cancer-lr", version="1")
    unseen = refusal(grpc.StatusCode.NOT_FOUND, "you may not see it")
    named.on("ModelService/GetModelVersion", bare if is_seen else unseen, other)
    assert explained(named, "-f", "aera=17") == []
    named.on("ModelService/GetModelVersion", other, other)
    assert len(explained(named, "-f", "aera=17")) == 1


@pytest.mark.parametrize(("typed", "meant"), [("rooters", "routers"), ("prediction", "predictions")])
def test_a_similar_command_is_asked_for(typed: str, meant: str) -> None:
    result = CliRunner().invoke(app, [typed])
    assert result.exit_code == 2
    assert f"'{meant}'" in result.stderr


def test_a_similar_option_is_asked_for() -> None:
    result = CliRunner().invoke(app, ["routers", "list", "--ownr", "ann"])
    assert (result.exit_code, "--owner" in result.stderr) == (2, True)


def test_completion_is_installed_for_the_users_shell_once(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    for _ in range(2):
        assert CliRunner().invoke(app, ["--install-completion"]).exit_code == 0
    assert VARIABLE in (tmp_path / ".zfunc" / "_pointsman").read_text()
    assert (tmp_path / ".zshrc").read_text().count("compinit\n") == 1
    monkeypatch.setenv("SHELL", "/bin/csh")
    assert CliRunner().invoke(app, ["--show-completion"]).exit_code == 2
