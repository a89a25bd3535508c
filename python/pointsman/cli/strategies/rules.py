"""``pointsman routers explain``: how a router would decide a call, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import RouterId

if TYPE_CHECKING:
    from pointsman.client import RoutingExplanation

app = commandline.Group()


@app.command()
def explain(
    context: commandline.Context,
    router_id: RouterId,
    feature: Annotated[
        list[str] | None,
        commandline.Option("-f", "--feature", metavar="NAME=VALUE", help="A feature; JSON, else a string."),
    ] = None,
    features: Annotated[
        str, commandline.Option("--features", metavar="JSON|@FILE|-", help="All features as one JSON object.")
    ] = "",
    metadata: Annotated[
        list[str] | None, commandline.Option(metavar="KEY=VALUE", help="An entry of the call's metadata.")
    ] = None,
    entity: Annotated[
        str, commandline.Option("--entity", "--entity-id", metavar="ID", help="Whom the call is for.")
    ] = "",
) -> None:
    """Tell how a router would decide a call, and why; nothing is changed or recorded."""
    read = arguments.features(feature or [], features)
    entries = arguments.pairs(metadata or [], "--metadata")
    options = context_of(context)
    with options.connect() as client:
        explanation = client.routers.explain(router_id, read, metadata=entries, entity_id=entity)
    if options.as_json:
        printing.print_json(explanation)
    else:
        _show(explanation)


def _show(explanation: RoutingExplanation) -> None:
    printing.print_facts(
        [
            ("rule", explanation.rule or "none"),
            ("reason", explanation.reason),
            ("variant", explanation.variant or "drawn anew for each request"),
            ("slot", "" if explanation.slot is None else explanation.slot),
            *((f"not {miss.rule}", miss.description) for miss in explanation.misses),
        ]
    )
    printing.print_table(
        ["VARIANT", "PROPENSITY"],
        ([one.variant, printing.percent(one.propensity)] for one in explanation.propensities),
        empty="",
    )
