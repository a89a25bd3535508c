"""Rights stand twice: here for the control plane, and in the contract for the data plane. They are one."""

from pointsman.domain.access import METHODS
from pointsman.v1 import definition_pb2, drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2

DATA_PLANE_ONLY = {"/pointsman.v1.PredictionService/Predict"}


def contract() -> dict[str, str]:
    """The scope of every method as its option says."""
    scopes = {}
    for file in (definition_pb2, drift_pb2, key_pb2, model_pb2, prediction_pb2, router_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                number = method.GetOptions().Extensions[key_pb2.required_scope]
                name = key_pb2.Scope.Name(number).removeprefix("SCOPE_").lower().replace("_", ":")
                scopes[f"/{service.full_name}/{method.name}"] = name
    return scopes


def test_every_method_needs_the_scope_that_the_contract_says() -> None:
    said = {path: scope for path, scope in contract().items() if path not in DATA_PLANE_ONLY}
    assert said == {path: access.scope.value for path, access in METHODS.items()}


def test_the_data_planes_own_method_is_in_the_contract_too() -> None:
    assert {contract()[path] for path in DATA_PLANE_ONLY} == {"mlops:predict"}
