"""``pointsman routers explain``: how a router would decide a call, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import RouterId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pointsman.client import RoutingExplanation

app = commandline.Group()


@app.command()
def explain(
    context: commandline.Context,
    router_id: RouterId,
    feature: Annotated[
        list[str] | None,
        commandline.Option(
            "-f",
            "--feature",
            metavar="NAME=VALUE",
            complete=names.router_features,
            help="A feature; JSON, else a string.",
        ),
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
    for warning in _warnings(context, router_id, read):
        commandline.echo(warning, err=True)


def _warnings(context: commandline.Context, router_id: str, sent: Collection[str]) -> Iterator[str]:
    """Says which features no model takes and no rule reads that are nearly called as one that is not sent."""
    from pointsman.cli.line.likely import likely

    known = names.features_of_router(context, router_id) if sent else ()
    missing = [name for name in known if name not in sent]
    for name in sent:
        if known and name not in known and (question := likely(name, missing)):
            yield f"warning: no model or rule of the router takes a feature {name!r}. {question}"


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
