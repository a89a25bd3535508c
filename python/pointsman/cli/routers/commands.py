"""``pointsman routers``: create, deploy, change and watch routers."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.access import permissions
from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing
from pointsman.cli.routers import options as router_options
from pointsman.cli.routers import recording_options
from pointsman.cli.routers import variants as line_variants

if TYPE_CHECKING:
    from pointsman.cli.line.context import CommandContext
    from pointsman.client import Deployment, MetricDefinition, Router, Variant

app = commandline.Group(help="Create, deploy, reweight and watch routers.")
app.include("pointsman.cli.routers.traffic:app")
app.include("pointsman.cli.routers.metrics:app")
app.include("pointsman.cli.routers.revisions:app")
app.include("pointsman.cli.routers.overrides:app")
app.include("pointsman.cli.strategies.rules:app")
app.include("pointsman.cli.strategies.bandit:app")
app.add("canary", "pointsman.cli.strategies.canary:app")

RouterId = Annotated[
    str, commandline.Argument(metavar="ROUTER", complete=names.routers, help="The router's id.")
]
Etag = Annotated[
    str, commandline.Option(metavar="ETAG", help="Refuse when the router changed since this was read.")
]


class StatusName(StrEnum):
    """Where a router stands in its life."""

    REGISTERED = "registered"
    DEPLOYING = "deploying"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


@app.command()
def create(
    context: commandline.Context,
    router_id: RouterId,
    variant: Annotated[
        list[str],
        commandline.Option(
            metavar="NAME=MODEL:VERSION@WEIGHT",
            help="An alternative, e.g. lr=cancer:1@70; at least two, or one with --allow-single. A weight is "
            "a relative number, 0 to 100: it gets its part of their sum. Without @WEIGHT it is 100.",
        ),
    ],
    settings: router_options.RouterOptions,
    owner: Annotated[
        str,
        commandline.Option(
            metavar="USER",
            complete=names.owners,
            help="Whose it shall be; another user's by admins only.  [you]",
        ),
    ] = "",
    deploy: Annotated[bool, commandline.Option("--deploy", help="Put it into service at once.")] = False,
    validate_only: Annotated[
        bool, commandline.Option("--validate-only", help="Check only; change nothing.")
    ] = False,
) -> None:
    """Create a router."""
    from pointsman.client import Router

    kept = settings.recording()
    variants = line_variants.new_variants(map(arguments.variant, variant), settings)
    wanted = Router(
        router_id,
        variants=settings.with_roles(settings.with_shadows(variants)),
        recording=recording_options.changed(None, kept) if kept else None,
        owner=owner,
        **settings.new_fields(),
    )
    options = context_of(context)
    with options.connect() as client:
        router = client.routers.create(wanted, validate_only=validate_only)
        if deploy and not validate_only:
            _tell_deployment(options, client.routers.deploy(router_id))
            return
    if options.as_json:
        printing.print_json(router)
    elif validate_only:
        commandline.echo(f"{router_id} is valid")
    else:
        commandline.echo(
            f"{router_id} is {router.status}; 'pointsman routers deploy {router_id}' puts it into service"
        )


@app.command("list")
def list_routers(
    context: commandline.Context,
    status: Annotated[StatusName | None, commandline.Option(help="Only routers in this status.")] = None,
    owner: Annotated[str, commandline.Option(complete=names.owners, help="Only routers of this user.")] = "",
    tag: Annotated[str, commandline.Option(help="Only routers with this tag.")] = "",
) -> None:
    """List the routers you may read."""
    from pointsman.client import RouterStatus

    options = context_of(context)
    wanted = RouterStatus(status.value) if status else RouterStatus.UNSPECIFIED
    with options.connect() as client:
        found = list(client.routers.list(status=wanted, owner=owner, tag=tag))
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["!ROUTER", "STATUS", "+STRATEGY", "VARIANTS", "OWNER", "#CHANGED"],
        (
            [r.router_id, r.status, r.strategy, _split(r), r.owner, printing.short_time(r.update_time)]
            for r in found
        ),
        empty="No routers match. 'pointsman routers create' makes one.",
    )


@app.command()
def get(context: commandline.Context, router_id: RouterId) -> None:
    """Show a router."""
    options = context_of(context)
    with options.connect() as client:
        _show(options, client.routers.get(router_id))


@app.command()
def update(
    context: commandline.Context,
    router_id: RouterId,
    settings: router_options.RouterOptions,
    variant: Annotated[
        list[str] | None,
        commandline.Option(
            metavar="NAME=MODEL:VERSION@WEIGHT",
            help="All its variants, new and old; shadows that it has stay. Weights are relative; without "
            "@WEIGHT a variant keeps the weight that it has, and a new one has 100.",
        ),
    ] = None,
    etag: Etag = "",
) -> None:
    """Change a router; a running one changes at once."""
    from pointsman.client import Router

    changes, kept = settings.fields(), settings.recording()
    changes.pop("strategy", None)
    variants = None if variant is None else [arguments.variant(item) for item in variant]
    learning = settings.learning
    names_variants = variants is not None or settings.shadow is not None or settings.names_roles
    if not changes and not kept and not names_variants and not learning.any:
        raise commandline.BadParameter("say what to change, for example --description 'Spring trial'")
    options = context_of(context)
    with options.connect() as client:
        if kept or names_variants or learning.any:
            # Each is changed as a whole; what is not named stays as it was read.
            now = client.routers.get(router_id)
            if kept:
                changes["recording"] = recording_options.changed(now.recording, kept)
            if learning.any:
                changes["bandit"] = learning.bandit(now.bandit)
            if names_variants:
                found = now.variants
                if variants is not None:
                    found = line_variants.kept_variants(variants, now)
                said = {one.name for one, _ in variants or ()}
                changes["variants"] = settings.with_roles(settings.with_shadows(found, now.variants, said))
            etag = etag or now.etag
        wanted = Router(router_id, etag=etag, **changes)
        _show(options, client.routers.update(wanted, list(changes)))


@app.command()
def deploy(context: commandline.Context, router_id: RouterId, etag: Etag = "") -> None:
    """Put a router into service."""
    options = context_of(context)
    with options.connect() as client:
        _tell_deployment(options, client.routers.deploy(router_id, etag=etag))


@app.command()
def start(context: commandline.Context, router_id: RouterId, etag: Etag = "") -> None:
    """Put a stopped router back into service."""
    options = context_of(context)
    with options.connect() as client:
        _tell_deployment(options, client.routers.start(router_id, etag=etag))


@app.command()
def stop(context: commandline.Context, router_id: RouterId, etag: Etag = "") -> None:
    """Take a router out of service; its configuration stays."""
    options = context_of(context)
    with options.connect() as client:
        stopped = client.routers.stop(router_id, etag=etag)
    if options.as_json:
        printing.print_json(stopped)
    else:
        commandline.echo(f"{router_id} is {stopped.status}")


@app.command()
def delete(
    context: commandline.Context, router_id: RouterId, etag: Etag = "", yes: arguments.Yes = False
) -> None:
    """Delete a router; one in service is stopped first."""
    from pointsman.client import RouterStatus

    options = context_of(context)
    with options.connect() as client:
        if not yes:
            router = client.routers.get(router_id)
            if router.status in (RouterStatus.RUNNING, RouterStatus.DEPLOYING):
                question = f"{router_id} is {router.status}, and calls of it will fail. Delete it?"
                arguments.confirm(question)
            etag = etag or router.etag
        client.routers.delete(router_id, etag=etag)
    if options.as_json:
        printing.print_json({})
    else:
        commandline.echo(f"{router_id} is deleted")


def _show(options: CommandContext, router: Router) -> None:
    """Writes a router with its variants."""
    if options.as_json:
        printing.print_json(router)
        return
    printing.print_facts(
        [
            ("router", router.router_id),
            (
                "status",
                f"{router.status} ({router.status_message})" if router.status_message else router.status,
            ),
            *router_options.in_words(router),
            ("canary", f"{printing.exact(router.canary.percent)}%" if router.canary else ""),
            ("rules", _rules(router)),
            ("note", "; ".join(router.feature_rules.warnings) if router.feature_rules else ""),
            ("learns", _learning(router)),
            ("metrics", ", ".join(_metric(metric) for metric in router.metrics)),
            ("override", _override(router)),
            ("endpoint", router.endpoint),
            ("tags", ", ".join(router.tags)),
            ("owner", router.owner),
            ("access", permissions.in_words(router.permissions)),
            ("generation", router.generation),
            ("etag", router.etag),
            ("created", printing.local_time(router.create_time)),
            ("changed", printing.local_time(router.update_time)),
        ]
    )
    printing.print_variants(router.variants)


def _tell_deployment(options: CommandContext, deployment: Deployment) -> None:
    """Says where to call, or why the router failed, with exit code 1."""
    from pointsman.client import RouterStatus

    router = deployment.router
    failed = router.status is not RouterStatus.RUNNING
    if options.as_json:
        printing.print_json(deployment)
        if failed:
            raise commandline.Exit(1)
    elif failed:
        raise CommandError(
            f"{router.router_id} is {router.status}: {router.status_message}\n"
            f"When that is mended, 'pointsman routers deploy {router.router_id}' tries again."
        )
    else:
        commandline.echo(f"{router.router_id} is {router.status}; call it at {deployment.endpoint}")


def _rules(router: Router) -> str:
    """Names the rules with where their calls go, in the order in which they are tried."""
    if router.feature_rules is None:
        return ""
    told = []
    for rule in sorted(router.feature_rules.rules, key=lambda rule: rule.priority):
        weights = rule.split.weights if rule.split else {}
        split = " and ".join(f"{name} {printing.exact(weight)}" for name, weight in sorted(weights.items()))
        told.append(f"{rule.name} to {rule.variant or split}")
    told.append(f"else to {router.feature_rules.default_variant or 'a variant by weight'}")
    return ", ".join(told)


def _learning(router: Router) -> str:
    """Says what a bandit learns by."""
    from pointsman.cli.strategies.bandit_words import in_words

    return in_words(router.bandit)


def _override(router: Router) -> str:
    """Says what an override does and until when."""
    given = router.traffic_override
    if given is None:
        return ""
    return f"everything to {given.variant} until {printing.local_time(given.expire_time)}: {given.reason}"


def _metric(metric: MetricDefinition) -> str:
    """Writes a metric in the form that --metric takes."""
    low = "" if metric.min_value is None else printing.exact(metric.min_value)
    high = "" if metric.max_value is None else printing.exact(metric.max_value)
    words = [metric.name, metric.type, metric.direction, f"{low}..{high}" if low or high else ""]
    return ":".join(word for word in words if word and word != "unspecified")


def _split(router: Router) -> str:
    """Writes the variants and their shares in one cell."""
    return ", ".join(_part(variant) for variant in router.variants)


def _part(variant: Variant) -> str:
    if not variant.enabled:
        return f"{variant.name} off"
    if variant.role == "shadow":
        return f"{variant.name} shadow"
    return f"{variant.name} {printing.percent(variant.effective_share)}"
