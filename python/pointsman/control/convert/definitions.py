"""What came of definitions as messages."""

from pointsman.control.convert.values import value_of
from pointsman.control.definitions.outcomes import Defined, Outcome
from pointsman.definitions.differences import Difference
from pointsman.domain.models import ModelVersion
from pointsman.domain.users import User
from pointsman.v1 import definition_pb2


def change_to(outcome: Outcome) -> definition_pb2.DefinitionChange:
    """Makes the message of what came of one definition."""
    kind, name = _named(outcome.item)
    return definition_pb2.DefinitionChange(
        kind=kind,
        id=name,
        outcome=_outcome(outcome),
        fields=[_field(difference) for difference in outcome.fields],
        moved_slots=outcome.moved_slots,
    )


def _named(item: Defined) -> tuple[definition_pb2.DefinitionKind, str]:
    match item:
        case ModelVersion():
            return definition_pb2.DEFINITION_KIND_MODEL, str(item.key)
        case User():
            return definition_pb2.DEFINITION_KIND_USER, item.user_id
        case _:
            return definition_pb2.DEFINITION_KIND_ROUTER, item.router_id


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
