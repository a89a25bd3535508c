"""``pointsman explain`` and ``pointsman replay``: how calls were decided, and if that comes out again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from datetime import datetime

    from pointsman.client import (
        Client,
        DecisionDifference,
        Explanation,
        NotReplayable,
        Redecision,
        ReplayExample,
        ReplayPart,
        RouterRevision,
        UnreachedJournal,
    )

WHY = {
    "pinned": "nothing was decided, the caller named the variant",
    "revision_gone": "the revision that decided is not kept",
    "entity_hashed": "the entity is recorded as a hash, which tells no slot",
    "entity_not_recorded": "the entity is not recorded",
    "draw_not_recorded": "the random bits are not recorded",
    "inputs_not_recorded": "not all that was decided by is recorded",
    "allocation_not_kept": "the table of probabilities that decided is not kept",
    "unknown": "this release does not know such decisions",
    "rules": "rules decided it by features that are not recorded",
    "metadata_not_recorded": "rules look at metadata, which is not recorded",
}
"""In words, why a decision cannot be made again."""

RouterOption = Annotated[
    str, commandline.Option("--router", metavar="ROUTER", complete=names.routers, help="The router.")
]


def explain(
    context: commandline.Context,
    prediction_id: Annotated[str, commandline.Argument(metavar="PREDICTION", help="The prediction's id.")],
    router: Annotated[
        str,
        commandline.Option(
            "--router", metavar="ROUTER", complete=names.routers, help="The router.  [that of the id]"
        ),
    ] = "",
) -> None:
    """Tell how a recorded call was decided, and decide it again from what is kept of the router.

    The exit code is 1 when something else comes out, and 0 when the decision agrees or cannot be made again.
    """
    options = context_of(context)
    with options.connect() as client:
        found = client.routers.explain_prediction(prediction_id, router_id=router)
    if options.as_json:
        printing.print_json(_facts(found))
    else:
        _show(found)
    if found.redecision.verdict == "disagrees":
        fields = ", ".join(one.field for one in found.redecision.differences)
        raise CommandError(f"the decision does not agree with its record: {fields}")


def replay(
    context: commandline.Context,
    router: RouterOption,
    since: Annotated[
        str,
        commandline.Option(
            "--since", metavar="TIME", help="Only from this time on; a time, or how long ago: 24h."
        ),
    ] = "",
    before: Annotated[str, commandline.Option("--until", metavar="TIME", help="Only before this time.")] = "",
    examples: Annotated[
        int, commandline.Option("--examples", min=0, max=100, help="Show at most so many that differ.")
    ] = 10,
    changed: Annotated[
        str,
        commandline.Option(
            metavar="FILE", help="Estimate what this definition's reward would have been, instead."
        ),
    ] = "",
    metric: Annotated[
        str, commandline.Option(help="With --changed: the metric that is the reward.")
    ] = "reward",
    missing: Annotated[
        float | None,
        commandline.Option(help="With --changed: the reward of calls without feedback.  [left out]"),
    ] = None,
    feature: Annotated[
        list[str] | None,
        commandline.Option(metavar="NAME", help="With --changed: a feature that rewards may depend on."),
    ] = None,
) -> None:
    """Decide a router's recorded calls again, and count where something else comes out.

    The server decides, from the revisions that were in force and by the code that serves. The exit code is 1
    when a decision differs from its record.

    With --changed nothing is decided: rewards of recorded calls, weighted by how much more often the changed
    definition would pick their variant, tell what its mean reward would have been.
    """
    options = context_of(context)
    start, end = arguments.moment(since, "--since"), arguments.moment(before, "--until")
    if changed:
        from pointsman.cli.records import policy_values

        question = policy_values.Question(router, start, end, metric, missing, tuple(feature or ()))
        policy = policy_values.policy_of(changed, router)
        with options.connect() as client:
            found = policy_values.estimate(client, question, policy)
        if options.as_json:
            printing.print_json(found)
        else:
            policy_values.show(found, metric)
        return
    with options.connect() as client:
        outcome = _replayed(client, router, start, end, examples)
    if options.as_json:
        printing.print_json(outcome.facts())
    else:
        outcome.show(router)
    printing.tell_unreached("these are not all recorded predictions", outcome.unreached)
    if outcome.differ:
        raise CommandError(f"{outcome.differ} of {outcome.calls} decisions differ from their records")


class Outcome:
    """How the calls of a window came out.

    Args:
        most_examples: So many decisions that differ are kept, the earliest.
    """

    def __init__(self, most_examples: int) -> None:
        self._most_examples = most_examples
        self.agree = 0
        self.differ = 0
        self.not_replayable: Counter[NotReplayable] = Counter()
        self.examples: list[ReplayExample] = []
        self.unreached: list[UnreachedJournal] = []

    @property
    def calls(self) -> int:
        """How many calls there are."""
        return self.agree + self.differ + self.not_replayable.total()

    def add(self, part: ReplayPart) -> int:
        """Adds a part of the window; answers how many calls it has."""
        before = self.calls
        for count in part.counts:
            if count.verdict == "agrees":
                self.agree += count.call_count
            elif count.verdict == "disagrees":
                self.differ += count.call_count
            else:
                self.not_replayable[count.not_replayable] += count.call_count
        # Parts come in order of time.
        self.examples += part.examples[: self._most_examples - len(self.examples)]
        # The first part tells it of the whole window.
        self.unreached = self.unreached or list(part.unreached)
        return self.calls - before

    def facts(self) -> dict[str, Any]:
        """Answers all of it for programs."""
        return {
            "calls": self.calls,
            "agree": self.agree,
            "differ": self.differ,
            "not_replayable": {str(why): count for why, count in sorted(self.not_replayable.items())},
            "examples": self.examples,
        }

    def show(self, router_id: str) -> None:
        """Writes it for people."""
        rows = [["agree", str(self.agree), ""], ["differ", str(self.differ), ""]]
        for why, count in self.not_replayable.most_common():
            rows.append(["not replayable", str(count), WHY.get(why, why)])
        printing.print_table(
            ["#OUTCOME", ">CALLS", "WHY"],
            rows if self.calls else [],
            empty=f"{router_id} has recorded no predictions in this time.",
        )
        if self.examples:
            commandline.echo("")
            printing.print_table(
                ["#TIME", "RECORDED", "DECIDED", "DIFFERENCE", "!ID"],
                ([*_cells(example), example.prediction_id] for example in self.examples),
            )


def _replayed(
    client: Client, router_id: str, start: datetime | None, end: datetime | None, examples: int
) -> Outcome:
    outcome = Outcome(examples)
    parts = client.routers.replay(router_id, start_time=start, end_time=end, max_examples=examples)
    with printing.progress("deciding again", "calls", None) as add:
        for part in parts:
            add(outcome.add(part))
    return outcome


def _cells(example: ReplayExample) -> list[str]:
    return [
        printing.short_time(example.time),
        example.variant,
        example.redecision.variant or "none",
        "; ".join(map(_told, example.redecision.differences)),
    ]


def _told(difference: DecisionDifference) -> str:
    return f"{difference.field}: {difference.recorded} recorded, {difference.redecided} decided"


def _facts(found: Explanation) -> dict[str, Any]:
    """Answers an explanation for programs: JSON has no bytes, and salts belong to 'routers history'."""
    facts: dict[str, Any] = printing.plain(found)
    if found.revision is not None:
        facts["revision"] = {name: value for name, value in facts["revision"].items() if name != "salt"}
    return facts


def _show(found: Explanation) -> None:
    record, made = found.record, found.redecision
    printing.print_facts(
        [
            ("prediction id", record.prediction_id),
            ("time", printing.local_time(record.time)),
            ("router", record.router_id),
            ("revision", _revision(found.revision)),
            ("generation", f"{record.router_generation}, of {record.generation} in force"),
            ("allocation", record.allocation_version or ""),
            ("epoch", record.epoch or ""),
            ("variant", f"{record.variant} ({record.model_id} {record.model_version})"),
            ("stood in for", record.decided_variant),
            ("reason", record.reason),
            ("randomised by", record.randomised_by),
            ("entity", record.entity_id),
            ("slot", "" if record.slot is None else record.slot),
            ("draw", "" if record.draw is None else f"{record.draw:#018x}"),
            ("propensity", f"{record.propensity:.6g}"),
            ("verdict", _verdict(made)),
        ]
    )
    if made.eligible_variants:
        commandline.echo("")
        decided = record.decided_variant or record.variant
        printing.print_table(
            ["#VARIANT", ">PROPENSITY", "RECORDED", "DECIDED AGAIN"],
            (
                [
                    one.variant,
                    f"{one.propensity:.6g}",
                    "yes" if one.variant == decided else "",
                    "yes" if one.variant == made.variant else "",
                ]
                for one in made.eligible_variants
            ),
        )
    if made.differences:
        commandline.echo("")
        printing.print_table(
            ["#FIELD", "RECORDED", "DECIDED AGAIN"],
            ([one.field, one.recorded, one.redecided] for one in made.differences),
        )


def _revision(revision: RouterRevision | None) -> str:
    if revision is None:
        return "not kept"
    what = f", {revision.summary}" if revision.summary else ""
    return f"{revision.revision} ({revision.kind.replace('_', ' ')}{what})"


def _verdict(made: Redecision) -> str:
    if made.verdict == "agrees":
        return "agrees: the same decision comes out again"
    if made.verdict == "disagrees":
        return "DISAGREES: another decision comes out"
    return f"not replayable: {WHY.get(made.not_replayable, made.not_replayable)}"
