"""What this server's replica cannot use of the state: shown where it lives, until it can."""

import dataclasses
from collections.abc import Iterable

from pointsman.domain.ports.replica import RefusedItem
from pointsman.domain.routers import Router, RouterStatus

_SHOWN = 20
_ROUTER, _MODEL = "router", "model"


class Refusals:
    """Routers and model versions that were refused, with the reasons; read without a lock."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], str] = {}

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._reasons)

    def take(
        self, refused: Iterable[RefusedItem], named: Iterable[tuple[str, str]], *, complete: bool
    ) -> None:
        """Notes what came of a change.

        Args:
            refused: What cannot be used of it.
            named: Kind and id of all that it named: of what was refused before, these are so no more.
            complete: Whether it named all that there is.
        """
        reasons = {} if complete else dict(self._reasons)
        for item in named:
            reasons.pop(item, None)
        reasons.update({(item.kind, item.id): item.reason for item in refused})
        self._reasons = reasons

    def of_router(self, router_id: str) -> str:
        """Why a router's last change was refused; empty when it was not."""
        return self._reasons.get((_ROUTER, router_id), "")

    def seen(self, router: Router) -> Router:
        """Answers a router as this server sees it: failed when it, or a model that it uses, is refused.

        What the replica had of it before stays in effect, so calls may go on to be answered.
        """
        reasons = self._reasons
        if router.status is not RouterStatus.RUNNING or not reasons:
            return router
        # A router whose model version is refused may be refused for the lack of it: the first cause is told.
        used = (variant.model_key for variant in router.enabled_variants)
        key = next((key for key in used if (_MODEL, str(key)) in reasons), None)
        if key is not None:
            reason = f"model version {str(key)!r}: {reasons[_MODEL, str(key)]}"
            remedy = "register another version with a backend that can be used"
        elif (_ROUTER, router.router_id) in reasons:
            reason, remedy = reasons[_ROUTER, router.router_id], "change the router"
        else:
            return router
        message = (
            f"this server cannot use its last change ({reason}); what was before stays in effect here; "
            f"{remedy}, or deploy it again once the reason is gone"
        )
        return dataclasses.replace(router, status=RouterStatus.FAILED, status_message=message)

    def described(self) -> list[str]:
        """Says each refusal in a sentence; of many only the first."""
        reasons = self._reasons
        told = [f"{kind} {name!r}: {reason}" for (kind, name), reason in sorted(reasons.items())[:_SHOWN]]
        if len(reasons) > _SHOWN:
            told.append(f"and {len(reasons) - _SHOWN} more; the log has them all")
        return told

    def metrics(self) -> str:
        """Writes how many there are in the Prometheus text format."""
        kinds = [kind for kind, _ in self._reasons]
        name = "pointsman_refused_items"
        lines = "".join(f'{name}{{kind="{kind}"}} {kinds.count(kind)}\n' for kind in (_MODEL, _ROUTER))
        return (
            f"# HELP {name} Parts of the routing state that the data plane cannot use; the log says why.\n"
            f"# TYPE {name} gauge\n{lines}"
        )
