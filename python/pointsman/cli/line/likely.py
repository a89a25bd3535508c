"""Answers "did you mean": the names that exist and look like one that does not."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pointsman.cli.line import names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import click

    from pointsman.client import ClientError


def likely(word: str, known: Iterable[str]) -> str:
    """Asks whether a similar name was meant; empty when none is similar.

    Args:
        word: What was typed.
        known: What there is.
    """
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in known}
    found = [folded[name] for name in get_close_matches(word.casefold(), folded)]
    return f"Did you mean {' or '.join(map(repr, found))}?" if found else ""


def likely_names(error: ClientError, context: click.Context) -> str:
    """Asks for what does not exist whether a similar router, model or version was meant; empty for none.

    Args:
        error: What the server said.
        context: Of the command that ran.
    """
    router_id = error.metadata.get("router_id") or str(context.params.get("router_id") or "")
    model_id = error.metadata.get("model_id", "")
    if error.reason == "MODEL_VERSION_NOT_FOUND" and model_id:
        known = names.model_versions(context)
        if any(model == model_id for model, _ in known):
            has = ", ".join(version for model, version in known if model == model_id)
            return f"{model_id} has {has}."
        return likely(model_id, (model for model, _ in known))
    if router_id and router_id in str(error):
        known_routers = [*names.routers(context)]
        if context.command.name == "predict":
            known_routers += names.models(context)
        return likely(router_id, known_routers) if router_id not in known_routers else ""
    return ""


@contextmanager
def telling_likely_features(sent: Collection[str]) -> Iterator[None]:
    """Adds to a refusal of features within the context which of them may be wrongly spelt.

    Args:
        sent: The names that are sent.
    """
    from pointsman.client import InvalidArgumentError

    try:
        yield
    except InvalidArgumentError as error:
        if told := likely_features(error, sent):
            error.add_note(told)
        raise


def likely_features(error: ClientError, sent: Iterable[str]) -> str:
    """Says which of the features that were sent may be a missing one, wrongly spelt; empty for none.

    Args:
        error: The server's refusal, which names the missing features.
        sent: The names that were sent.
    """
    told = []
    for violation in getattr(error, "violations", ()):
        missing = violation.field.removeprefix("features.")
        if missing != violation.field and missing not in sent:
            question = likely(missing, sent)
            told += [f"{missing} is missing. {question.replace('Did you mean', 'Is it')}"] if question else []
    return "\n".join(told)
