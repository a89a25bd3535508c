"""Routers as callers see them on this server: what the database says, and what stands in the way here."""

from pointsman.control.publishing.refusals import Refusals
from pointsman.control.registry.file_faults import look, told_of_routers
from pointsman.control.routing.router_access import find_router
from pointsman.domain.access import Rule
from pointsman.domain.keys import Principal
from pointsman.domain.pages import Page
from pointsman.domain.ports.replica import FileWatch
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.violations import MAX_TAG_CHARS, Violations
from pointsman.store.database import Database
from pointsman.store.routing import routers


class RouterReader:
    """Reads routers.

    Args:
        database: Where they are kept.
        files: Who knows what is wrong with their variants' files.
        refusals: What this server's replica cannot use of them.
    """

    def __init__(self, database: Database, files: FileWatch, refusals: Refusals) -> None:
        self._database = database
        self._files = files
        self._refusals = refusals

    def get(self, caller: Principal, router_id: str) -> Router:
        """Answers one router.

        Raises:
            NotFoundError: There is none, or the caller may not know of it.
        """
        faults = look(self._files)
        with self._database.read() as connection:
            seen = self._refusals.seen(find_router(connection, caller, router_id, Rule.READ_ROUTER))
            return told_of_routers(connection, [seen], faults)[0]

    def list_page(
        self,
        caller: Principal,
        *,
        status: RouterStatus | None,
        strategy: Strategy | None,
        owner: str,
        tag: str,
        page_size: int,
        page_token: str,
    ) -> Page[Router]:
        """Lists the routers that the caller may read.

        A page of one status may be shorter than asked for before the last, when routers are refused here.

        Args:
            caller: Who asks; decides what is seen.
            status: Only routers in this status, as this server sees it; None for all.
            strategy: Only routers of this strategy; None for all.
            owner: Only routers of this user; empty for all.
            tag: Only routers with this tag; empty for all.
            page_size: At most so many.
            page_token: Where the page before ended; empty for the first page.

        Raises:
            InvalidArgumentError: A filter or the token is not valid.
        """
        found = Violations()
        if owner:
            found.check_user("owner", owner)
        found.check_text("tag", tag, MAX_TAG_CHARS)
        found.raise_if_any()
        # Those that are refused here run as far as the database knows.
        faults = look(self._files)
        run_elsewhere = status is RouterStatus.FAILED and self._refusals.any
        with self._database.read() as connection:
            page = routers.list_page(
                connection,
                caller,
                status=status,
                strategy=strategy,
                owner=owner,
                tag=tag,
                page_size=page_size,
                page_token=page_token,
                or_in=[RouterStatus.RUNNING] if run_elsewhere else [],
            )
            seen = told_of_routers(connection, [self._refusals.seen(router) for router in page.items], faults)
        wanted = tuple(router for router in seen if status in (None, router.status))
        return Page(wanted, page.next_page_token)
