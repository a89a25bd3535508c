"""Which predictions feedback by entity is about."""

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.domain.recording import recorded_entity
from pointsman.domain.records.lake import FoundLatest, LatestPredictions
from pointsman.domain.records.servers import UnreachedJournal, elsewhere, unreached_metadata
from pointsman.domain.routers import Router
from pointsman.domain.violations import shown
from pointsman.errors import FailedPreconditionError, NotFoundError, PointsmanError
from pointsman.store import installation
from pointsman.store.database import Database

_RouterEntity = tuple[str, str]
"""A router's id and an entity's."""
_Unreached = tuple[UnreachedJournal, ...]


@dataclass(frozen=True)
class EntityPrediction:
    """An entity's latest prediction.

    Attributes:
        unreached: Other servers that may have made a later one.
    """

    prediction_id: str
    unreached: _Unreached


class EntityPredictions:
    """Finds the latest predictions of entities that callers name.

    Args:
        database: Where the key is by which entities are hashed.
        latest: Who knows the latest predictions of recorded entities.
    """

    def __init__(self, database: Database, latest: LatestPredictions) -> None:
        self._database = database
        self._latest = latest

    def latest(
        self, wanted: Iterable[tuple[Router, str]]
    ) -> dict[_RouterEntity, EntityPrediction | PointsmanError]:
        """Answers for each router and entity the latest prediction, or why there is none.

        Args:
            wanted: Routers and entities; many of one router are looked up at once.

        Raises:
            UnavailableError: The records cannot be read now.
        """
        by_router: dict[str, tuple[Router, dict[str, None]]] = {}
        for router, entity_id in wanted:
            by_router.setdefault(router.router_id, (router, {}))[1][entity_id] = None
        found: dict[_RouterEntity, EntityPrediction | PointsmanError] = {}
        for router, entity_ids in by_router.values():
            recorded = self._recorded(router, entity_ids)
            wanted_ids = list(recorded.values())
            latest = self._latest.latest_predictions(router, wanted_ids) if recorded else FoundLatest({})
            for entity_id in entity_ids:
                key = (router.router_id, entity_id)
                if entity_id not in recorded:
                    found[key] = _not_recorded(router)
                elif prediction_id := latest.prediction_ids.get(recorded[entity_id]):
                    found[key] = EntityPrediction(prediction_id, latest.unreached)
                else:
                    found[key] = _not_found(router, entity_id, latest.unreached)
        return found

    def _recorded(self, router: Router, entity_ids: Iterable[str]) -> dict[str, str]:
        """Answers the forms in which a router records entities; nothing when it does not."""
        if not router.record_predictions:
            return {}
        with self._database.read() as connection:
            key = installation.entity_key(connection)
        forms = {entity_id: recorded_entity(router.recording, key, entity_id) for entity_id in entity_ids}
        return {entity_id: form for entity_id, form in forms.items() if form}


def _not_recorded(router: Router) -> PointsmanError:
    return FailedPreconditionError(
        f"router {router.router_id!r} does not record entities, so that their latest predictions are "
        "not known; send the prediction_id of the answer",
        reason="ENTITIES_NOT_RECORDED",
        metadata={"router_id": router.router_id},
    )


def _not_found(router: Router, entity_id: str, unreached: _Unreached) -> PointsmanError:
    return NotFoundError(
        f"entity_id: no prediction of router {router.router_id!r} for {shown(entity_id)} is "
        f"recorded that feedback counts for; it may be older than what is kept, or its calls named their "
        f"variant themselves{elsewhere(unreached)}",
        reason="PREDICTION_NOT_FOUND",
        metadata={"router_id": router.router_id, **unreached_metadata(unreached)},
    )
