# Generated from _async_groups.py by scripts/generate_client.py: edit that file, then run make generate.
"""Models, routers and keys of the client that waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pointsman.client import _requests as requests
from pointsman.client._connection import Connection
from pointsman.client._sync_records import Records
from pointsman.client._sync_uploads import send_file
from pointsman.client._types import (
    ApiKey,
    CanaryChange,
    Deployment,
    Erasure,
    Explanation,
    Model,
    ModelPermissions,
    ModelTest,
    ModelVersion,
    NewApiKey,
    PredictionOrder,
    PredictionRecord,
    ReplayPart,
    Rollback,
    Router,
    RouterMetrics,
    RouterPermissions,
    RouterRevision,
    RouterStatus,
    RoutingExplanation,
    Scope,
    ShadowComparison,
    Stage,
    Strategy,
    UploadedFile,
    VariantWeights,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta


class Models:
    """The model registry, as ``client.models``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def register(
        self,
        model_version: ModelVersion,
        *,
        file: str | os.PathLike[str] | None = None,
        validate_only: bool = False,
    ) -> ModelVersion:
        """Adds a model version.

        Args:
            model_version: Its id and version, where it answers and what it takes; a signature that is not
                given is read from the backend.
            file: An ONNX file on this machine, in place of a backend: it is uploaded and becomes the backend.
            validate_only: Check only; change nothing. A file is uploaded all the same, and removed after a
                day unless a version names it.

        Returns:
            The version as it is registered.

        Raises:
            ValueError: There is a file and a backend, or the file is empty.

        Example::

            backend = GrpcBackend("127.0.0.1:8081", "cancer-lr")
            client.models.register(ModelVersion("cancer", "1", backend))
            client.models.register(ModelVersion("cancer", "2"), file="cancer-gb.onnx")
        """
        if file is not None:
            if model_version.backend is not None:
                raise ValueError(
                    "file: the model version has a backend, too; it answers at one place, so leave one out"
                )
            model_version = replace(model_version, backend=(self.upload(file)).backend)
        return self._connection.send(requests.register_model(model_version, validate_only))

    def upload(
        self,
        path: str | os.PathLike[str],
        *,
        sha256: str = "",
        on_progress: Callable[[int, int], None] | None = None,
    ) -> UploadedFile:
        """Sends an ONNX file to the server, unless it has it; a broken upload goes on where it stood.

        The file is read piece by piece. At the server it is checked and then there at once, for versions to
        name; one that no version names is removed after a day.

        Args:
            path: The file.
            sha256: The digest that it must have, in hexadecimal digits; empty for any.
            on_progress: Is called with the bytes that are there, and the bytes of the whole file.

        Returns:
            Where the server has it.

        Raises:
            InvalidArgumentError: It was written to meanwhile, is no model, or has weights in other files.
            OSError: It cannot be read.
            ResourceExhaustedError: It is too large, or the server's disk has no room for it.
            ValueError: It is empty, or has another digest.

        Example::

            uploaded = client.models.upload("cancer-gb.onnx")
            client.models.register(ModelVersion("cancer", "2", uploaded.backend))
        """
        return send_file(self._connection, path, sha256, on_progress)

    def get(self, model_id: str, version: str) -> ModelVersion:
        """Answers one model version."""
        return self._connection.send(requests.get_model(model_id, version))

    def list(
        self, *, model_id: str = "", stage: Stage = Stage.UNSPECIFIED, tag: str = "", page_size: int = 0
    ) -> Iterator[ModelVersion]:
        """Goes through the model versions, ordered by model id and registration time.

        Args:
            model_id: Only versions of this model.
            stage: Only versions in this stage.
            tag: Only versions with this tag.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached.
        """
        return self._connection.pages(requests.list_models(model_id, stage, tag, page_size))

    def set_stage(self, model_id: str, version: str, stage: Stage) -> ModelVersion:
        """Moves a model version to another stage; promotion to production archives its predecessor.

        Args:
            model_id: The model.
            version: The version to move.
            stage: Where to.

        Returns:
            The version in its new stage.

        Raises:
            FailedPreconditionError: The server cannot use its backend.
            InvalidArgumentError: The stage is ``UNSPECIFIED``, or an id is not well-formed.
            NotFoundError: There is no such version.
            PermissionDeniedError: The model belongs to others.
        """
        return self._connection.send(requests.set_stage(model_id, version, stage))

    def delete(self, model_id: str, version: str) -> None:
        """Deletes a model version; refused while a router uses it."""
        self._connection.send(requests.delete_model(model_id, version))

    def set_permissions(self, model_id: str, permissions: ModelPermissions, *, etag: str = "") -> Model:
        """Sets who may read and call a model with all its versions, replacing what was set before.

        Args:
            model_id: The model.
            permissions: All of them; whoever is not among ``shared_user_ids`` is not shared with any more.
            etag: When set and old, the change is refused.

        Returns:
            The model with its new permissions.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: A user id is not well-formed.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the model.
        """
        return self._connection.send(requests.set_model_permissions(model_id, permissions, etag))

    def transfer(self, model_id: str, owner: str, *, etag: str = "") -> Model:
        """Hands a model over to another user, with all its versions.

        Args:
            model_id: The model.
            owner: Whose it shall be.
            etag: When set and old, the change is refused.

        Returns:
            The model with its new owner.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: The owner is no user id.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the model.
        """
        return self._connection.send(requests.transfer_model(model_id, owner, etag))

    def test(
        self,
        model_id: str,
        version: str,
        features: Mapping[str, Any] | None = None,
        *,
        timeout_seconds: float | None = None,
    ) -> ModelTest:
        """Runs one row through a model version, before any router uses it; nothing of it is recorded.

        Args:
            model_id: The model.
            version: The version.
            features: By the names in the model's signature, as a prediction takes them. Without any the row
                is made up: of the signature's defaults and, where there is none, of 0, False or "".
            timeout_seconds: How long its backend may take; None lets the server choose.

        Returns:
            The row with where each value comes from, and what a call would be answered.

        Raises:
            DeadlineExceededError: The backend took longer.
            FailedPreconditionError: The version has no backend, or its signature does not fit its model.
            InvalidArgumentError: A feature is missing or wrong: see ``violations``.
            NotFoundError: There is no such version.
            UnavailableError: The backend does not answer, or its file is not the registered one.

        Example::

            answer = client.models.test("cancer", "1", {"mean radius": 17.99})
        """
        return self._connection.send(requests.test_model(model_id, version, features or {}, timeout_seconds))


class Routers:
    """The routers, as ``client.routers``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, router: Router, *, validate_only: bool = False) -> Router:
        """Creates a router in status registered.

        Args:
            router: Its id and its variants. An admin may name another user as its owner.
            validate_only: Check only; change nothing.

        Returns:
            The router as it was created.

        Example::

            variants = [Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)]
            client.routers.create(Router("cancer", variants=variants))
        """
        return self._connection.send(requests.create_router(router, validate_only))

    def get(self, router_id: str) -> Router:
        """Answers one router."""
        return self._connection.send(requests.get_router(router_id))

    def list(
        self,
        *,
        status: RouterStatus = RouterStatus.UNSPECIFIED,
        strategy: Strategy = Strategy.UNSPECIFIED,
        owner: str = "",
        tag: str = "",
        page_size: int = 0,
    ) -> Iterator[Router]:
        """Goes through the routers that the caller may read, ordered by id.

        Args:
            status: Only routers in this status.
            strategy: Only routers of this strategy.
            owner: Only routers of this user.
            tag: Only routers with this tag.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached.
        """
        return self._connection.pages(requests.list_routers(status, strategy, owner, tag, page_size))

    def update(self, router: Router, fields: Sequence[str], *, validate_only: bool = False) -> Router:
        """Changes the named fields of a router; on a running one they take effect at once.

        Args:
            router: The router with its new values. When its etag is set and old, the update is refused.
            fields: Names of fields of :class:`Router` that are not the server's to set, but for
                ``router_id``, ``strategy`` and ``permissions``; ``owner`` hands it over to another user.
            validate_only: Check only; change nothing.

        Returns:
            The router after the change.

        Example::

            router = client.routers.get("cancer")
            changed = dataclasses.replace(router, description="Spring trial")
            client.routers.update(changed, ["description"])
        """
        return self._connection.send(requests.update_router(router, fields, validate_only))

    def delete(self, router_id: str, *, etag: str = "") -> None:
        """Deletes a router; a running one is stopped first."""
        self._connection.send(requests.delete_router(router_id, etag))

    def deploy(self, router_id: str, *, etag: str = "") -> Deployment:
        """Puts a router into service and answers when it is running or has failed, within 40 s."""
        return self._connection.send(requests.deploy_router(router_id, etag))

    def start(self, router_id: str, *, etag: str = "") -> Deployment:
        """Puts a stopped router back into service."""
        return self._connection.send(requests.start_router(router_id, etag))

    def stop(self, router_id: str, *, etag: str = "") -> Router:
        """Takes a running router out of service; its configuration stays."""
        return self._connection.send(requests.stop_router(router_id, etag))

    def set_weight(self, router_id: str, variant: str, weight: float, *, etag: str = "") -> VariantWeights:
        """Sets one variant's weight, 0 to 100; the others keep theirs.

        Args:
            router_id: The router.
            variant: The variant's name.
            weight: Its new weight, 0 to 100: it gets its part of the sum of the enabled variants' weights.
            etag: When set and old, the change is refused.

        Returns:
            Every variant with its effective share, and the share of entities that moved.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: The weight is out of range, or no enabled variant would have one above 0.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change the router.
        """
        return self._connection.send(requests.set_weight(router_id, variant, weight, etag))

    def set_weights(self, router_id: str, weights: Mapping[str, float], *, etag: str = "") -> VariantWeights:
        """Sets several variants' weights in one step.

        Args:
            router_id: The router.
            weights: New weights, 0 to 100, by variant; variants not named keep theirs.
            etag: When set and old, the change is refused.

        Returns:
            Every variant with its effective share, and the share of entities that moved.

        Example::

            answer = client.routers.set_weights("cancer", {"lr": 50, "gb": 50})
            print(answer.moved_share)
        """
        return self._connection.send(requests.set_weights(router_id, weights, etag))

    def toggle_variant(
        self, router_id: str, variant: str, enabled: bool, *, etag: str = ""
    ) -> VariantWeights:
        """Enables or disables a variant; refused when too few would remain.

        Args:
            router_id: The router.
            variant: The variant's name.
            enabled: Whether it shall take part; its weight stays either way.
            etag: When set and old, the change is refused.

        Returns:
            Every variant with its effective share, and the share of entities that moved.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: Too few variants, or none with a weight, would stay enabled; or the
                router is being deployed.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change the router.
        """
        return self._connection.send(requests.toggle_variant(router_id, variant, enabled, etag))

    def explain(
        self,
        router_id: str,
        features: Mapping[str, Any] | None = None,
        *,
        metadata: Mapping[str, str] | None = None,
        entity_id: str = "",
    ) -> RoutingExplanation:
        """Says how a router would decide a call and why; changes and records nothing.

        Args:
            router_id: The router.
            features: The features of the call, as ``predict`` takes them; of ModelInfer its first row's.
            metadata: Metadata of the call, by lower-case keys.
            entity_id: Whom the call is for; empty for nobody.

        Returns:
            The rule that takes the call, why those before it do not, and the probability of each variant.

        Raises:
            NotFoundError: There is no such router.
        """
        return self._connection.send(
            requests.explain_routing(router_id, features or {}, metadata or {}, entity_id)
        )

    def set_canary(self, router_id: str, percent: float, *, etag: str = "") -> CanaryChange:
        """Sets how much a router's canary gets; who is on it stays there while its part grows.

        Args:
            router_id: The router; its strategy is canary.
            percent: The canary's part, 0 to 100; 0 ends the trial.
            etag: When set and old, the change is refused.

        Returns:
            The router, and the share of entities that moved.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: The router has no canary, or is being deployed.
            InvalidArgumentError: The part is no percentage.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change the router.
        """
        return self._connection.send(requests.set_canary(router_id, percent, etag))

    def promote_canary(self, router_id: str, *, etag: str = "") -> CanaryChange:
        """Makes the canary the control, which gets everything; the former control is a canary with nothing.

        Args:
            router_id: The router; its strategy is canary.
            etag: When set and old, the change is refused.

        Returns:
            The router, and the share of entities that moved.
        """
        return self._connection.send(requests.promote_canary(router_id, etag))

    def set_override(
        self, router_id: str, variant: str, ttl: timedelta, *, reason: str, etag: str = ""
    ) -> Router:
        """Sends everything to one variant for a while, whatever the strategy decides.

        Calls that name their variant stay with it. What it decides is in no statistics.

        Args:
            router_id: The router.
            variant: The variant's name; it is enabled.
            ttl: How long, at most 30 days.
            reason: Why, for people.
            etag: When set and old, the change is refused.

        Returns:
            The router with its override.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: The variant is disabled.
            InvalidArgumentError: The duration is out of range, or there is no reason.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change the router.
        """
        return self._connection.send(requests.set_override(router_id, variant, ttl, reason, etag))

    def clear_override(self, router_id: str, *, etag: str = "") -> Router:
        """Ends an override before its time; without one nothing changes.

        Args:
            router_id: The router.
            etag: When set and old, the change is refused.
        """
        return self._connection.send(requests.clear_override(router_id, etag))

    def reset_learning(self, router_id: str, *, reason: str = "", etag: str = "") -> Router:
        """Lets a bandit begin anew: what it learnt counts no more, and its shares are even again.

        Args:
            router_id: The router; its strategy is bandit.
            reason: Why, for the history.
            etag: When set and old, the change is refused.

        Returns:
            The router in its new epoch.

        Raises:
            AbortedError: The etag is old.
            FailedPreconditionError: The router is no bandit.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change the router.
        """
        return self._connection.send(requests.reset_learning(router_id, reason, etag))

    def set_permissions(self, router_id: str, permissions: RouterPermissions, *, etag: str = "") -> Router:
        """Sets who may read and call a router, replacing what was set before.

        Args:
            router_id: The router.
            permissions: All of them; whoever is not among ``shared_user_ids`` is not shared with any more.
            etag: When set and old, the change is refused.

        Returns:
            The router with its new permissions.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: A user id is not well-formed.
            NotFoundError: There is no such router, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the router.
        """
        return self._connection.send(requests.set_permissions(router_id, permissions, etag))

    def metrics(
        self,
        router_id: str,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        granularity: timedelta | None = None,
        live: bool = False,
    ) -> RouterMetrics:
        """Answers counts, latencies and feedback of one window, per variant and in total.

        ``start_time`` and ``end_time`` of the answer say which; its feedback is that for the calls counted.

        Args:
            router_id: The router.
            start_time: From the recorded predictions of this time on; None means from the first one kept.
            end_time: From the recorded predictions before this time; None means now.
            granularity: The length of one step of a time series; None means none. At most 1000 steps.
            live: Instead of what is recorded, what the server that answers counted since it started; so it is
                also, without times, where a router records nothing. Goes with no times.

        Example::

            day = datetime.now(UTC) - timedelta(days=1)
            figures = client.routers.metrics("cancer", start_time=day, granularity=timedelta(hours=1))
        """
        return self._connection.send(
            requests.router_metrics(router_id, start_time, end_time, granularity, live)
        )

    def compare_shadow(
        self,
        router_id: str,
        variant: str = "",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        metric: str = "",
        max_labels: int = 0,
    ) -> ShadowComparison:
        """Compares what a shadow answered to copies of calls with what was answered to these calls.

        Args:
            router_id: The router.
            variant: The shadow; may be left out where the router has one.
            start_time: Only calls from this time on; None means from the first one kept.
            end_time: Only calls before this time; None means now.
            metric: The metric whose feedback is what should have been predicted; empty for none.
            max_labels: At most so many pairs of labels are told, 1 to 100; 0 means 20.

        Returns:
            Figures over all calls and by the variant that answered; what does not apply is None there, with
            the reason.

        Raises:
            InvalidArgumentError: It is not clear which shadow is meant, or a field is wrong.
            NotFoundError: There is no such router, or the variant was no shadow in this time.

        Example::

            found = client.routers.compare_shadow("cancer")
            print(found.total.pair_count, found.total.labels)
        """
        return self._connection.send(
            requests.compare_shadow(router_id, variant, start_time, end_time, metric, max_labels)
        )

    def revisions(self, router_id: str, *, page_size: int = 0) -> Iterator[RouterRevision]:
        """Goes through the revisions of a router that are kept, newest first.

        Args:
            router_id: The router.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached.
        """
        return self._connection.pages(requests.list_revisions(router_id, page_size))

    def revision(self, router_id: str, revision: int = 0, *, router_generation: int = 0) -> RouterRevision:
        """Answers one revision of a router with its definition and slot table.

        Args:
            router_id: The router.
            revision: Its number, from 1 on.
            router_generation: In place of a number, what a record says that was decided by it.
        """
        return self._connection.send(requests.get_revision(router_id, revision, router_generation))

    def roll_back(
        self, router_id: str, revision: int, *, comment: str = "", etag: str = "", validate_only: bool = False
    ) -> Rollback:
        """Gives a router the variants, weights and slots of a former revision back, entity by entity.

        Args:
            router_id: The router.
            revision: The former revision's number.
            comment: Why, for the history.
            etag: When set and old, the change is refused.
            validate_only: Check only; change nothing.

        Returns:
            The router, the number of the new revision, and the share of entities that moved.
        """
        return self._connection.send(requests.roll_back(router_id, revision, comment, etag, validate_only))

    def erase_entity(self, router_id: str, entity_id: str) -> Erasure:
        """Deletes every recorded prediction of an entity and its feedback; sums that it entered stay.

        Args:
            router_id: The router.
            entity_id: The entity, as calls named it.

        Returns:
            How much is deleted, and the servers on the same database that have not done it yet: they will as
            soon as they run. Only when none is pending is all of it gone.
        """
        return self._connection.send(requests.erase_entity(router_id, entity_id))

    def predictions(
        self,
        router_id: str,
        *,
        variant: str = "",
        entity_id: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        has_feedback: bool | None = None,
        status_code: int | None = None,
        min_latency: timedelta | None = None,
        order: PredictionOrder = PredictionOrder.NEWEST_FIRST,
        page_size: int = 0,
    ) -> Records:
        """Goes through a router's recorded predictions, newest first unless asked otherwise.

        Args:
            router_id: The router.
            variant: Only predictions of this variant.
            entity_id: Only predictions for this entity.
            start_time: Only predictions from this time on.
            end_time: Only predictions before this time.
            has_feedback: Only predictions with feedback (True) or without (False).
            status_code: Only answers with this gRPC status code.
            min_latency: Only calls that took at least so long, overhead and backend together.
            order: Newest or oldest first.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached; ``to_dataframe`` reads them all.
        """
        pages = self._connection.pages(
            requests.list_predictions(
                router_id,
                variant,
                entity_id,
                start_time,
                end_time,
                has_feedback,
                status_code,
                min_latency,
                order,
                page_size,
            )
        )
        return Records(pages)

    def prediction(self, router_id: str, prediction_id: str, *, row: int = 0) -> PredictionRecord:
        """Answers one recorded prediction with its feedback; of a batch, one row.

        Args:
            router_id: The router.
            prediction_id: From the prediction's answer or receipt.
            row: The row of a batch, from 0.

        Returns:
            The record, with the feedback for all rows of its call.

        Raises:
            InvalidArgumentError: The id is empty or the row below 0.
            NotFoundError: There is no such router or record, or the caller may not know of it.
        """
        return self._connection.send(requests.get_prediction(router_id, prediction_id, row))

    def explain_prediction(self, prediction_id: str, *, router_id: str = "") -> Explanation:
        """Tells how a recorded prediction was decided, and decides it again from what is kept of the router.

        Args:
            prediction_id: From the prediction's answer or receipt.
            router_id: The router; empty for the one that the id names.

        Returns:
            The record, the revision that was in force, and the decision made again.

        Raises:
            InvalidArgumentError: The id is empty or none of a server.
            NotFoundError: There is no such router or record, or the caller may not know of it.
        """
        return self._connection.send(requests.explain_prediction(router_id, prediction_id))

    def replay(
        self,
        router_id: str,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        max_examples: int = 10,
    ) -> Iterator[ReplayPart]:
        """Has the server decide recorded predictions again, a part of a window at a time.

        Args:
            router_id: The router.
            start_time: Only predictions from this time on.
            end_time: Only predictions before this time.
            max_examples: At most so many decisions of each part that differ, 0 to 100.

        Returns:
            An iterator over the parts, in order of time; the next is asked for when it is reached.
        """
        return self._connection.pages(
            requests.replay_predictions(router_id, start_time, end_time, max_examples)
        )


class Keys:
    """The API keys, as ``client.keys``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(
        self,
        *,
        user_id: str = "",
        scopes: Sequence[Scope] = (),
        admin: bool = False,
        display_name: str = "",
        expire_time: datetime | None = None,
    ) -> NewApiKey:
        """Makes a key; its secret is in this answer and nowhere else.

        Args:
            user_id: Whom it shall belong to; empty means the caller. Another user's needs an admin.
            scopes: What it may do; at least one, except for an admin key.
            admin: Whether it may do everything; only an admin can make such a key.
            display_name: A name for people.
            expire_time: When it shall end by itself; None means never.

        Returns:
            The key and its secret.
        """
        return self._connection.send(requests.create_key(user_id, scopes, admin, display_name, expire_time))

    def list(self, *, user_id: str = "", page_size: int = 0) -> Iterator[ApiKey]:
        """Goes through the keys: an admin sees all, others their own."""
        return self._connection.pages(requests.list_keys(user_id, page_size))

    def revoke(self, key_id: str) -> ApiKey:
        """Revokes a key; it is refused everywhere within seconds."""
        return self._connection.send(requests.revoke_key(key_id))
