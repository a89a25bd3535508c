"""Errors as gRPC statuses."""

import grpc
import pytest
from google.rpc import status_pb2

from pointsman import errors
from pointsman.control.status import code_of, details_of, message_of


def all_errors(kind=errors.PointsmanError):
    return [kind, *(found for child in kind.__subclasses__() for found in all_errors(child))]


@pytest.mark.parametrize("kind", [kind for kind in all_errors() if kind.__module__ == "pointsman.errors"])
def test_every_error_has_a_code_a_reason_and_details(kind):
    error = kind("a sentence")
    status = status_pb2.Status.FromString(details_of(error, "request-1"))
    assert status.code == code_of(error).value[0]
    assert status.message == "a sentence"
    assert error.reason == error.reason.upper()


def test_a_subclass_takes_its_parents_code():
    assert code_of(errors.DatabaseUnavailableError("x")) is grpc.StatusCode.UNAVAILABLE
    assert code_of(errors.StaleSnapshotError("x")) is grpc.StatusCode.INTERNAL


def test_a_long_message_is_cut_to_what_a_trailer_holds():
    assert len(message_of(errors.NotFoundError("x" * 100_000))) == 4000


def test_many_violations_still_fit():
    violations = [errors.FieldViolation(f"f{number}", "x") for number in range(10_000)]
    details = details_of(errors.InvalidArgumentError.of(violations), "r")
    assert len(details) < 8192
