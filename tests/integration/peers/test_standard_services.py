"""Health and reflection, asked by gRPC's own clients."""

from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from pointsman.v1 import router_pb2
from stage import grpcurl
from stage.control import Control
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SERVICES = [
    "grpc.health.v1.Health",
    "inference.GRPCInferenceService",
    "pointsman.v1.ApiKeyService",
    "pointsman.v1.ModelService",
    "pointsman.v1.PredictionService",
    "pointsman.v1.RouterService",
]
OWN_SERVICES = ["", *SERVICES[1:]]


@pytest.mark.parametrize("service", OWN_SERVICES)
def test_every_service_is_healthy(control: Control, service: str) -> None:
    health = health_pb2_grpc.HealthStub(control.channel)
    answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    watch = health.Watch(health_pb2.HealthCheckRequest(service=service), timeout=10)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()


def test_health_of_an_unknown_service_is_unknown(control: Control) -> None:
    health = health_pb2_grpc.HealthStub(control.channel)
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="no.such.Service"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def reflect(control: Control, version: str, requests: list[Any]) -> list[Any]:
    """Asks reflection; both versions have the same messages."""
    call = control.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return list(call(iter(requests), timeout=10))


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_and_describes_every_service(control: Control, version: str) -> None:
    (answer,) = reflect(control, version, [reflection_pb2.ServerReflectionRequest(list_services="")])
    names = {service.name for service in answer.list_services_response.service}
    assert set(SERVICES) <= names
    questions = [
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=name) for name in sorted(names)
    ]
    for name, described in zip(sorted(names), reflect(control, version, questions), strict=True):
        assert described.WhichOneof("message_response") == "file_descriptor_response", name
        pool = descriptor_pool.DescriptorPool()
        files = described.file_descriptor_response.file_descriptor_proto
        found = {file.name: file for file in map(descriptor_pb2.FileDescriptorProto.FromString, files)}
        add_with_dependencies(control, version, pool, found)
        assert pool.FindServiceByName(name).methods


def add_with_dependencies(control: Control, version: str, pool: Any, files: dict[str, Any]) -> None:
    """Adds files to a pool, asking for those that they import."""
    added: set[str] = set()

    def add(name: str) -> None:
        if name in added:
            return
        added.add(name)
        if name not in files:
            question = reflection_pb2.ServerReflectionRequest(file_by_filename=name)
            (answer,) = reflect(control, version, [question])
            for raw in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(raw)
                files.setdefault(file.name, file)
        for dependency in files[name].dependency:
            add(dependency)
        pool.Add(files[name])

    for name in list(files):
        add(name)


def test_grpcurl_describes_pythons_services(server: Server) -> None:
    methods = grpcurl.describe(server.grpc, "pointsman.v1.RouterService")
    assert "pointsman.v1.RouterService.UpdateVariantWeight" in methods
    declared = router_pb2.DESCRIPTOR.services_by_name["RouterService"].methods
    assert sorted(methods) == sorted(method.full_name for method in declared)
