"""``pointsman drift alerts``: who is told of drift, by which rules, and what was told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.drift.options import MOST_ROWS, ModelArgument
from pointsman.cli.line import arguments, commandline
from pointsman.cli.line.context import CommandContext, CommandError, context_of
from pointsman.cli.output import printing
from pointsman.cli.output.pages import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.client import AlertDelivery, AlertEvent, AlertRule, AlertRules, Client

app = commandline.Group(help="Tell people and programs of drift.")
app.add("settings", "pointsman.cli.drift.alerts:settings")

_POLL_SECONDS = 0.3


@app.command()
def rules(
    context: commandline.Context,
    model_id: ModelArgument,
    file: Annotated[
        str,
        commandline.Option(
            "--file", "-f", metavar="FILE", help="Replace the rules by those of this file, YAML or JSON."
        ),
    ] = "",
    default: Annotated[
        bool, commandline.Option("--default", help="Take the rules away: the overall status is told.")
    ] = False,
) -> None:
    """Show by which rules alerts fire, and how they stand; with a file, replace them first."""
    from pointsman.cli.drift.rule_files import rules_of

    if file and default:
        raise commandline.BadParameter("leave --file or --default out", param_hint="--default")
    options = context_of(context)
    wanted = rules_of(file) if file else []
    with options.connect() as client:
        if file or default:
            found = client.drift.update_alert_rules(model_id, wanted)
        else:
            found = client.drift.alert_rules(model_id)
    _show_rules(options, found)


@app.command()
def mute(
    context: commandline.Context,
    model_id: ModelArgument,
    until: Annotated[
        str,
        commandline.Option(metavar="TIME", help="Until when: a time, or how long from now, such as 8h."),
    ] = "",
    rule: Annotated[str, commandline.Option(help="Only this rule.")] = "",
    off: Annotated[
        bool,
        commandline.Option("--off", help="End the mute; without --rule those of single rules, too."),
    ] = False,
) -> None:
    """Keep alerts of a model still until a time; the first result after it is told as any other."""
    if off == bool(until):
        raise commandline.BadParameter("give --until TIME, or --off to end a mute", param_hint="--until")
    options = context_of(context)
    with options.connect() as client:
        found = client.drift.mute_alerts(
            model_id, None if off else arguments.end(until, "--until"), rule=rule
        )
    _show_rules(options, found)


@app.command("test")
def send_test(
    context: commandline.Context,
    model_id: ModelArgument,
    channel: Annotated[
        list[str] | None,
        commandline.Option(metavar="NAME", help="Only this channel; once for each. Else all of the rules."),
    ] = None,
    recipient: Annotated[
        list[str] | None,
        commandline.Option(metavar="ADDRESS", help="An e-mail address in place of those set; once for each."),
    ] = None,
    wait: Annotated[
        float, commandline.Option(min=0, max=600, help="Seconds to wait until each message was tried.")
    ] = 20.0,
) -> None:
    """Send a message that says it is a test, on the way of every alert. Exit code 1 if it does not arrive."""
    options = context_of(context)
    with options.connect() as client:
        sent = client.drift.send_test_alert(
            model_id, channels=tuple(channel or ()), recipients=tuple(recipient or ())
        )
        sent = _tried(client, sent, wait)
    if options.as_json:
        printing.print_json(sent)
    else:
        _show_deliveries(sent.deliveries)
    if any(one.status != "delivered" for one in sent.deliveries):
        raise CommandError("not every message was delivered")


@app.command()
def history(
    context: commandline.Context,
    model_id: ModelArgument,
    limit: Annotated[
        int, commandline.Option(min=1, max=MOST_ROWS, help="How many events, newest first.")
    ] = 50,
    rule: Annotated[str, commandline.Option(help="Only events of this rule.")] = "",
) -> None:
    """List what was told of a model, newest first, and what came of each message."""
    options = context_of(context)
    with options.connect() as client:
        page = Page(limit, options.as_json, most=MOST_ROWS)
        read = client.drift.alert_events(model_id, limit=page.asked, rule=rule)
    found = page.shown(read)
    if options.as_json:
        printing.print_json(found)
        return
    printing.print_table(
        ["#TIME", "EVENT", "RULE", "TIER", "MESSAGES", "FOUND", "+!ALERT"],
        (
            [
                printing.short_time(one.created_at),
                one.kind.value,
                one.rule,
                one.tier,
                ", ".join(map(_in_short, one.deliveries)) or "to nobody",
                one.summary,
                one.alert_id,
            ]
            for one in found
        ),
        empty=f"Nothing was told of {model_id!r} yet. "
        f"'pointsman drift alerts test {model_id} --channel NAME' tries a channel.",
    )
    page.tell(read, f"--limit shows up to {MOST_ROWS}")


def _tried(client: Client, sent: AlertEvent, seconds: float) -> AlertEvent:
    """Waits until each message of an event was tried."""
    ends = time.monotonic() + seconds
    while any(one.status == "pending" for one in sent.deliveries) and time.monotonic() < ends:
        time.sleep(_POLL_SECONDS)
        newest = client.drift.alert_events(sent.model_id)
        sent = next((one for one in newest if one.event_id == sent.event_id), sent)
    return sent


def _show_rules(options: CommandContext, found: AlertRules) -> None:
    if options.as_json:
        printing.print_json(found)
        return
    if found.is_default:
        commandline.echo("No rules are set: the overall status is told, as the settings say.", err=True)
    printing.print_table(
        ["RULE", "FIGURE", "TIERS", "STATE", "FOUND"],
        ([rule.name, _figure(rule), _tiers(rule), _state(rule), _found(rule)] for rule in found.rules),
    )
    if not any(tier.channels for rule in found.rules for tier in rule.tiers):
        commandline.echo(
            "No rule names a channel, so nobody is told. This server has "
            f"{', '.join(found.channels)}; docs/how-to/drift.md says how to use them.",
            err=True,
        )


def _figure(rule: AlertRule) -> str:
    words = " ".join(filter(None, (rule.algorithm or rule.metric, rule.figure.value)))
    of = f" of {', '.join(rule.features)}" if rule.features else ""
    least = f" on {rule.least_features} or more" if rule.least_features > 1 else ""
    days = f" in {rule.window_days:g} days" if rule.window_days is not None else ""
    return words + of + least + days


def _tiers(rule: AlertRule) -> str:
    bars = [
        f"{one.name} {one.status.value if one.threshold is None else f'{one.threshold:g}'}: "
        + (", ".join(one.channels) or "nobody")
        for one in rule.tiers
    ]
    return "; ".join(bars)


def _state(rule: AlertRule) -> str:
    state = rule.state
    if state is None or (state.looked_at is None and state.muted_until is None):
        return "no result yet"
    words = f"firing ({state.tier})" if state.firing else "quiet"
    if state.looked_at is not None and not state.judged:
        words = f"{words}, not judged" if state.firing else "not judged"
    if state.muted_until is not None:
        words += f", muted until {printing.local_time(state.muted_until)}"
    return words


def _found(rule: AlertRule) -> str:
    return rule.state.reason if rule.state is not None else ""


def _in_short(one: AlertDelivery) -> str:
    return f"{one.recipient or one.channel} {one.status.value}"


def _show_deliveries(deliveries: Sequence[AlertDelivery]) -> None:
    printing.print_table(
        ["CHANNEL", "TO", "STATUS", ">TRIES", "REASON", "+MESSAGE"],
        (
            [
                one.channel,
                one.recipient,
                one.status.value,
                str(one.attempts),
                one.reason,
                one.delivery_id,
            ]
            for one in deliveries
        ),
    )
