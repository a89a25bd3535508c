"""Changes of the routing state: one at a time, stored, published, then answered."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from pointsman.control.publishing.publisher import Publisher
from pointsman.domain.routers import Router
from pointsman.errors import DataPlaneError
from pointsman.store import generations, servers
from pointsman.store.database import Database
from pointsman.v1 import snapshot_pb2


@dataclass
class Change:
    """A change in progress.

    Attributes:
        connection: Its transaction.
        generation: The generation that it makes.
        now_us: The time at which it happens.
        router: The router that changed, when nothing else did: a shorter way to publish it, and the
            data plane's refusal of it is an error.
        published: A router and what the data plane is told of it, when that was made already.
    """

    connection: Connection
    generation: int
    now_us: int
    router: Router | None = None
    published: tuple[Router, snapshot_pb2.RouterSnapshot] | None = None

    def shared_clock_us(self) -> int:
        """Answers the time by the clock that all servers share: the database's, where it has one.

        What is learnt goes by it, and so do the slots that follow.
        """
        return servers.clock_us(self.connection, self.now_us)

    def touch_access(self) -> None:
        """Has the key table published with this change: some keys may do something else from then on."""
        generations.touch_access(self.connection)

    def revised(self, router: Router, **fields: Any) -> Router:
        """Answers the state of a router that this change makes of an earlier one.

        Args:
            router: The earlier state, or that with new values already.
            **fields: New values by the attributes of routers.
        """
        return dataclasses.replace(
            router,
            **fields,
            revision=router.revision + 1,
            update_time_us=self.now_us,
            changed_generation=self.generation,
        )


class Changes:
    """Makes changes; to be used from the writer's thread only.

    Args:
        database: Where changes are stored.
        publisher: Who publishes them.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, publisher: Publisher, clock: Callable[[], int]) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock

    @contextmanager
    def change(
        self, *, validate_only: bool = False, access: bool = False, signing: bool = False
    ) -> Iterator[Change]:
        """Opens a change. When the block ends it is stored and published; what it raises undoes it.

        Args:
            validate_only: Go through everything, then undo it and publish nothing.
            access: Whether the key table changes.
            signing: Whether the signing keys change.

        Raises:
            DataPlaneError: It is stored, but the data plane refused it.
        """
        with self._database.write_routing(keep=not validate_only) as connection:
            step = generations.step(connection, access=access, signing=signing)
            change = Change(connection, step.after.generation, self._clock())
            yield change
        if validate_only:
            return
        if change.router is not None:
            self._publisher.publish_router(change.router, step, _made(change))
            self.check_accepted(change.router.router_id)
        else:
            self._publisher.sync()

    def check_accepted(self, router_id: str) -> None:
        """Checks that this server's replica took a router's last change; others may still have to.

        Raises:
            DataPlaneError: It did not.
        """
        refusal = self._publisher.refusals.of_router(router_id)
        if refusal:
            raise DataPlaneError(
                f"the change of router {router_id!r} is stored, but the data plane refused it ({refusal}); "
                "the state before stays in effect, change the router again",
                reason="SNAPSHOT_REFUSED",
                metadata={"router_id": router_id},
            )


def _made(change: Change) -> snapshot_pb2.RouterSnapshot | None:
    """Answers what the data plane is told of the router that changed, when it was made of this very state."""
    if change.published is None or change.published[0] is not change.router:
        return None
    return change.published[1]
