"""The life of a router: which step is possible from which status, and what to do instead."""

from enum import StrEnum

from pointsman.domain.routers import Router, RouterStatus
from pointsman.errors import FailedPreconditionError


class Step(StrEnum):
    """What may happen to a router."""

    DEPLOY = "deploy"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    STOP = "stop"
    DELETE = "delete"


_ST = RouterStatus

TRANSITIONS: dict[tuple[RouterStatus, Step], RouterStatus] = {
    (_ST.REGISTERED, Step.DEPLOY): _ST.DEPLOYING,
    (_ST.STOPPED, Step.DEPLOY): _ST.DEPLOYING,
    (_ST.FAILED, Step.DEPLOY): _ST.DEPLOYING,
    (_ST.STOPPED, Step.START): _ST.DEPLOYING,
    (_ST.DEPLOYING, Step.SUCCEED): _ST.RUNNING,
    (_ST.DEPLOYING, Step.FAIL): _ST.FAILED,
    (_ST.RUNNING, Step.STOP): _ST.STOPPED,
    (_ST.REGISTERED, Step.DELETE): _ST.STOPPED,
    (_ST.RUNNING, Step.DELETE): _ST.STOPPED,
    (_ST.STOPPED, Step.DELETE): _ST.STOPPED,
    (_ST.FAILED, Step.DELETE): _ST.STOPPED,
}
"""Every step that is possible, and where it leads; all others are refused."""

_WAY_OUT: dict[RouterStatus, str] = {
    _ST.REGISTERED: "deploy it with DeployRouter",
    _ST.DEPLOYING: "wait until it runs or has failed",
    _ST.RUNNING: "change it as it runs, or stop it first with StopRouter",
    _ST.STOPPED: "start it with StartRouter",
    _ST.FAILED: "deploy it again with DeployRouter, or delete it",
}


def next_status(router: Router, step: Step) -> RouterStatus:
    """Answers where a step leads.

    Args:
        router: The router as it stands.
        step: What shall happen to it.

    Returns:
        The status after the step.

    Raises:
        FailedPreconditionError: The step is not possible from where the router stands.
    """
    status = TRANSITIONS.get((router.status, step))
    if status is None:
        raise FailedPreconditionError(
            f"router {router.router_id!r} is {router.status} and cannot {step}; {_WAY_OUT[router.status]}",
            reason="ROUTER_STATUS",
            metadata={"router_id": router.router_id, "status": router.status.value},
        )
    return status


def check_not_deploying(router: Router) -> None:
    """Refuses changes that a deployment in progress would not notice.

    Raises:
        FailedPreconditionError: The router is being deployed.
    """
    if router.status is RouterStatus.DEPLOYING:
        raise FailedPreconditionError(
            f"router {router.router_id!r} is deploying; {_WAY_OUT[RouterStatus.DEPLOYING]}",
            reason="ROUTER_STATUS",
            metadata={"router_id": router.router_id, "status": router.status.value},
        )
