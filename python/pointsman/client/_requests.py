"""Builds the calls of every service; each function answers what to send and how to read the answer."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.empty_pb2 import Empty

from pointsman.client._call import (
    DEPLOY_TIMEOUT_SECONDS,
    ERASE_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    Call,
    Page,
)
from pointsman.client._convert import enum_number, fill_message, to_plain, to_timestamp, to_value
from pointsman.client._fields import WrongTypeError, make
from pointsman.client._types import (
    ApiKey,
    Deployment,
    Erasure,
    FeedbackReceipt,
    FeedbackResult,
    FeedbackValue,
    FeedbackWait,
    ModelVersion,
    NewApiKey,
    PartialRecordsWarning,
    Prediction,
    PredictionOrder,
    PredictionRecord,
    Rollback,
    Router,
    RouterMetrics,
    RouterPermissions,
    RouterRevision,
    RouterStatus,
    Scope,
    Stage,
    Strategy,
    UnreachedJournal,
    VariantWeights,
)
from pointsman.v1 import key_pb2, model_pb2, prediction_pb2, router_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from google.protobuf.message import Message
    from google.protobuf.struct_pb2 import Value
    from google.protobuf.timestamp_pb2 import Timestamp

T = TypeVar("T")

MODELS = "/pointsman.v1.ModelService/"
ROUTERS = "/pointsman.v1.RouterService/"
PREDICTIONS = "/pointsman.v1.PredictionService/"
KEYS = "/pointsman.v1.ApiKeyService/"

FEEDBACK_BATCH = 10_000
"""How many values of feedback a server takes in one call."""


def _plain(kind: type[T]) -> Callable[[Message], T]:
    return lambda message: to_plain(kind, message)


def _page(kind: type[T], field: str) -> Callable[[Any], Page[T]]:
    return lambda message: Page(
        [to_plain(kind, item) for item in getattr(message, field)], message.next_page_token
    )


def _nothing(_: Message) -> None:
    return None


# Predictions


def predict(router_id: str, features: Mapping[str, Any], entity_id: str, variant: str) -> Call[Prediction]:
    """Asks for a prediction by features.

    Args:
        router_id: The router, or a model whose production version shall answer.
        features: Values by the names in the model's signature: None, bool, numbers, str, lists and dicts of
            them.
        entity_id: Whom it is for; empty for nobody.
        variant: A variant's name or model version, to go there outside the statistics; empty lets the router
            choose.

    Raises:
        TypeError: A feature, an id or the variant is of a type that is not sent; the text names it.
        ValueError: A feature's value cannot be sent; the text names it.
    """
    request = make(
        prediction_pb2.PredictRequest,
        router_id=router_id,
        features={name: _feature(name, value) for name, value in features.items()},
        entity_id=entity_id,
        variant=variant,
    )
    return Call(PREDICTIONS + "Predict", request, prediction_pb2.PredictResponse, _plain(Prediction))


def _feature(name: object, value: Any) -> Value:
    if not isinstance(name, str):
        raise WrongTypeError("features", f"{name!r} is of type {type(name).__name__}; a name is a string")
    try:
        return to_value(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"features[{name!r}]: {error}") from None


def record_feedback(given: FeedbackValue, wait: FeedbackWait) -> Call[FeedbackReceipt]:
    """Brings one value of feedback."""
    request = prediction_pb2.RecordFeedbackRequest()
    fill_message(request, given)
    request.wait = _number(request, "wait", wait)
    return Call(
        PREDICTIONS + "RecordFeedback",
        request,
        prediction_pb2.RecordFeedbackResponse,
        _plain(FeedbackReceipt),
    )


def batches_of_feedback(
    given: Sequence[FeedbackValue], wait: FeedbackWait
) -> list[Call[Sequence[FeedbackResult]]]:
    """Brings many values of feedback, in as many calls as it takes; one for none."""
    firsts = range(0, max(len(given), 1), FEEDBACK_BATCH)
    return [
        _batch_record_feedback(given, range(len(given))[first : first + FEEDBACK_BATCH], wait)
        for first in firsts
    ]


def _batch_record_feedback(
    given: Sequence[FeedbackValue], places: range, wait: FeedbackWait
) -> Call[Sequence[FeedbackResult]]:
    request = prediction_pb2.BatchRecordFeedbackRequest()
    request.wait = _number(request, "wait", wait)
    for place in places:
        try:
            fill_message(request.feedback.add(), given[place])
        except WrongTypeError as error:
            raise error.within(f"values[{place}]") from None
        except ValueError as error:
            raise ValueError(f"values[{place}]: {error}") from None
    return Call(
        PREDICTIONS + "BatchRecordFeedback",
        request,
        prediction_pb2.BatchRecordFeedbackResponse,
        _results,
    )


def _results(answer: Any) -> list[FeedbackResult]:
    _warn_of_unreached(answer, "later predictions of these entities may be another server's")
    return [to_plain(FeedbackResult, result) for result in answer.results]


def _predictions(answer: Any) -> Page[PredictionRecord]:
    _warn_of_unreached(answer, "these are not all recorded predictions")
    return _page(PredictionRecord, "predictions")(answer)


def _warn_of_unreached(answer: Any, meaning: str) -> None:
    """Warns of what an answer lacks whose plain twin has no place for it."""
    if answer.unreached:
        journals = [to_plain(UnreachedJournal, journal) for journal in answer.unreached]
        warnings.warn(f"{meaning}: {'; '.join(map(str, journals))}", PartialRecordsWarning, stacklevel=2)


# Models


def register_model(model_version: ModelVersion, validate_only: bool) -> Call[ModelVersion]:
    """Adds a model version."""
    request = make(model_pb2.RegisterModelVersionRequest, validate_only=validate_only)
    fill_message(request.model_version, model_version)
    return Call(MODELS + "RegisterModelVersion", request, model_pb2.ModelVersion, _plain(ModelVersion))


def get_model(model_id: str, version: str) -> Call[ModelVersion]:
    """Asks for a model version."""
    request = make(model_pb2.GetModelVersionRequest, model_id=model_id, version=version)
    return Call(
        MODELS + "GetModelVersion", request, model_pb2.ModelVersion, _plain(ModelVersion), is_read=True
    )


def list_models(
    model_id: str, stage: Stage, tag: str, page_size: int
) -> Callable[[str], Call[Page[ModelVersion]]]:
    """Asks for pages of model versions.

    Args:
        model_id: Only versions of this model; empty for all.
        stage: Only versions in this stage; ``UNSPECIFIED`` for all.
        tag: Only versions with this tag; empty for all.
        page_size: How many a page holds, 1 to 1000; 0 lets the server choose.

    Returns:
        A function that makes the call for a page, by the token of the page before; empty for the first.
    """
    request = make(model_pb2.ListModelVersionsRequest, model_id=model_id, tag=tag, page_size=page_size)
    request.stage = _number(request, "stage", stage)
    first: Call[Page[ModelVersion]] = Call(
        MODELS + "ListModelVersions",
        request,
        model_pb2.ListModelVersionsResponse,
        _page(ModelVersion, "model_versions"),
        is_read=True,
    )
    return _at_page(first)


def set_stage(model_id: str, version: str, stage: Stage) -> Call[ModelVersion]:
    """Moves a model version to another stage.

    Args:
        model_id: The model.
        version: The version to move.
        stage: Where to.
    """
    request = make(model_pb2.SetModelVersionStageRequest, model_id=model_id, version=version)
    request.stage = _number(request, "stage", stage)
    return Call(MODELS + "SetModelVersionStage", request, model_pb2.ModelVersion, _plain(ModelVersion))


def delete_model(model_id: str, version: str) -> Call[None]:
    """Deletes a model version."""
    request = make(model_pb2.DeleteModelVersionRequest, model_id=model_id, version=version)
    return Call(MODELS + "DeleteModelVersion", request, Empty, _nothing)


# Routers


def create_router(router: Router, validate_only: bool) -> Call[Router]:
    """Creates a router."""
    request = make(router_pb2.CreateRouterRequest, validate_only=validate_only)
    fill_message(request.router, router)
    return Call(ROUTERS + "CreateRouter", request, router_pb2.Router, _plain(Router))


def get_router(router_id: str) -> Call[Router]:
    """Asks for a router."""
    request = make(router_pb2.GetRouterRequest, router_id=router_id)
    return Call(ROUTERS + "GetRouter", request, router_pb2.Router, _plain(Router), is_read=True)


def list_routers(
    status: RouterStatus, strategy: Strategy, owner: str, tag: str, page_size: int
) -> Callable[[str], Call[Page[Router]]]:
    """Asks for pages of routers.

    Args:
        status: Only routers in this status; ``UNSPECIFIED`` for all.
        strategy: Only routers of this strategy; ``UNSPECIFIED`` for all.
        owner: Only routers of this user; empty for all.
        tag: Only routers with this tag; empty for all.
        page_size: How many a page holds, 1 to 1000; 0 lets the server choose.

    Returns:
        A function that makes the call for a page, by the token of the page before; empty for the first.
    """
    request = make(router_pb2.ListRoutersRequest, owner=owner, tag=tag, page_size=page_size)
    request.status = _number(request, "status", status)
    request.strategy = _number(request, "strategy", strategy)
    first: Call[Page[Router]] = Call(
        ROUTERS + "ListRouters",
        request,
        router_pb2.ListRoutersResponse,
        _page(Router, "routers"),
        is_read=True,
    )
    return _at_page(first)


def update_router(router: Router, fields: Sequence[str], validate_only: bool) -> Call[Router]:
    """Changes the named fields of a router.

    Args:
        router: The router with its new values; when its etag is set and old, the update is refused.
        fields: The fields to change, by their names in :class:`Router`.
        validate_only: Check only; change nothing.

    Raises:
        TypeError: A field is of a type that it does not take; the text names it.
    """
    request = make(router_pb2.UpdateRouterRequest, validate_only=validate_only)
    fill_message(request.router, router)
    request.update_mask.paths.extend(fields)
    return Call(ROUTERS + "UpdateRouter", request, router_pb2.Router, _plain(Router))


def delete_router(router_id: str, etag: str) -> Call[None]:
    """Deletes a router."""
    request = make(router_pb2.DeleteRouterRequest, router_id=router_id, etag=etag)
    return Call(ROUTERS + "DeleteRouter", request, Empty, _nothing)


def deploy_router(router_id: str, etag: str) -> Call[Deployment]:
    """Puts a router into service."""
    request = make(router_pb2.DeployRouterRequest, router_id=router_id, etag=etag)
    return _deployment("DeployRouter", request)


def start_router(router_id: str, etag: str) -> Call[Deployment]:
    """Puts a stopped router back into service."""
    request = make(router_pb2.StartRouterRequest, router_id=router_id, etag=etag)
    return _deployment("StartRouter", request)


def _deployment(method: str, request: Message) -> Call[Deployment]:
    return Call(
        ROUTERS + method,
        request,
        router_pb2.DeployRouterResponse,
        _plain(Deployment),
        timeout_seconds=DEPLOY_TIMEOUT_SECONDS,
    )


def stop_router(router_id: str, etag: str) -> Call[Router]:
    """Takes a router out of service."""
    request = make(router_pb2.StopRouterRequest, router_id=router_id, etag=etag)
    return Call(ROUTERS + "StopRouter", request, router_pb2.Router, _plain(Router))


def set_weights(router_id: str, weights: Mapping[str, float], etag: str) -> Call[VariantWeights]:
    """Sets several variants' weights in one step.

    Args:
        router_id: The router.
        weights: New weights, 0 to 100, by variant; variants not named keep theirs.
        etag: When set and old, the change is refused.

    Raises:
        TypeError: A name is no string or a weight no number; the text names the field.
    """
    request = make(router_pb2.BatchUpdateVariantWeightsRequest, router_id=router_id, etag=etag)
    for variant, weight in weights.items():
        request.weights.append(make(router_pb2.VariantWeight, variant=variant, weight=weight))
    return _weights("BatchUpdateVariantWeights", request)


def set_weight(router_id: str, variant: str, weight: float, etag: str) -> Call[VariantWeights]:
    """Sets one variant's weight.

    Args:
        router_id: The router.
        variant: The variant's name.
        weight: Its new weight, 0 to 100.
        etag: When set and old, the change is refused.
    """
    request = make(
        router_pb2.UpdateVariantWeightRequest, router_id=router_id, variant=variant, weight=weight, etag=etag
    )
    return _weights("UpdateVariantWeight", request)


def toggle_variant(router_id: str, variant: str, enabled: bool, etag: str) -> Call[VariantWeights]:
    """Enables or disables a variant.

    Args:
        router_id: The router.
        variant: The variant's name.
        enabled: Whether it shall take part.
        etag: When set and old, the change is refused.
    """
    request = make(
        router_pb2.ToggleVariantRequest, router_id=router_id, variant=variant, enabled=enabled, etag=etag
    )
    return _weights("ToggleVariant", request)


def _weights(method: str, request: Message) -> Call[VariantWeights]:
    return Call(ROUTERS + method, request, router_pb2.VariantWeightsResponse, _plain(VariantWeights))


def set_permissions(router_id: str, permissions: RouterPermissions, etag: str) -> Call[Router]:
    """Sets who may read and call a router.

    Args:
        router_id: The router.
        permissions: All of them, those with their defaults too: they replace what was set before.
        etag: When set and old, the change is refused.
    """
    request = make(router_pb2.UpdateRouterPermissionsRequest, router_id=router_id, etag=etag)
    request.permissions.SetInParent()
    fill_message(request.permissions, permissions)
    return Call(ROUTERS + "UpdateRouterPermissions", request, router_pb2.Router, _plain(Router))


def router_metrics(
    router_id: str,
    start_time: datetime | None,
    end_time: datetime | None,
    granularity: timedelta | None,
    live: bool,
) -> Call[RouterMetrics]:
    """Asks for a router's figures.

    Args:
        router_id: The router.
        start_time: From this time on, local when it names no zone; None means from the first record kept.
        end_time: Before this time; None means now.
        granularity: The length of a step of the time series; None means no series.
        live: What the server counted since it started, in place of what is recorded; goes with no times.
    """
    request = make(
        router_pb2.GetRouterMetricsRequest,
        router_id=router_id,
        start_time=_moment(start_time),
        end_time=_moment(end_time),
        live=live,
    )
    if granularity is not None:
        request.granularity.FromTimedelta(granularity)
    return Call(
        ROUTERS + "GetRouterMetrics",
        request,
        router_pb2.RouterMetrics,
        _plain(RouterMetrics),
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def list_revisions(router_id: str, page_size: int) -> Callable[[str], Call[Page[RouterRevision]]]:
    """Asks for pages of a router's revisions."""
    request = make(router_pb2.ListRouterRevisionsRequest, router_id=router_id, page_size=page_size)
    first: Call[Page[RouterRevision]] = Call(
        ROUTERS + "ListRouterRevisions",
        request,
        router_pb2.ListRouterRevisionsResponse,
        _page(RouterRevision, "revisions"),
        is_read=True,
    )
    return _at_page(first)


def get_revision(router_id: str, revision: int, router_generation: int) -> Call[RouterRevision]:
    """Asks for one revision of a router.

    Args:
        router_id: The router.
        revision: Its number, from 1 on; 0 when it is asked for by generation.
        router_generation: What a record says that was decided by it; 0 when it is asked for by number.
    """
    request = make(
        router_pb2.GetRouterRevisionRequest,
        router_id=router_id,
        revision=revision,
        router_generation=router_generation,
    )
    return Call(
        ROUTERS + "GetRouterRevision",
        request,
        router_pb2.RouterRevision,
        _plain(RouterRevision),
        is_read=True,
    )


def roll_back(router_id: str, revision: int, comment: str, etag: str, validate_only: bool) -> Call[Rollback]:
    """Gives a router the split of a former revision back.

    Args:
        router_id: The router.
        revision: The former revision's number, from 1 on.
        comment: Why, for the history; may be empty.
        etag: When set and old, the change is refused.
        validate_only: Check only; change nothing.
    """
    request = make(
        router_pb2.RollbackRouterRequest,
        router_id=router_id,
        revision=revision,
        comment=comment,
        etag=etag,
        validate_only=validate_only,
    )
    return Call(
        ROUTERS + "RollbackRouter",
        request,
        router_pb2.RollbackRouterResponse,
        _plain(Rollback),
        timeout_seconds=DEPLOY_TIMEOUT_SECONDS,
    )


def erase_entity(router_id: str, entity_id: str) -> Call[Erasure]:
    """Deletes what is recorded of an entity."""
    request = make(router_pb2.EraseEntityRequest, router_id=router_id, entity_id=entity_id)
    return Call(
        ROUTERS + "EraseEntity",
        request,
        router_pb2.EraseEntityResponse,
        _plain(Erasure),
        timeout_seconds=ERASE_TIMEOUT_SECONDS,
    )


def list_predictions(
    router_id: str,
    variant: str,
    entity_id: str,
    start_time: datetime | None,
    end_time: datetime | None,
    has_feedback: bool | None,
    status_code: int | None,
    min_latency: timedelta | None,
    order: PredictionOrder,
    page_size: int,
) -> Callable[[str], Call[Page[PredictionRecord]]]:
    """Asks for pages of recorded predictions.

    Args:
        router_id: The router.
        variant: Only predictions of this variant; empty for all.
        entity_id: Only predictions for this entity, as calls name it; empty for all.
        start_time: Only predictions from this time on, local when it names no zone; None for all.
        end_time: Only predictions before this time; None for all.
        has_feedback: Only predictions with feedback (True) or without (False); None for all.
        status_code: Only answers with this gRPC status code, 0 for OK; None for all.
        min_latency: Only calls that took at least so long, overhead and backend together; None for all.
        order: Newest or oldest first.
        page_size: How many a page holds, 1 to 1000; 0 lets the server choose.

    Returns:
        A function that makes the call for a page, by the token of the page before; empty for the first.
    """
    request = make(
        router_pb2.ListPredictionsRequest,
        router_id=router_id,
        variant=variant,
        entity_id=entity_id,
        start_time=_moment(start_time),
        end_time=_moment(end_time),
        status_code=status_code,
        page_size=page_size,
    )
    request.order = _number(request, "order", order)
    if has_feedback is not None:
        request.has_feedback = has_feedback
    if min_latency is not None:
        request.min_latency.FromTimedelta(min_latency)
    first: Call[Page[PredictionRecord]] = Call(
        ROUTERS + "ListPredictions",
        request,
        router_pb2.ListPredictionsResponse,
        _predictions,
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )
    return _at_page(first)


def get_prediction(router_id: str, prediction_id: str, row: int) -> Call[PredictionRecord]:
    """Asks for one recorded prediction.

    Args:
        router_id: The router.
        prediction_id: From the prediction's answer or receipt.
        row: The row of a batch, from 0.
    """
    request = make(router_pb2.GetPredictionRequest, router_id=router_id, prediction_id=prediction_id, row=row)
    return Call(
        ROUTERS + "GetPrediction",
        request,
        prediction_pb2.PredictionRecord,
        _plain(PredictionRecord),
        is_read=True,
    )


# Keys


def create_key(
    user_id: str, scopes: Sequence[Scope], admin: bool, display_name: str, expire_time: datetime | None
) -> Call[NewApiKey]:
    """Makes a key.

    Args:
        user_id: Whom it shall belong to; empty means the caller.
        scopes: What it may do; empty for an admin key only.
        admin: Whether it may do everything.
        display_name: A name for people; may be empty.
        expire_time: When it shall end by itself, local when it names no zone; None means never.
    """
    request = make(key_pb2.CreateApiKeyRequest, user_id=user_id, admin=admin, display_name=display_name)
    for scope in scopes:
        request.scopes.append(_number(request, "scopes", scope))
    if expire_time is not None:
        request.expire_time.CopyFrom(to_timestamp(expire_time))
    return Call(KEYS + "CreateApiKey", request, key_pb2.CreateApiKeyResponse, _plain(NewApiKey))


def list_keys(user_id: str, page_size: int) -> Callable[[str], Call[Page[ApiKey]]]:
    """Asks for pages of keys."""
    request = make(key_pb2.ListApiKeysRequest, user_id=user_id, page_size=page_size)
    first: Call[Page[ApiKey]] = Call(
        KEYS + "ListApiKeys", request, key_pb2.ListApiKeysResponse, _page(ApiKey, "api_keys"), is_read=True
    )
    return _at_page(first)


def revoke_key(key_id: str) -> Call[ApiKey]:
    """Revokes a key."""
    request = make(key_pb2.RevokeApiKeyRequest, key_id=key_id)
    return Call(KEYS + "RevokeApiKey", request, key_pb2.ApiKey, _plain(ApiKey))


def _moment(time: datetime | None) -> Timestamp | None:
    return None if time is None else to_timestamp(time)


def _number(request: Message, field: str, word: Any) -> Any:
    """Answers the number that an enumeration field of a request has for a word."""
    return enum_number(word, request.DESCRIPTOR.fields_by_name[field].enum_type)


def _at_page(first: Call[Page[T]]) -> Callable[[str], Call[Page[T]]]:
    """Answers a function that makes the call for the page of a token."""

    def at(page_token: str) -> Call[Page[T]]:
        request = type(first.request)()
        request.CopyFrom(first.request)
        request.page_token = page_token  # type: ignore[attr-defined]
        return replace(first, request=request)

    return at
