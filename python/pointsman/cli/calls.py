"""``pointsman predict``: call a router."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.line import arguments, commandline, names
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from pointsman.client import Client, ClientError, Prediction


def predict(
    context: commandline.Context,
    router_id: Annotated[
        str,
        commandline.Argument(
            metavar="ROUTER", complete=names.routers, help="The router, or a model with a production version."
        ),
    ],
    feature: Annotated[
        list[str] | None,
        commandline.Option(
            "-f",
            "--feature",
            metavar="NAME=VALUE",
            complete=names.called_features,
            help="A feature; JSON, else a string.",
        ),
    ] = None,
    features: Annotated[str, arguments.all_features()] = "",
    entity: Annotated[str, commandline.Option(metavar="ID", help="Whom it is for; keeps its variant.")] = "",
    variant: Annotated[
        str,
        commandline.Option(
            metavar="NAME", complete=names.variants, help="Go to this variant, outside the statistics."
        ),
    ] = "",
    repeats: Annotated[
        int, commandline.Option("-n", "--repeats", min=1, metavar="N", help="Ask N times and show the split.")
    ] = 1,
) -> None:
    """Ask a router for a prediction."""
    read = arguments.features(feature or [], features)
    options = context_of(context)
    with options.connect() as client:
        if repeats == 1:
            answer = _ask(client, router_id, read, entity, variant)
            if options.as_json:
                printing.print_json(answer)
            else:
                _show(answer)
            return
        tally = _Tally()
        for _ in range(repeats):
            tally.ask(client, router_id, read, entity, variant)
    if options.as_json:
        printing.print_json(tally.facts())
    else:
        tally.show()
    if tally.error is not None:
        count = sum(tally.errors.values())
        from pointsman.cli.line.words import in_command_words

        told = in_command_words(str(tally.error), context)
        raise CommandError(f"{count} of {repeats} calls failed, the last with: {told}")


def _ask(client: Client, router_id: str, features: dict[str, Any], entity: str, variant: str) -> Prediction:
    """Calls once; a refusal says which feature may be wrongly spelt."""
    from pointsman.cli.line.likely import telling_likely_features

    with telling_likely_features(features):
        return client.predict(router_id, features, entity_id=entity, variant=variant)


def _show(answer: Prediction) -> None:
    """Writes one prediction."""
    probabilities = ", ".join(f"{probability:.4f}" for probability in answer.probabilities)
    printing.print_facts(
        [
            ("prediction", printing.shown(answer.prediction)),
            ("probabilities", probabilities),
            ("note", ", ".join(answer.notes)),
            ("outputs", "" if answer.prediction is not None else printing.shown(answer.outputs)),
            ("variant", f"{answer.variant} ({answer.model_id} {answer.model_version})"),
            ("decided by", f"{answer.reason}, propensity {answer.propensity:.4f}"),
            ("stood in for", answer.decided_variant),
            ("rule", answer.rule),
            ("generation", answer.generation),
            ("latency", printing.milliseconds(answer.latency.total_seconds()) if answer.latency else ""),
            ("prediction id", answer.prediction_id),
        ]
    )


class _Tally:
    """Counts the answers of repeated calls by variant."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[Any, float]]] = {}
        self.errors: dict[str, int] = {}
        self.error: ClientError | None = None

    def ask(
        self, client: Client, router_id: str, features: dict[str, Any], entity: str, variant: str
    ) -> None:
        """Calls once; a failure of the call itself is counted, one that all calls would share is raised."""
        from pointsman.client import (
            DeadlineExceededError,
            ResourceExhaustedError,
            ServerError,
            UnavailableError,
        )

        started = time.perf_counter()
        try:
            answer = _ask(client, router_id, features, entity, variant)
        except (DeadlineExceededError, ResourceExhaustedError, ServerError, UnavailableError) as error:
            if not self.answers:
                raise
            self.error = error
            self.errors[error.code.name] = self.errors.get(error.code.name, 0) + 1
            return
        took = time.perf_counter() - started
        self.answers.setdefault(answer.variant, []).append((answer.prediction, took))

    def facts(self) -> dict[str, Any]:
        """Answers the counts for programs."""
        total = sum(len(found) for found in self.answers.values())
        variants = [
            {
                "variant": variant,
                "count": len(found),
                "share": len(found) / total,
                "predictions": _count(prediction for prediction, _ in found),
                "p50_seconds": _median([seconds for _, seconds in found]),
            }
            for variant, found in sorted(self.answers.items())
        ]
        return {"variants": variants, "errors": self.errors}

    def show(self) -> None:
        """Writes the counts as a table."""
        printing.print_table(
            ["#VARIANT", ">CALLS", ">SHARE", ">P50", "PREDICTIONS"],
            (
                [
                    row["variant"],
                    str(row["count"]),
                    printing.percent(row["share"]),
                    printing.milliseconds(row["p50_seconds"]),
                    ", ".join(f"{value}: {count}" for value, count in row["predictions"].items()),
                ]
                for row in self.facts()["variants"]
            ),
        )


def _count(predictions: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for prediction in predictions:
        name = printing.shown(prediction)
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def _median(values: list[float]) -> float:
    from statistics import median

    return median(values)
