"""``pointsman routers reset-learning``."""

from __future__ import annotations

from typing import Annotated

from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import Etag, RouterId

app = commandline.Group()


@app.command("reset-learning")
def reset_learning(
    context: commandline.Context,
    router_id: RouterId,
    reason: Annotated[str, commandline.Option(help="Why, for the history.")] = "",
    etag: Etag = "",
    yes: arguments.Yes = False,
) -> None:
    """Let a bandit begin anew: what it learnt counts no more, and its shares are even again."""
    options = context_of(context)
    if not yes:
        arguments.confirm(f"Let {router_id} forget what it learnt? It cannot be undone")
    with options.connect() as client:
        router = client.routers.reset_learning(router_id, reason=reason, etag=etag)
    if options.as_json:
        printing.print_json(router)
    else:
        epoch = router.bandit.epoch if router.bandit else 0
        commandline.echo(f"{router_id} begins anew, in epoch {epoch}")
