"""``pointsman routers override``: the operator's brake."""

from __future__ import annotations

from typing import Annotated

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import Etag, RouterId

app = commandline.Group()


@app.command()
def override(
    context: commandline.Context,
    router_id: RouterId,
    variant: Annotated[
        str,
        commandline.Argument(
            metavar="[VARIANT]", complete=names.variants, help="The variant that takes everything."
        ),
    ] = "",
    ttl: Annotated[
        str, commandline.Option("--for", metavar="DURATION", help="How long, e.g. 30m or 2h; at most 30d.")
    ] = "",
    reason: Annotated[str, commandline.Option(help="Why, for those who wonder.")] = "",
    clear: Annotated[bool, commandline.Option("--clear", help="End the override that there is.")] = False,
    etag: Etag = "",
) -> None:
    """Send everything to one variant for a while, whatever the strategy decides.

    Calls that name their variant stay with it. What the override decides is in no statistics, and a bandit
    does not learn from it. It ends by itself.
    """
    options = context_of(context)
    if clear:
        if variant or ttl or reason:
            raise commandline.BadParameter("--clear goes with nothing else", param_hint="--clear")
        with options.connect() as client:
            router = client.routers.clear_override(router_id, etag=etag)
        if options.as_json:
            printing.print_json(router)
        else:
            commandline.echo(f"{router_id} decides by itself")
        return
    if not variant:
        raise commandline.BadParameter("say which variant takes everything, or --clear", param_hint="VARIANT")
    lasting = arguments.duration(ttl, "--for")
    if lasting is None:
        raise commandline.BadParameter("say how long, for example --for 30m", param_hint="--for")
    if not reason:
        raise commandline.BadParameter("say why, for example --reason 'v2 times out'", param_hint="--reason")
    with options.connect() as client:
        router = client.routers.set_override(router_id, variant, lasting, reason=reason, etag=etag)
    if options.as_json:
        printing.print_json(router)
        return
    given = router.traffic_override
    until = printing.local_time(given.expire_time) if given else ""
    commandline.echo(f"{router_id} sends everything to {variant} until {until}")
