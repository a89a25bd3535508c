"""What came of definitions, object by object."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.control.convert.models import model_version_to
from pointsman.control.convert.routers import router_to
from pointsman.control.convert.users import user_to
from pointsman.control.definitions.checks import WantedModel
from pointsman.control.publishing.changes import Change
from pointsman.control.registry.permissions import set_in
from pointsman.definitions.differences import Difference, differences
from pointsman.definitions.plain import plain_of, wish_of
from pointsman.definitions.shapes import shape_of
from pointsman.domain.models import ModelVersion, Stage
from pointsman.domain.routers import Router
from pointsman.domain.users import User
from pointsman.store import models

Defined = ModelVersion | Router | User
"""An object that definitions are of."""


@dataclass(frozen=True)
class Outcome:
    """What came of one definition.

    Attributes:
        item: The object as it is then.
        is_new: Whether it was created.
        fields: Where it differed; empty for a new one, and for one that is as it was.
        moved_slots: The number of slots that went to another variant.
    """

    item: Defined
    is_new: bool = False
    fields: tuple[Difference, ...] = ()
    moved_slots: int = 0

    @property
    def is_change(self) -> bool:
        """Whether anything is other than it was."""
        return self.is_new or bool(self.fields)


@dataclass(frozen=True)
class Applied:
    """What came of all definitions, and the generation in which they are in force."""

    outcomes: tuple[Outcome, ...]
    generation: int


def moved(outcome: Outcome, stage: Stage) -> Outcome:
    """Answers what came of a model version that was moved to a stage."""
    model = outcome.item
    if not isinstance(model, ModelVersion):
        return outcome
    difference = Difference("stage", model.stage.value, stage.value)
    fields = () if outcome.is_new else (*outcome.fields, difference)
    return dataclasses.replace(outcome, item=dataclasses.replace(model, stage=stage), fields=fields)


def whole(item: Defined) -> dict[str, object]:
    """Answers an object as a definition would state it, with the fields that have their default."""
    if isinstance(item, ModelVersion):
        return plain_of(model_version_to(item), shape_of("ModelVersion"), whole=True)
    if isinstance(item, User):
        return plain_of(user_to(item), shape_of("User"), whole=True)
    return plain_of(wish_of(router_to(item, "")), shape_of("Router"), whole=True)


def permit(change: Change, versions: Sequence[WantedModel], outcomes: dict[str, Outcome]) -> None:
    """Gives models the permissions that definitions of their versions state.

    Args:
        change: The change that it is a part of.
        versions: Every definition of a model version.
        outcomes: What came of each by now, by its field; what changes is told of every version of the model.
    """
    stated = {item.model.model_id: item.permissions for item in versions if item.permissions is not None}
    for model_id, permissions in stated.items():
        model = models.find(change.connection, model_id)
        if model is None or model.permissions == permissions:
            continue
        after = set_in(change, dataclasses.replace(model, permissions=permissions))
        for item in versions:
            outcome = outcomes[item.field]
            before = outcome.item
            if item.model.model_id != model_id or not isinstance(before, ModelVersion):
                continue
            changed = dataclasses.replace(before, permissions=after.permissions, etag=after.etag)
            fields = () if outcome.is_new else tuple(differences(whole(before), whole(changed)))
            outcomes[item.field] = dataclasses.replace(outcome, item=changed, fields=fields)
