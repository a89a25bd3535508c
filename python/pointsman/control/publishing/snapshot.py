"""Makes of rows what the data plane is told."""

from collections.abc import Iterable, Sequence

from pointsman.control.convert.enums import ROUTER_STATUS, STAGE, STRATEGY
from pointsman.control.convert.keys import scopes_to
from pointsman.control.convert.models import backend_to, model_permissions_to, signature_to
from pointsman.control.convert.overrides import write_override
from pointsman.control.convert.recording import metrics_to, recording_to
from pointsman.control.convert.router_settings import publish_settings
from pointsman.control.convert.routers import permissions_to, variants_to
from pointsman.control.convert.strategies.catalogue import publish_policy
from pointsman.domain.keys import SigningKey
from pointsman.domain.models import ModelKey, ModelVersion, Signature
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.users import BoundKey
from pointsman.v1 import snapshot_pb2


def router_snapshot(router: Router) -> snapshot_pb2.RouterSnapshot:
    """Makes a router's snapshot; what serves is running, whatever the row says meanwhile."""
    status = RouterStatus.RUNNING if router.serving else router.status
    message = snapshot_pb2.RouterSnapshot(
        router_id=router.router_id,
        strategy=STRATEGY.number(router.strategy),
        status=ROUTER_STATUS.number(status),
        variants=variants_to(router),
        salt=router.salt,
        slot_runs=router.slot_runs,
        owner=router.owner,
        permissions=permissions_to(router.permissions),
        recording=recording_to(router.recording),
        metrics=metrics_to(router.metrics),
        create_time_us=router.create_time_us,
        changed_generation=router.changed_generation,
        incarnation=router.incarnation,
    )
    publish_settings(message, router)
    publish_policy(message, router)
    write_override(message.settings, router.traffic_override)
    return message


def model_snapshot(model: ModelVersion) -> snapshot_pb2.ModelSnapshot:
    """Makes a model version's snapshot."""
    message = snapshot_pb2.ModelSnapshot(
        model_id=model.model_id,
        version=model.version,
        stage=STAGE.number(model.stage),
        owner=model.owner,
        permissions=model_permissions_to(model.permissions),
    )
    if model.backend is not None:
        message.backend.CopyFrom(backend_to(model.backend))
    if model.signature != Signature():
        message.signature.CopyFrom(signature_to(model.signature))
    return message


def model_keys(keys: Iterable[ModelKey]) -> list[snapshot_pb2.ModelVersionKey]:
    """Makes the names of model versions."""
    return [snapshot_pb2.ModelVersionKey(model_id=key.model_id, version=key.version) for key in keys]


def access_table(keys: Sequence[BoundKey], *, is_open: bool) -> snapshot_pb2.AccessTable:
    """Makes the key table: of each key what it may do as its user is defined."""
    return snapshot_pb2.AccessTable(keys=[_access_key(key) for key in keys], open=is_open)


def _access_key(bound: BoundKey) -> snapshot_pb2.AccessKey:
    key, rights = bound.key, bound.rights
    return snapshot_pb2.AccessKey(
        key_id=key.key_id,
        secret_sha256=key.secret_sha256,
        user_id=key.user_id,
        scopes=scopes_to(rights.scopes),
        admin=rights.admin,
        expire_time_us=key.expire_time_us or 0,
        withheld_scopes=scopes_to(bound.withheld),
    )


def signing_key_table(keys: Sequence[SigningKey]) -> snapshot_pb2.SigningKeys:
    """Makes the table of signing keys."""
    current = next((key.key_id for key in keys if key.retire_time_us is None), 0)
    return snapshot_pb2.SigningKeys(
        keys=[snapshot_pb2.SigningKey(key_id=key.key_id, secret=key.secret) for key in keys],
        current_key_id=current,
    )
