"""The model that a call is about, for those who may ask."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from pointsman.control.drift.answers import AnswerForm
from pointsman.domain.access import can_read
from pointsman.domain.drift.baselines import Baseline
from pointsman.domain.drift.classes import orders_of
from pointsman.domain.keys import Principal
from pointsman.domain.model_access import check_changes_model, check_reads_model
from pointsman.domain.models import Model, ModelKey, Task
from pointsman.domain.violations import Violations
from pointsman.errors import FailedPreconditionError
from pointsman.lake.models.records import ReadableSince
from pointsman.store import model_versions, models
from pointsman.store.database import Database
from pointsman.store.drift import baselines
from pointsman.store.routing import routers


def readable(connection: Connection, caller: Principal, model_id: str) -> Model:
    """Finds a model of which the caller may read what is kept.

    Args:
        connection: A transaction.
        caller: Who asks.
        model_id: The model.

    Raises:
        FailedPreconditionError: A server of an older release registered it.
        InvalidArgumentError: It is no id.
        NotFoundError: There is none, or the caller may not know of it.
    """
    return _stored(check_reads_model(caller, _found(connection, model_id), model_id))


def changeable(connection: Connection, caller: Principal, model_id: str) -> Model:
    """Finds a model of which the caller may change what is kept.

    Args:
        connection: A transaction.
        caller: Who asks.
        model_id: The model.

    Raises:
        FailedPreconditionError: A server of an older release registered it.
        InvalidArgumentError: It is no id.
        NotFoundError: There is none, or the caller may not know of it.
        PermissionDeniedError: It belongs to somebody else.
    """
    return _stored(check_changes_model(caller, _found(connection, model_id), model_id))


def task_of(connection: Connection, model: Model, version: str = "") -> tuple[Task, int]:
    """Answers what a model does, and how many classes it has; 0 where that is not known.

    The signature of the version says it, or of the one in production; else the active baseline.

    Args:
        connection: A transaction.
        model: The model.
        version: The version; empty for the one in production.
    """
    named = model_versions.find(connection, ModelKey(model.model_id, version)) if version else None
    found = named or model_versions.newest(connection, model.model_id)
    if found is not None and found.signature.task is not Task.UNSPECIFIED:
        return found.signature.task, len(found.signature.labels)
    baseline = baselines.active(connection, model.model_id, model.row_key)
    return (Task.UNSPECIFIED, 0) if baseline is None else (baseline.task, len(baseline.class_labels))


def form_of(connection: Connection, model_id: str, baseline: Baseline) -> AnswerForm:
    """Answers how recorded answers of a model are read beside those of a baseline.

    Args:
        connection: A transaction.
        model_id: The model.
        baseline: The baseline, whose classes they are.
    """
    classes = baseline.class_labels
    orders = orders_of(model_versions.class_labels(connection, model_id), classes)
    return AnswerForm(classes, {version: one for version, one in orders.items() if one != classes})


def readable_routers(database: Database, caller: Principal) -> ReadableSince:
    """Answers who tells which of some routers' predictions a caller may read, and from which time on.

    Args:
        database: Where routers are.
        caller: Who asks.
    """

    def readable_since(router_ids: Collection[str]) -> Mapping[str, int]:
        with database.read() as connection:
            found = {one: _readable_since(connection, caller, one) for one in router_ids}
        return {router_id: since_us for router_id, since_us in found.items() if since_us is not None}

    return readable_since


def _readable_since(connection: Connection, caller: Principal, router_id: str) -> int | None:
    """Answers from which time on a caller may read what a router recorded; None for nothing of it."""
    if caller.admin:
        return 0
    router = routers.find(connection, router_id)
    # Of a router that is gone nobody but an admin is known to have been its reader, also where another one
    # has its id now.
    return router.create_time_us if router is not None and can_read(caller, router) else None


def _found(connection: Connection, model_id: str) -> Model | None:
    found = Violations()
    found.check_id("model_id", model_id)
    found.raise_if_any()
    return models.find(connection, model_id)


def _stored(model: Model) -> Model:
    if not model.row_key:
        raise FailedPreconditionError(
            f"model {model.model_id!r} was registered by a server of an older release, which keeps nothing "
            "of drift; set its permissions once with UpdateModelPermissions",
            reason="MODEL_OF_OLDER_RELEASE",
            metadata={"model_id": model.model_id},
        )
    return model
