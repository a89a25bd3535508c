"""``pointsman routers history`` and ``rollback``: what a router was, and going back to it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.output.pages import Page
from pointsman.cli.routers.commands import Etag, RouterId

if TYPE_CHECKING:
    from pointsman.cli.line.context import CommandContext
    from pointsman.client import RouterRevision

app = commandline.Group()

MOST_OF_A_CALL = 1000
"""How many revisions one call of the server answers at most."""


@app.command()
def history(
    context: commandline.Context,
    router_id: RouterId,
    revision: Annotated[
        int, commandline.Argument(metavar="[REVISION]", min=0, help="Show this one whole.")
    ] = 0,
    limit: Annotated[int, commandline.Option("-n", "--limit", min=1, help="At most this many.")] = 20,
) -> None:
    """Show what a router was: who changed what and when, newest first."""
    options = context_of(context)
    with options.connect() as client:
        if revision:
            _show(options, client.routers.revision(router_id, revision))
            return
        page = Page(limit, options.as_json)
        revisions = client.routers.revisions(router_id, page_size=min(page.asked, MOST_OF_A_CALL))
        read = list(islice(revisions, page.asked))
    found = page.shown(read)
    if options.as_json:
        printing.print_json([_facts(one) for one in found])
        return
    printing.print_table(
        [">REV", ">GENERATION", "#WHEN", "WHO", "WHAT"],
        (
            [
                str(one.revision),
                str(one.generation),
                printing.short_time(one.time),
                one.user_id or "the server",
                _told(one),
            ]
            for one in found
        ),
        empty=f"No revision of {router_id} is kept.",
    )
    page.tell(read, "-n shows more")


@app.command()
def rollback(
    context: commandline.Context,
    router_id: RouterId,
    revision: Annotated[
        int, commandline.Argument(metavar="REVISION", min=1, help="As 'routers history' numbers them.")
    ],
    comment: Annotated[str, commandline.Option(help="Why, for the history.")] = "",
    etag: Etag = "",
    yes: arguments.Yes = False,
) -> None:
    """Give a router the variants, weights and slots of a former revision back.

    Every entity gets its variant of then. Texts, permissions, status and what is recorded stay as they are.
    """
    options = context_of(context)
    with options.connect() as client:
        if not yes:
            # What is agreed to is what is done, or nothing.
            etag = etag or client.routers.get(router_id).etag
            checked = client.routers.roll_back(router_id, revision, etag=etag, validate_only=True)
            split = ", ".join(
                f"{variant.name} {variant.weight:g}" if variant.enabled else f"{variant.name} off"
                for variant in checked.router.variants
            )
            moved = printing.percent(checked.moved_share)
            arguments.confirm(f"{router_id} goes back to {split}; {moved} of entities move. Go on?")
        done = client.routers.roll_back(router_id, revision, comment=comment, etag=etag)
    if options.as_json:
        printing.print_json(done)
        return
    moved = printing.percent(done.moved_share)
    commandline.echo(
        f"{router_id} is as in revision {revision}, now revision {done.revision}; {moved} of entities moved"
    )


def _told(revision: RouterRevision) -> str:
    """Says what was done in a cell."""
    kind = revision.kind.replace("_", " ")
    if revision.source_revision:
        kind += f" to {revision.source_revision}"
    rest = "; ".join(text for text in (revision.summary, revision.comment) if text)
    return f"{kind}: {rest}" if rest else kind


def _facts(revision: RouterRevision) -> dict[str, object]:
    """Answers a revision for programs: JSON has no bytes."""
    facts: dict[str, object] = printing.plain(revision)
    return facts | {"salt": revision.salt.hex()}


def _show(options: CommandContext, revision: RouterRevision) -> None:
    if options.as_json:
        printing.print_json(_facts(revision))
        return
    key = f" (key {revision.key_id})" if revision.key_id else ""
    ends = f" to {revision.last_generation}" if revision.last_generation != revision.generation else ""
    printing.print_facts(
        [
            ("router", revision.router_id),
            ("revision", f"{revision.revision}{', the present one' if revision.current else ''}"),
            ("generation", f"{revision.generation}{ends}"),
            ("what", _told(revision)),
            ("who", f"{revision.user_id or 'the server'}{key}"),
            ("when", printing.local_time(revision.time)),
            ("slots", ", ".join(f"{one.variant} {one.slots}" for one in revision.slot_counts)),
            ("salt", revision.salt.hex()),
        ]
    )
    printing.print_variants(revision.variants)
