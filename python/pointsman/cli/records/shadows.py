"""``pointsman shadows``: what shadows answered beside what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import context_of
from pointsman.cli.output import printing
from pointsman.cli.routers.commands import RouterId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.client import (
        LabelAccuracy,
        NumberAccuracy,
        PairedAccuracy,
        PairedLatency,
        Proportion,
        ScoreComparison,
        ShadowComparison,
        ShadowFigures,
        ValueDistance,
    )

UNPAIRED = {
    "before_first": "came before the shadow's first answer",
    "after_last": "came after its last one",
    "call_failed": "failed themselves",
    "not_decided": "are never copied: a pin, an override or a fallback named their variant",
    "shadow_failed": "are further rows of batches whose copy failed",
    "not_copied": "were not copied: left out by the shadow share, or dropped",
}
"""In words, why a call has no answer of the shadow beside it."""

WHY = {
    "no_pairs": "no pair was answered by both",
    "not_recorded": "one of the two answers is not recorded",
    "no_single_prediction": "one of the two has no single prediction",
    "different_kinds": "one gave a label, the other a number",
    "different_labels": "the signatures name other labels, or none",
    "no_value": "one of the two gave no such value",
    "not_finite": "a value is NaN, infinite or too large",
    "several_kinds": "scores are of several kinds",
    "no_feedback": "there is no feedback of the metric",
    "feedback_names_no_label": "the feedback names no label",
    "one_bin": "all scores are in one bin",
}
"""In words, why something is not compared."""

app = commandline.Group(help="Compare what shadows answered with what was answered.")


@app.command()
def compare(
    context: commandline.Context,
    router_id: RouterId,
    variant: Annotated[
        str,
        commandline.Option(metavar="NAME", complete=names.variants, help="The shadow.  [the only one]"),
    ] = "",
    since: Annotated[
        str,
        commandline.Option(metavar="TIME", help="Only calls from this time on; a time, or how long ago: 1h."),
    ] = "",
    before: Annotated[str, commandline.Option(metavar="TIME", help="Only calls before this time.")] = "",
    metric: Annotated[
        str,
        commandline.Option(
            metavar="NAME",
            help="The metric whose feedback is what should have been predicted: the number, or the place of "
            "the right label.",
        ),
    ] = "",
    max_labels: Annotated[
        int, commandline.Option(metavar="COUNT", min=1, max=100, help="At most so many pairs of labels.")
    ] = 20,
) -> None:
    """Compare a shadow's answers with those that were given.

    A shadow got copies of calls that other variants answered; rows are paired by the prediction's id. What
    does not apply to these models is left out, and the last lines say why.
    """
    options = context_of(context)
    with options.connect() as client:
        found = client.routers.compare_shadow(
            router_id,
            variant,
            start_time=arguments.moment(since, "--since"),
            end_time=arguments.moment(before, "--before"),
            metric=metric,
            max_labels=max_labels,
        )
    printing.tell_unreached("not all answers are compared", found.unreached)
    if options.as_json:
        printing.print_json(found)
    else:
        _show(found)


def _show(found: ShadowComparison) -> None:
    total = found.total
    commandline.echo(_window(found))
    commandline.echo()
    printing.print_facts(_facts(found))
    if len(found.primaries) > 1:
        commandline.echo()
        printing.print_table(
            ["#PRIMARY", ">CALLS", ">PAIRS", ">ERRORS", ">SHADOW ERRORS", ">SAME LABEL", ">MEAN GAP"],
            (_row(figures) for figures in found.primaries),
        )
    if total.labels:
        commandline.echo()
        printing.print_table(
            ["PRIMARY SAID", f"{found.variant.upper()} SAID", ">PAIRS", ">SHARE"],
            (
                [
                    pair.primary_label,
                    pair.shadow_label,
                    str(pair.count),
                    printing.percent(pair.count / total.labels.agreement.total),
                ]
                for pair in total.labels.pairs
            ),
        )
        if total.labels.other_count:
            commandline.echo(f"and {total.labels.other_count} pairs of other labels")
    _show_notes(found)


def _window(found: ShadowComparison) -> str:
    times = " ".join(
        f"{word} {printing.local_time(time)}"
        for word, time in (("from", found.start_time), ("to", found.end_time))
        if time is not None
    )
    return f"answers of {found.variant} to copies of calls of {found.router_id} {times}"


def _facts(found: ShadowComparison) -> Iterator[tuple[str, object]]:
    total = found.total
    if found.model_id:
        yield "model", f"{found.model_id}:{found.model_version}"
    yield "calls", total.primary_count
    yield "pairs", total.pair_count or "0"
    if total.pair_count:
        yield "calls failed", f"{_share(total.primary_errors)}; copies {_share(total.shadow_errors)}"
    if total.labels:
        yield "same label", _share(total.labels.agreement)
    if total.numbers:
        yield "numbers", _distance(total.numbers)
    if total.confidences:
        yield "confidence", _distance(total.confidences)
    if total.probabilities:
        apart = total.probabilities
        yield (
            "probabilities",
            f"{printing.rounded(apart.mean_total_variation)} apart in the mean, "
            f"{printing.rounded(apart.max_total_variation)} at most",
        )
    if total.scores:
        yield "scores", _scores(total.scores)
    if total.backend:
        yield from _latency(total.backend)
    if total.accuracy:
        yield from _accuracy(total.accuracy)


def _share(found: Proportion) -> str:
    """Writes a proportion with its interval."""
    if found.share is None or found.low is None or found.high is None:
        return "–"
    return f"{printing.percent(found.share)} ({_percent(found.low)} to {_percent(found.high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _distance(found: ValueDistance) -> str:
    return (
        f"{printing.rounded(found.mean_absolute)} apart in the mean, {printing.rounded(found.max_absolute)} "
        f"at most; {printing.percent(found.equal_share)} the same"
    )


def _scores(found: ScoreComparison) -> str:
    of = {"number": "numbers", "confidence": "confidences"}.get(found.kind, f"probability of {found.label}")
    index = found.population_stability_index
    stability = "" if index is None else f"PSI {index:.3f}, "
    return f"KS {found.ks_statistic:.3f} (p {found.ks_p_value:.2g}), {stability}of {of}"


def _latency(found: PairedLatency) -> Iterator[tuple[str, str]]:
    for name, of in (("backend", found.primary), ("shadow's", found.shadow)):
        times = (of.p50_seconds, of.p90_seconds, of.p99_seconds)
        yield name, "p50, p90, p99: " + ", ".join(map(printing.milliseconds, times))
    low, high = found.mean_difference_low_seconds, found.mean_difference_high_seconds
    interval = ""
    if low is not None and high is not None:
        interval = f" ({_milliseconds(low)} to {_milliseconds(high)})"
    yield "slower by", _milliseconds(found.mean_difference_seconds) + interval


def _milliseconds(seconds: float) -> str:
    sign = "-" if seconds < 0 else ""
    return sign + printing.milliseconds(abs(seconds))


def _accuracy(found: PairedAccuracy) -> Iterator[tuple[str, str]]:
    yield "with feedback", f"{found.pair_count} pairs"
    if found.labels:
        yield from _label_accuracy(found.labels)
    if found.numbers:
        yield from _number_accuracy(found.numbers)


def _label_accuracy(found: LabelAccuracy) -> Iterator[tuple[str, str]]:
    yield "right", f"{_share(found.primary)}; of the shadow {_share(found.shadow)}"
    yield (
        "more right by",
        f"{_percent(found.difference)} ({_percent(found.difference_low)} to "
        f"{_percent(found.difference_high)}), McNemar's p {found.mcnemar_p_value:.2g}",
    )


def _number_accuracy(found: NumberAccuracy) -> Iterator[tuple[str, str]]:
    mine, theirs = found.primary_mean_absolute_error, found.shadow_mean_absolute_error
    yield "mean error", f"{printing.rounded(mine)}; of the shadow {printing.rounded(theirs)}"
    interval = ""
    if found.difference_low is not None and found.difference_high is not None:
        low, high = printing.rounded(found.difference_low), printing.rounded(found.difference_high)
        interval = f" ({low} to {high})"
    yield "error more by", printing.rounded(found.difference) + interval


def _row(figures: ShadowFigures) -> list[str]:
    share = figures.labels.agreement.share if figures.labels else None
    gap = figures.numbers or figures.confidences
    return [
        figures.primary_variant,
        str(figures.primary_count),
        str(figures.pair_count),
        str(figures.primary_errors.count),
        str(figures.shadow_errors.count),
        "–" if share is None else printing.percent(share),
        "–" if gap is None else printing.rounded(gap.mean_absolute),
    ]


def _show_notes(found: ShadowComparison) -> None:
    """Says what is not compared, and which calls the shadow has no answer to."""
    for reason, count in sorted(found.total.unpaired_counts.items()):
        commandline.echo(
            f"{count} calls have no answer beside them: {UNPAIRED.get(reason, reason)}", err=True
        )
    if found.shadow_only_count:
        commandline.echo(
            f"{found.shadow_only_count} answers of {found.variant} stand alone: their calls are not recorded",
            err=True,
        )
    for other in found.other_versions:
        commandline.echo(
            f"{other.row_count} answers of {found.variant} are left out: they are of "
            f"{other.model_id}:{other.model_version}",
            err=True,
        )
    reasons: dict[tuple[str, int], list[str]] = {}
    for one in found.total.not_compared:
        reasons.setdefault((one.reason, one.pair_count), []).append(one.figure)
    for (reason, count), figures in reasons.items():
        of = f" of {count} pairs" if count else ""
        commandline.echo(f"{', '.join(figures)}{of} not compared: {WHY.get(reason, reason)}", err=True)
