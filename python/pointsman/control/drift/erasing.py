"""Deletes what drift keeps of an entity: logged predictions and outcomes, those of uploads under way, too."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.domain.access import can_change
from pointsman.domain.keys import Principal
from pointsman.store import models
from pointsman.store.drift import predictions, truth_uploads, truths


@dataclass(frozen=True)
class ErasedFromDrift:
    """What is deleted of an entity.

    Attributes:
        prediction_count: How many logged predictions that were in no file of the lake yet.
        outcome_count: How many outcomes, those of uploads that are not complete included.
        other_models: Models that belong to others: what was logged there is theirs to erase.
        model_keys: The rows of the caller's models, of which more may be in files of the lake.
    """

    prediction_count: int = 0
    outcome_count: int = 0
    other_models: tuple[str, ...] = ()
    model_keys: tuple[int, ...] = ()


def erase(
    connection: Connection, caller: Principal, model_ids: Collection[str], entity_id: str
) -> ErasedFromDrift:
    """Deletes what drift keeps of an entity under models that the caller may change.

    What was said of wrong rows of uploads may quote them, and goes, too.

    Args:
        connection: A writing transaction.
        caller: Who asks.
        model_ids: The models.
        entity_id: The entity, as clients name it.
    """
    found = [model for model_id in sorted(model_ids) if (model := models.find(connection, model_id))]
    own = [model.row_key for model in found if can_change(caller, model) and model.row_key]
    others = tuple(model.model_id for model in found if not can_change(caller, model))
    if not own:
        return ErasedFromDrift(other_models=others)
    truth_uploads.forget_faulty(connection, own)
    return ErasedFromDrift(
        predictions.remove_of_entity(connection, own, entity_id),
        truths.remove_of_entity(connection, own, entity_id),
        others,
        tuple(own),
    )
