"""``pointsman.v1.DefinitionService``."""

from pointsman.control.calls import caller
from pointsman.control.convert.definitions import change_to
from pointsman.control.definitions.applying import Definitions
from pointsman.control.definitions.checks import read_definitions
from pointsman.domain.ports.core import ModelChecks
from pointsman.v1 import definition_pb2, definition_pb2_grpc


class DefinitionServicer(definition_pb2_grpc.DefinitionServiceServicer):
    """Brings definitions into force."""

    def __init__(self, definitions: Definitions, checks: ModelChecks) -> None:
        self._definitions = definitions
        self._checks = checks

    async def ApplyDefinitions(
        self, request: definition_pb2.ApplyDefinitionsRequest, context: object
    ) -> definition_pb2.ApplyDefinitionsResponse:
        """Creates, changes and leaves alone, until every object is as its definition says."""
        wanted = read_definitions(request.definitions, self._checks.target_fault)
        expected = request.expected_generation if request.HasField("expected_generation") else None
        applied = await self._definitions.apply(
            caller(), wanted, expected, validate_only=request.validate_only
        )
        return definition_pb2.ApplyDefinitionsResponse(
            changes=[change_to(outcome) for outcome in applied.outcomes], generation=applied.generation
        )
