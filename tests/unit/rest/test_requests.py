"""What of a request stands in its path, its query and its body."""

import importlib
from collections.abc import Mapping
from typing import Any

import pytest

import pointsman.v1
from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding import read_bindings
from pointsman.rest.transcoding.bindings import Binding
from pointsman.rest.transcoding.names import json_path
from pointsman.rest.transcoding.requests import make_request, query_parameters
from pointsman.v1 import model_pb2, router_pb2

BINDINGS = read_bindings()


def binding(method: str, http_method: str = "") -> Binding:
    return next(
        found for found in BINDINGS if found.method.name == method and http_method in ("", found.http_method)
    )


def refused(method: str, path: Mapping[str, str], query: str = "", body: Any = None) -> FieldError:
    with pytest.raises(FieldError) as caught:
        make_request(binding(method), path, query, body)
    return caught.value


def test_a_path_fills_fields_of_their_types() -> None:
    request = make_request(binding("GetRouterRevision"), {"router_id": "a", "revision": "7"}, "")
    assert request == router_pb2.GetRouterRevisionRequest(router_id="a", revision=7)
    error = refused("GetRouterRevision", {"router_id": "a", "revision": "seven"})
    assert (error.violation.field, "whole number" in error.violation.description) == ("revision", True)


def test_a_query_says_all_that_the_path_does_not() -> None:
    query = (
        "startTime=2026-05-16T10%3A30%3A00Z&has_feedback=true&pageSize=5&minLatency=1.5s&order=oldest_first"
    )
    request = make_request(binding("ListPredictions"), {"router_id": "a"}, query)
    assert (request.router_id, request.page_size, request.has_feedback) == ("a", 5, True)
    assert request.start_time.ToJsonString() == "2026-05-16T10:30:00Z"
    assert request.min_latency.ToMilliseconds() == 1500
    assert request.order == router_pb2.PREDICTION_ORDER_OLDEST_FIRST


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("pagesize=5", "pagesize"),
        ("pageSize=5&pageSize=6", "pageSize"),
        ("pageSize=5&page_size=6", "page_size"),
        ("hasFeedback=yes", "hasFeedback"),
        ("hasFeedback=true&hasFeedback=true", "hasFeedback"),
        ("pageSize=", "pageSize"),
        ("pageSize=1.0", "pageSize"),
        ("startTime=2026-05-16", "startTime"),
        ("order=newest", "order"),
        ("routerId=b", "routerId"),
        ("startTime.seconds=5", "startTime.seconds"),
        ("=5", ""),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(query: str, field: str) -> None:
    assert refused("ListPredictions", {"router_id": "a"}, query).violation.field == field


def test_an_unknown_parameter_is_told_the_names_there_are() -> None:
    assert "statusCode" in str(refused("ListPredictions", {"router_id": "a"}, "code=5"))


def test_a_body_is_the_whole_request_without_the_path() -> None:
    request = make_request(
        binding("UpdateVariantWeight"), {"router_id": "a", "variant": "lr"}, "", {"weight": 5}
    )
    assert request == router_pb2.UpdateVariantWeightRequest(router_id="a", variant="lr", weight=5)


def test_what_the_path_says_is_not_said_otherwise_in_the_body() -> None:
    path = {"router_id": "a", "variant": "lr"}
    same = make_request(binding("UpdateVariantWeight"), path, "", {"routerId": "a", "weight": 5})
    assert same.router_id == "a"
    assert refused("UpdateVariantWeight", path, "", {"routerId": "b"}).violation.field == "routerId"
    assert refused("UpdateVariantWeight", path, "weight=5").violation.field == "weight"


def test_a_body_may_be_one_field_beside_the_query() -> None:
    request = make_request(binding("CreateRouter"), {}, "validateOnly=true", {"routerId": "a"})
    assert (request.router.router_id, request.validate_only) == ("a", True)
    assert binding("CreateRouter").status_of(request) == 200
    assert binding("CreateRouter").status_of(router_pb2.CreateRouterRequest()) == 201
    assert refused("CreateRouter", {}, "router.routerId=b", {}).violation.field == "router.routerId"


def test_a_path_reaches_into_the_body() -> None:
    path = {"model_version.model_id": "m"}
    request = make_request(binding("RegisterModelVersion"), path, "", {"version": "1"})
    assert request.model_version == model_pb2.ModelVersion(model_id="m", version="1")


def test_errors_of_a_body_that_is_one_field_do_not_name_it() -> None:
    error = refused("CreateRouter", {}, "", {"variants": [{"weight": "x"}]})
    assert error.violation.field == "variants[0].weight"
    assert refused("CreateRouter", {}, "", [1]).violation.field == ""


# --- updates ---------------------------------------------------------------------------------------------


def test_an_update_without_a_mask_changes_what_the_body_states() -> None:
    path = {"router.router_id": "a"}
    body = {"displayName": "", "sticky": None, "etag": "1", "routerId": "a"}
    request = make_request(binding("UpdateRouter"), path, "", body)
    assert sorted(request.update_mask.paths) == ["display_name", "sticky"]
    masked = make_request(binding("UpdateRouter"), path, "updateMask=displayName", body)
    assert list(masked.update_mask.paths) == ["display_name"]


@pytest.mark.parametrize("body", [None, {}, {"etag": "1"}])
def test_an_update_of_nothing_is_refused_for_it_would_be_one_of_all(body: Any) -> None:
    assert refused("UpdateRouter", {"router.router_id": "a"}, "", body).violation.field == "updateMask"


# --- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("router.variants[0].model_id", "variants[0].modelId"),
        ("variants[0].model_id", "variants[0].modelId"),
        ("validate_only", "validateOnly"),
        ("router", "router"),
        ("router.feature_rules.rules[2].split.weights.a_b", "featureRules.rules[2].split.weights.a_b"),
        ("no_field.of_it", "no_field.of_it"),
    ],
)
def test_fields_are_named_as_the_caller_spelled_them(path: str, written: str) -> None:
    assert json_path(path, binding("CreateRouter").request, "router") == written


def test_names_of_features_stay_as_they_are() -> None:
    assert json_path("features.mean_radius", binding("Predict").request, "*") == "features.mean_radius"
    assert json_path("entity_id", binding("Predict").request, "*") == "entityId"


# --- annotations -----------------------------------------------------------------------------------------


def test_every_public_call_has_a_path() -> None:
    modules = (f"pointsman.v1.{name}" for name in dir(pointsman.v1) if name.endswith("_pb2"))
    methods = {
        method.full_name
        for module in modules
        for service in importlib.import_module(module).DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert len(methods) > 40
    # A file is a body of its own, which no annotation describes.
    files = {"pointsman.v1.DriftService.UploadGroundTruthFile"}
    assert methods - {found.method.full_name for found in BINDINGS} == files


def test_the_most_specific_path_comes_first() -> None:
    for index, first in enumerate(BINDINGS):
        for later in BINDINGS[index + 1 :]:
            assert first.template.rank <= later.template.rank, (first.template.text, later.template.text)


def test_what_needs_an_object_is_no_parameter() -> None:
    names = [name for name, _ in query_parameters(binding("GetShadowComparison"))]
    assert names == ["variant", "startTime", "endTime", "metric", "maxLabels"]
    assert query_parameters(binding("Predict")) == ()
