"""``pointsman routers metrics``: the figures of a router, of a window or live, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import RouterId

if TYPE_CHECKING:
    from pointsman.client import FeedbackMetrics, RouterMetrics, RuleSplitMetrics, VariantMetrics

SUSPICIOUS_P_VALUE = 0.001
"""Below it, a split that works would be rarer than one in a thousand."""

app = commandline.Group()


@app.command()
def metrics(
    context: commandline.Context,
    router_id: RouterId,
    since: Annotated[
        str,
        commandline.Option(
            metavar="TIME", help="From the records of this time on; a time, or how long ago, e.g. 24h."
        ),
    ] = "",
    before: Annotated[
        str, commandline.Option(metavar="TIME", help="From the records before this time.")
    ] = "",
    step: Annotated[
        str, commandline.Option(metavar="DURATION", help="Show a time series with steps so long, e.g. 1h.")
    ] = "",
    live: Annotated[
        bool,
        commandline.Option("--live", help="What the server counted since it started, not what is recorded."),
    ] = False,
) -> None:
    """Show counts, latencies and feedback of a router.

    All figures are of one window, which the first line says: without times, of all predictions that are kept.
    Feedback is that for these predictions, coverage the share of them that have any.
    """
    options = context_of(context)
    start_time = arguments.moment(since, "--since")
    end_time = arguments.moment(before, "--before")
    granularity = arguments.duration(step, "--step")
    if granularity is not None and start_time is None:
        raise commandline.BadParameter(
            "needs --since, for example --since 24h --step 1h", param_hint="--step"
        )
    if live and (since or before or step):
        raise commandline.BadParameter(
            "counts since the server started; leave out --since, --before and --step", param_hint="--live"
        )
    with options.connect() as client:
        found = client.routers.metrics(
            router_id, start_time=start_time, end_time=end_time, granularity=granularity, live=live
        )
    printing.tell_unreached("not all calls are counted", found.unreached)
    if options.as_json:
        printing.print_json(found)
        return
    commandline.echo(_window(router_id, found, asked_live=live))
    commandline.echo()
    _show(router_id, found)


def _window(router_id: str, found: RouterMetrics, *, asked_live: bool) -> str:
    """Says in a line which calls the figures count."""
    times = " ".join(
        f"{word} {printing.local_time(time)}"
        for word, time in (("from", found.start_time), ("to", found.end_time))
        if time is not None
    )
    if not found.live:
        return f"recorded predictions of {router_id} {times}"
    counted = f"calls that this server counted since it started, {times}"
    return counted if asked_live else f"{router_id} records no predictions; {counted}"


def _show(router_id: str, found: RouterMetrics) -> None:
    # What became of copies has a table of its own; a shadow that had calls before is shown with both.
    taking = [figures for figures in found.variants if not figures.shadow or figures.request_count]
    listed = [*taking, *([found.total] if found.total else [])]
    # Where rules decide, no share is what all calls together should come to.
    has_shares = any(figures.effective_share > 0 for figures in found.variants)
    printing.print_table(
        ["#VARIANT", ">REQUESTS", ">ERRORS", ">PINNED", ">SHARE", ">SERVED", ">FEEDBACK", ">COVERAGE"],
        (_counts_row(figures, has_shares=has_shares) for figures in listed),
        empty=f"{router_id} has no variants.",
    )
    if any(figures.request_count for figures in listed):
        commandline.echo()
        printing.print_table(
            ["#VARIANT", ">ADDED P50", ">ADDED P99", ">BACKEND P50", ">BACKEND P99"],
            (_latencies_row(figures) for figures in listed),
        )
    _show_copies(found)
    feedback = [(figures, item) for figures in listed for item in figures.feedback]
    if feedback:
        commandline.echo()
        printing.print_table(
            ["#METRIC", "#VARIANT", ">VALUES", ">MEAN", ">95 % INTERVAL"],
            (_feedback_row(figures, item) for figures, item in sorted(feedback, key=_metric_first)),
        )
    if found.bandit is not None:
        from pointsman.cli.strategies.bandit_words import show_learnt

        commandline.echo()
        show_learnt(found.bandit)
    if found.series:
        commandline.echo()
        _show_series(found)
    _show_notes(router_id, found)


def _show_copies(found: RouterMetrics) -> None:
    """Shows what became of the copies that were meant for shadows; nothing where none were."""
    shadows = [one for one in found.variants if one.shadow_request_count or one.shadow_drop_counts]
    if not shadows:
        return
    commandline.echo()
    printing.print_table(
        ["#SHADOW", ">COPIES", ">ERRORS", ">BACKEND P50", ">BACKEND P99", "NOT SENT"],
        (
            [
                one.variant,
                str(one.shadow_request_count),
                str(one.shadow_error_count),
                _copy_latency(one, one.shadow_backend.p50_seconds),
                _copy_latency(one, one.shadow_backend.p99_seconds),
                ", ".join(f"{count} {reason}" for reason, count in sorted(one.shadow_drop_counts.items())),
            ]
            for one in shadows
        ),
    )


def _copy_latency(figures: VariantMetrics, seconds: float) -> str:
    return printing.milliseconds(seconds) if figures.shadow_request_count else "–"


def _show_series(found: RouterMetrics) -> None:
    names = [figures.variant for figures in found.variants]
    printing.print_table(
        ["#FROM", ">REQUESTS", ">ERRORS", *(f">{name}" for name in names), ">BACKEND P99", ">MEAN REWARD"],
        (
            [
                printing.local_time(step.start_time),
                str(step.total.request_count),
                str(step.total.error_count),
                *(str(figures.request_count) for figures in step.variants),
                _latency(step.total, step.total.backend.p99_seconds),
                _number(step.total.mean_reward),
            ]
            for step in found.series
            if step.total is not None
        ),
    )


def _way_out(limit: str) -> str:
    return {
        "max_body_bytes": "they are above max_body_bytes of the router's recording; raise it to keep them",
        "body_budget_bytes": "the memory for bodies was full; raise limits.body_budget_bytes",
    }.get(limit, f"they were above {limit}")


def _show_rule_split(split: RuleSplitMetrics) -> None:
    """Says whether the split of a rule seems to work; nothing of one with too few units."""
    p_value = split.sample_ratio_p_value
    of_rule = f"of rule {split.rule}" if split.rule else "of calls that no rule takes"
    if p_value is None:
        return
    if p_value >= SUSPICIOUS_P_VALUE:
        commandline.echo(f"shares {of_rule}, served and wanted, agree (p = {p_value:.2g})")
        return
    served = ", ".join(f"{name} {count}" for name, count in sorted(split.variant_unit_counts.items()))
    commandline.echo(
        f"The shares {of_rule} differ from those wanted more than chance explains (p = {p_value:.2g}; "
        f"{served}): do not compare the variants within it before the reason is found.",
        err=True,
    )


def _show_notes(router_id: str, found: RouterMetrics) -> None:
    """Says what the tables cannot: that the split seems broken, that records were lost or are missing."""
    p_value = found.sample_ratio_p_value
    if p_value is not None and p_value < SUSPICIOUS_P_VALUE:
        commandline.echo(
            f"The shares served differ from those wanted more than chance explains (p = {p_value:.2g}): "
            "do not compare the variants before the reason is found.",
            err=True,
        )
    elif p_value is not None:
        commandline.echo(f"shares served and wanted agree (p = {p_value:.2g})")
    for split in found.rule_splits:
        _show_rule_split(split)
    taking = [figures.variant for figures in found.variants if figures.effective_share > 0]
    has_shadow = any(figures.shadow for figures in found.variants)
    if len(taking) == 1 and has_shadow:
        commandline.echo(
            f"'pointsman shadows compare {router_id}' holds the answers of {taking[0]} against its shadow's",
            err=True,
        )
    elif len(taking) == 1:
        commandline.echo(f"{taking[0]} takes every call; there is nothing to compare it with", err=True)
    if found.dropped_record_count:
        commandline.echo(
            f"{found.dropped_record_count} predictions were not recorded: the queue or the disk was full",
            err=True,
        )
    for limit, count in sorted(found.cut_record_counts.items()):
        commandline.echo(
            f"{count} predictions were recorded without features or answer: {_way_out(limit)}", err=True
        )
    if found.feedback_start_time:
        since = printing.local_time(found.feedback_start_time)
        commandline.echo(
            f"Feedback is kept for predictions since {since}: earlier calls are counted without it, and "
            "coverage is not known for them.",
            err=True,
        )
    for figures in found.variants:
        if figures.shadow_dropped_record_count:
            commandline.echo(
                f"{figures.shadow_dropped_record_count} answers of the shadow {figures.variant} were not "
                "recorded: the queue or the disk was full",
                err=True,
            )
        if figures.fallback_request_count:
            commandline.echo(
                f"{figures.variant} stood in for variants without a live backend in "
                f"{figures.fallback_request_count} calls, which are in no other figure.",
                err=True,
            )
        if figures.override_request_count:
            commandline.echo(
                f"{figures.variant} got {figures.override_request_count} calls by an override, which are in "
                "no other figure.",
                err=True,
            )
    total = found.total
    others = (
        total.pinned_request_count + total.fallback_request_count + total.override_request_count
        if total
        else 0
    )
    if not found.live and total and not total.request_count and not others:
        commandline.echo(
            f"Nothing of {router_id} is recorded in this time; --live shows what the server counted.",
            err=True,
        )


def _counts_row(figures: VariantMetrics, *, has_shares: bool) -> list[str]:
    share = figures.feedback_coverage
    wanted = printing.percent(figures.effective_share) if has_shares else "–"
    return [
        figures.variant or "total",
        str(figures.request_count),
        str(figures.error_count),
        str(figures.pinned_request_count),
        wanted if figures.variant else "",
        printing.percent(figures.served_share) if figures.request_count else "–",
        str(figures.feedback_count),
        "–" if share is None else printing.percent(share),
    ]


def _latencies_row(figures: VariantMetrics) -> list[str]:
    return [
        figures.variant or "total",
        _latency(figures, figures.overhead.p50_seconds),
        _latency(figures, figures.overhead.p99_seconds),
        _latency(figures, figures.backend.p50_seconds),
        _latency(figures, figures.backend.p99_seconds),
    ]


def _feedback_row(figures: VariantMetrics, item: FeedbackMetrics) -> list[str]:
    interval = "–"
    if item.mean_low is not None and item.mean_high is not None:
        interval = f"{printing.rounded(item.mean_low)} to {printing.rounded(item.mean_high)}"
    return [item.metric, figures.variant or "total", str(item.count), printing.rounded(item.mean), interval]


def _metric_first(pair: tuple[VariantMetrics, FeedbackMetrics]) -> str:
    return pair[1].metric


def _latency(figures: VariantMetrics, seconds: float) -> str:
    return printing.milliseconds(seconds) if figures.request_count else "–"


def _number(value: float | None) -> str:
    return "–" if value is None else printing.rounded(value)
