"""``pointsman routers``: commands about a router's split, its figures and its predictions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from pointsman.cli import arguments, printing
from pointsman.cli.context import CommandError, context_of
from pointsman.cli.routers import Etag, RouterId, StatusName

if TYPE_CHECKING:
    from pointsman.cli.context import CommandContext
    from pointsman.client import PredictionRecord, VariantMetrics, VariantWeights

POLL_SECONDS = 0.25

app = typer.Typer()


@app.command()
def weight(
    context: typer.Context,
    router_id: RouterId,
    weights: Annotated[list[str], typer.Argument(metavar="VARIANT=WEIGHT…", help="New weights, 0 to 100.")],
    etag: Etag = "",
) -> None:
    """Set weights in one step, and say how many entities move."""
    options = context_of(context)
    with options.connect() as client:
        wanted = arguments.numbers(weights, "VARIANT=WEIGHT")
        _tell_weights(options, client.routers.set_weights(router_id, wanted, etag=etag))


@app.command()
def toggle(
    context: typer.Context,
    router_id: RouterId,
    variant: Annotated[str, typer.Argument(metavar="VARIANT", help="The variant's name.")],
    enabled: Annotated[
        bool, typer.Option("--on/--off", help="Whether it shall take part.", show_default=False)
    ],
    etag: Etag = "",
) -> None:
    """Enable or disable a variant; two must remain enabled."""
    options = context_of(context)
    with options.connect() as client:
        _tell_weights(options, client.routers.toggle_variant(router_id, variant, enabled, etag=etag))


@app.command()
def permissions(
    context: typer.Context,
    router_id: RouterId,
    public: Annotated[
        bool | None, typer.Option("--public/--private", help="Whether every user may read it.")
    ] = None,
    public_predict: Annotated[
        bool | None,
        typer.Option("--public-predict/--private-predict", help="Whether every user may call it."),
    ] = None,
    share: Annotated[list[str] | None, typer.Option(metavar="USER", help="Let this user read it.")] = None,
    unshare: Annotated[
        list[str] | None, typer.Option(metavar="USER", help="No longer let this user read it.")
    ] = None,
    etag: Etag = "",
) -> None:
    """Show or change who may read and call a router.

    What is not named stays.
    """
    from pointsman.client import RouterPermissions

    options = context_of(context)
    with options.connect() as client:
        router = client.routers.get(router_id)
        now = router.permissions or RouterPermissions()
        wanted = RouterPermissions(
            public=now.public if public is None else public,
            public_predict=now.public_predict if public_predict is None else public_predict,
            shared_user_ids=sorted({*now.shared_user_ids, *(share or [])} - set(unshare or [])),
        )
        if public is not None or public_predict is not None or share or unshare:
            router = client.routers.set_permissions(router_id, wanted, etag=etag or router.etag)
    if options.as_json:
        printing.print_json(wanted)
        return
    printing.print_facts(
        [
            ("read", "every user" if wanted.public else ", ".join([router.owner, *wanted.shared_user_ids])),
            ("call", "every user with mlops:predict" if wanted.public_predict else router.owner),
        ]
    )


@app.command()
def status(
    context: typer.Context,
    router_id: RouterId,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until it is in the status, or has failed.")
    ] = False,
    until: Annotated[StatusName, typer.Option("--for", help="The status to wait for.")] = StatusName.RUNNING,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="How long to wait.")] = 60.0,
) -> None:
    """Show where a router stands.

    With --wait, exit code 1 says that it did not get there.
    """
    from pointsman.client import RouterStatus

    options = context_of(context)
    ends = time.monotonic() + timeout
    with options.connect() as client:
        while True:
            router = client.routers.get(router_id)
            arrived = router.status == until.value
            failed = router.status is RouterStatus.FAILED and not arrived
            if not wait or arrived or failed or time.monotonic() > ends:
                break
            time.sleep(POLL_SECONDS)
    if options.as_json:
        facts = {"router_id": router_id, "status": router.status, "status_message": router.status_message}
        printing.print_json(facts)
    else:
        message = f" ({router.status_message})" if router.status_message else ""
        typer.echo(f"{router_id} is {router.status}{message}")
    if wait and not arrived:
        why = "" if failed else f" after {timeout:g} s"
        raise CommandError(f"{router_id} is {router.status}, not {until.value}{why}")


@app.command()
def metrics(context: typer.Context, router_id: RouterId) -> None:
    """Show counts, latencies and feedback of a router."""
    options = context_of(context)
    with options.connect() as client:
        found = client.routers.metrics(router_id)
    if options.as_json:
        printing.print_json(found)
        return
    listed = [*found.variants, *([found.total] if found.total else [])]
    printing.print_table(
        [
            "VARIANT",
            ">REQUESTS",
            ">ERRORS",
            ">PINNED",
            ">SHARE",
            ">SERVED",
            ">ADDED P50",
            ">ADDED P99",
            ">BACKEND P50",
            ">BACKEND P99",
            ">FEEDBACK",
            ">MEAN REWARD",
        ],
        (_metrics_row(figures) for figures in listed),
        empty=f"{router_id} has no variants.",
    )
    if found.dropped_record_count:
        typer.echo(
            f"{found.dropped_record_count} predictions were not recorded: the queue was full", err=True
        )


@app.command()
def predictions(
    context: typer.Context,
    router_id: RouterId,
    prediction_id: Annotated[str, typer.Argument(metavar="[PREDICTION]", help="Show this one in full.")] = "",
    variant: Annotated[str, typer.Option(help="Only of this variant.")] = "",
    entity: Annotated[str, typer.Option(help="Only for this entity.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="Only from this time on.")] = "",
    before: Annotated[str, typer.Option(metavar="TIME", help="Only before this time.")] = "",
    feedback: Annotated[
        bool | None, typer.Option("--with-feedback/--without-feedback", help="Only with or without feedback.")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most this many.")] = 20,
) -> None:
    """List the recorded predictions of a router, newest first."""
    from itertools import islice

    options = context_of(context)
    with options.connect() as client:
        if prediction_id:
            printing.print_json(client.routers.prediction(router_id, prediction_id))
            return
        pages = client.routers.predictions(
            router_id,
            variant=variant,
            entity_id=entity,
            start_time=arguments.moment(since, "--since"),
            end_time=arguments.moment(before, "--before"),
            has_feedback=feedback,
            page_size=min(limit, 1000),
        )
        found = list(islice(pages, limit))
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["TIME", "VARIANT", "ENTITY", "PREDICTION", ">PROPENSITY", "REASON", "FEEDBACK", "ID"],
        (_prediction_row(record) for record in found),
        empty="No predictions match. They appear here a moment after their call.",
    )


def _tell_weights(options: CommandContext, answer: VariantWeights) -> None:
    """Writes the variants after a change of weights, and how many entities moved."""
    if options.as_json:
        printing.print_json(answer)
        return
    printing.print_variants(answer.variants)
    moved = f"{printing.percent(answer.moved_share)} of entities moved to another variant"
    typer.echo(f"{moved}; in effect since generation {answer.generation}")


def _metrics_row(figures: VariantMetrics) -> list[str]:
    answered = figures.request_count > 0
    latencies = [
        figures.overhead.p50_seconds,
        figures.overhead.p99_seconds,
        figures.backend.p50_seconds,
        figures.backend.p99_seconds,
    ]
    return [
        figures.variant or "total",
        str(figures.request_count),
        str(figures.error_count),
        str(figures.pinned_request_count),
        printing.percent(figures.effective_share) if figures.variant else "",
        printing.percent(figures.served_share) if answered else "–",
        *(printing.milliseconds(seconds) if answered else "–" for seconds in latencies),
        str(figures.feedback_count),
        f"{figures.mean_reward:.4f}" if figures.mean_reward is not None else "–",
    ]


def _prediction_row(record: PredictionRecord) -> list[str]:
    return [
        printing.local_time(record.time),
        record.variant,
        record.entity_id,
        "" if record.prediction is None else str(record.prediction),
        f"{record.propensity:.4f}",
        record.reason,
        ", ".join(f"{item.metric} {item.value:g}" for item in record.feedback),
        record.prediction_id,
    ]
