"""Routers and variants as messages."""

from pointsman.control.convert.enums import ROUTER_STATUS, STRATEGY, VARIANT_ROLE
from pointsman.control.convert.overrides import write_override
from pointsman.control.convert.recording import metrics_from, metrics_to, recording_from, recording_to
from pointsman.control.convert.router_settings import settings_from, write_settings
from pointsman.control.convert.strategies.catalogue import SERVED_NAMES, policy_from, write_policy
from pointsman.control.convert.times import timestamp_of
from pointsman.domain.permissions import Permissions
from pointsman.domain.routers import Router, RouterStatus, effective_shares
from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.variants import Variant, VariantRole
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import router_pb2


def router_from(message: router_pb2.Router, field: str = "router") -> Router:
    """Reads a router that a user brings; output-only fields are not looked at.

    A strategy that is not stated reads as that of the settings that are there, or else as weighted;
    :func:`check_strategy_stated` refuses it where it counts.

    Raises:
        InvalidArgumentError: A field cannot be read.
        UnimplementedError: The strategy is of a later version.
    """
    settings = settings_from(message, field)
    policy = policy_from(message, field)
    if policy.strategy is Strategy.BANDIT and not message.HasField("sticky"):
        # Shares shall follow at once, unless somebody says that entities shall keep their variants.
        settings["sticky"] = False
    settings["display_name"] = settings["display_name"] or message.router_id
    return Router(
        router_id=message.router_id,
        variants=tuple(
            _variant_from(variant, f"{field}.variants[{index}]")
            for index, variant in enumerate(message.variants)
        ),
        policy=policy,
        tags=tuple(message.tags),
        recording=recording_from(message.recording, f"{field}.recording"),
        metrics=metrics_from(message.metrics, f"{field}.metrics"),
        permissions=permissions_from(message.permissions),
        **settings,
    )


def check_strategy_stated(message: router_pb2.Router, field: str = "router") -> None:
    """Refuses a router that does not say how it picks a variant.

    Raises:
        InvalidArgumentError: The strategy is not stated.
    """
    if message.strategy == router_pb2.STRATEGY_UNSPECIFIED:
        raise InvalidArgumentError.at(f"{field}.strategy", f"is not set; use {SERVED_NAMES}")


def router_to(router: Router, endpoint: str) -> router_pb2.Router:
    """Makes the message of a router.

    Args:
        router: The router.
        endpoint: Where it is called when it runs.
    """
    message = router_pb2.Router(
        router_id=router.router_id,
        tags=router.tags,
        strategy=STRATEGY.number(router.strategy),
        variants=variants_to(router),
        recording=recording_to(router.recording),
        metrics=metrics_to(router.metrics),
        permissions=permissions_to(router.permissions),
        owner=router.owner,
        status=ROUTER_STATUS.number(router.status),
        status_message=router.status_message,
        endpoint=endpoint if router.status is RouterStatus.RUNNING else "",
        generation=router.changed_generation,
        etag=router.etag,
        create_time=timestamp_of(router.create_time_us),
        update_time=timestamp_of(router.update_time_us),
    )
    write_settings(message, router)
    write_policy(message, router.policy)
    write_override(message, router.traffic_override)
    if router.deploy_time_us is not None:
        message.deploy_time.CopyFrom(timestamp_of(router.deploy_time_us))
    return message


def variants_to(router: Router) -> list[router_pb2.Variant]:
    """Makes the messages of a router's variants, with their effective shares."""
    return [
        router_pb2.Variant(
            name=variant.name,
            model_id=variant.model_id,
            model_version=variant.model_version,
            weight=variant.weight,
            enabled=variant.enabled,
            role=VARIANT_ROLE.number(variant.role),
            effective_share=share,
        )
        for variant, share in zip(router.variants, effective_shares(router), strict=True)
    ]


def permissions_to(permissions: Permissions) -> router_pb2.RouterPermissions:
    """Makes the message of permissions."""
    return router_pb2.RouterPermissions(
        public=permissions.public,
        public_predict=permissions.public_predict,
        shared_user_ids=permissions.shared_user_ids,
    )


def permissions_from(message: router_pb2.RouterPermissions) -> Permissions:
    """Reads permissions."""
    return Permissions(message.public, message.public_predict, tuple(message.shared_user_ids))


def _variant_from(message: router_pb2.Variant, field: str) -> Variant:
    return Variant(
        name=message.name,
        model_id=message.model_id,
        model_version=message.model_version,
        weight=message.weight,
        enabled=message.enabled if message.HasField("enabled") else True,
        role=VARIANT_ROLE.word(message.role, f"{field}.role") or VariantRole.CANDIDATE,
    )
