"""Rows for the store's tests."""

from typing import Any

from pointsman.domain.models import GrpcBackend, ModelVersion
from pointsman.domain.routers import Router
from pointsman.domain.variants import Variant
from pointsman.store import generations, model_versions
from pointsman.store.database import Database
from pointsman.store.routing import routers

DAY_US = 86_400_000_000


def add_model(
    database: Database, version: str = "1", model_id: str = "cancer", **fields: Any
) -> ModelVersion:
    with database.write_routing() as connection:
        model = ModelVersion(
            model_id,
            version,
            backend=GrpcBackend("127.0.0.1:8081", model_id),
            owner="alice",
            changed_generation=generations.advance(connection),
            **fields,
        )
        return model_versions.add(connection, model)


def a_router(router_id: str = "cancer", **fields: Any) -> Router:
    fields.setdefault("variants", (Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)))
    return Router(
        router_id,
        owner=fields.pop("owner", "alice"),
        salt=bytes(range(16)),
        slot_runs=(0, 7000, 1, 3000),
        **fields,
    )


def add_router(database: Database, router_id: str = "cancer", **fields: Any) -> Router:
    with database.write_routing() as connection:
        router = a_router(router_id, changed_generation=generations.advance(connection), **fields)
        keys = {key: model.row_key for key, model in _models(connection, router).items()}
        return routers.add(connection, router, keys)


def _models(connection: Any, router: Router) -> Any:
    return model_versions.find_many(connection, {variant.model_key for variant in router.variants})
