"""Registers the demo's models and puts its router into service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import ModelVersion, OnnxBackend, RouterStatus, Signature, Task
from pointsman.demo.dataset import PROBABILITY_OUTPUT
from pointsman.demo.errors import DemoError
from pointsman.demo.plans import MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pointsman.client import AsyncClient, Router
    from pointsman.demo.dataset import TrainingResult


async def set_up(
    client: AsyncClient,
    training: TrainingResult,
    router: Router,
    versions: Mapping[str, tuple[str, str, str]],
) -> None:
    """Registers model versions, creates the router and deploys it.

    Args:
        client: Calls the server.
        training: What the models are like.
        router: The router.
        versions: Version, file and description of each variant's model.

    Raises:
        DemoError: The router does not run; the message says why.
    """
    await register(client, training, versions)
    await deploy(client, router)


async def register(
    client: AsyncClient, training: TrainingResult, versions: Mapping[str, tuple[str, str, str]]
) -> None:
    """Registers model versions.

    Args:
        client: Calls the server.
        training: What the models are like.
        versions: Version, file and description of each variant's model.
    """
    signature = Signature(
        task=Task.CLASSIFICATION, labels=training.labels, probability_output=PROBABILITY_OUTPUT
    )
    for version, file_name, description in versions.values():
        await client.models.register(
            ModelVersion(
                MODEL,
                version,
                OnnxBackend(file_name),
                signature,
                description=description,
                metrics={"accuracy": training.accuracies[file_name]},
            )
        )


async def deploy(client: AsyncClient, router: Router) -> None:
    """Creates a router and deploys it.

    Args:
        client: Calls the server.
        router: The router.

    Raises:
        DemoError: It does not run; the message says why.
    """
    await client.routers.create(router)
    deployment = await client.routers.deploy(router.router_id)
    if deployment.router.status is not RouterStatus.RUNNING:
        raise DemoError(f"the router is {deployment.router.status}: {deployment.router.status_message}")
