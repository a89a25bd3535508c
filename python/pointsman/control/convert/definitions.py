"""What came of definitions as messages."""

from pointsman.control.convert.values import value_of
from pointsman.control.definitions.outcomes import Outcome
from pointsman.definitions.differences import Difference
from pointsman.domain.models import ModelVersion
from pointsman.v1 import definition_pb2


def change_to(outcome: Outcome) -> definition_pb2.DefinitionChange:
    """Makes the message of what came of one definition."""
    item = outcome.item
    is_model = isinstance(item, ModelVersion)
    return definition_pb2.DefinitionChange(
        kind=definition_pb2.DEFINITION_KIND_MODEL if is_model else definition_pb2.DEFINITION_KIND_ROUTER,
        id=str(item.key) if isinstance(item, ModelVersion) else item.router_id,
        outcome=_outcome(outcome),
        fields=[_field(difference) for difference in outcome.fields],
        moved_slots=outcome.moved_slots,
    )


def _outcome(outcome: Outcome) -> definition_pb2.DefinitionOutcome:
    if outcome.is_new:
        return definition_pb2.DEFINITION_OUTCOME_CREATED
    if outcome.is_change:
        return definition_pb2.DEFINITION_OUTCOME_CHANGED
    return definition_pb2.DEFINITION_OUTCOME_UNCHANGED


def _field(difference: Difference) -> definition_pb2.FieldChange:
    message = definition_pb2.FieldChange(field=difference.field)
    if difference.before is not None:
        message.before.CopyFrom(value_of(difference.before))
    if difference.after is not None:
        message.after.CopyFrom(value_of(difference.after))
    return message
