"""Writes what came of definitions, and files of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError
from pointsman.cli.line.words import with_commands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pointsman.client import AppliedDefinitions, DefinitionChange
    from pointsman.definitions.files import FileSet
    from pointsman.definitions.tree import Fault

_SERVER_PATH = re.compile(r"definitions\[(\d+)\](?:\.(?:model|router|user)\b)?\.?(.*)\Z", re.DOTALL)
_DEFINITION = re.compile(r"definitions\[(\d+)\](?:\.(?:model|router|user)\b)?")
_SHOWN_CHARS = 200


def counted(count: int, thing: str) -> str:
    """Writes a number of things and whether it is or they are."""
    return f"{count} {thing} is" if count == 1 else f"{count} {thing}s are"


def placed(found: FileSet, violations: Sequence[tuple[str, str]]) -> list[Fault]:
    """Answers where in the files the fields stand that a server, or its checks, found wrong.

    Args:
        found: The files.
        violations: Field and description of each fault.
    """
    from pointsman.definitions.tree import Fault, Place

    def place(matched: re.Match[str]) -> str:
        index = int(matched[1])
        return str(found.documents[index].place) if index < len(found.documents) else matched[0]

    faults = []
    for field, told in violations:
        description = with_commands(_DEFINITION.sub(place, told))
        matched = _SERVER_PATH.match(field)
        if matched and int(matched[1]) < len(found.documents):
            path = matched[2]
            faults.append(Fault(found.documents[int(matched[1])].place_of(path), path, description))
        else:
            start = found.documents[0].place if found.documents else Place("-", 1, 1)
            faults.append(Fault(start, field, description))
    return faults


def tell_faults(faults: Sequence[Fault]) -> None:
    """Writes faults to standard error, each with file, line, column and field."""
    for fault in faults:
        commandline.echo(f"error: {fault}", err=True)
    commandline.echo(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing is changed", err=True)


def print_applied(applied: AppliedDefinitions, *, is_done: bool) -> None:
    """Writes what changed, or would, object by object, and a summary.

    Args:
        applied: What came of the definitions.
        is_done: Whether they are in force now.
    """
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    for change in applied.changes:
        counts[change.outcome] += 1
        _print_change(change)
    would = "" if is_done else "would be "
    summary = ", ".join(
        f"{count} {would if outcome != 'unchanged' else ''}{outcome}"
        for outcome, count in counts.items()
        if count or outcome == "unchanged"
    )
    commandline.echo(f"{summary}; generation {applied.generation}")


def _print_change(change: DefinitionChange) -> None:
    sign = {"created": "+", "changed": "~"}.get(change.outcome)
    if sign is None:
        return
    moved = f"  ({change.moved_slots:,} of 10,000 slots move)" if change.moved_slots else ""
    commandline.echo(f"{sign} {change.kind} {change.id}{moved}")
    for field in change.fields:
        commandline.echo(f"    {field.field}: {_shown(field.before)} -> {_shown(field.after)}")


def _shown(value: Any) -> str:
    from pointsman.cli.output.printing import shown
    from pointsman.definitions.plain import json_of

    if value is None:
        return "(none)"
    text = json_of(value) if isinstance(value, str) else shown(value)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


def place_in_export(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Answers where a document stands among others: models by id and version, then routers, then users."""
    return (document["kind"], *_names(document)[-1].split("/"))


def chosen(documents: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Answers the documents that names choose; all without names.

    Raises:
        CommandError: A name chooses none.
    """
    if not names:
        return list(documents)
    found: dict[int, dict[str, Any]] = {}
    for name in names:
        matching = {place: document for place, document in enumerate(documents) if name in _names(document)}
        if not matching:
            raise CommandError(
                f"{name!r} is nothing that you may read; "
                "name router/ID, model/ID, model/ID/VERSION or user/ID"
            )
        found |= matching
    return [found[place] for place in sorted(found)]


def _names(document: Mapping[str, Any]) -> tuple[str, ...]:
    if document["kind"] == "Router":
        return (f"router/{document['router_id']}",)
    if document["kind"] == "User":
        return (f"user/{document['user_id']}",)
    model_id = document["model_id"]
    return (f"model/{model_id}", f"model/{model_id}/{document['version']}")


def write_files(documents: Sequence[Mapping[str, Any]], directory: Path, *, as_json: bool) -> int:
    """Writes each document to a file of its own, named for its object; a file that is there is replaced.

    Args:
        documents: The documents.
        directory: The folder; it is made when it is not there.
        as_json: Whether to write JSON instead of YAML.

    Returns:
        How many files were written.

    Raises:
        CommandError: The folder cannot be written to.
    """
    from pointsman.definitions.writing import write_json, write_yaml

    try:
        directory.mkdir(parents=True, exist_ok=True)
        for document in documents:
            # Ids of models hold no @, so that no two objects share a file.
            kind, _, name = _names(document)[-1].partition("/")
            path = directory / f"{kind}-{name.replace('/', '@')}.{'json' if as_json else 'yaml'}"
            text = write_json([document]) if as_json else write_yaml([document])
            scratch = path.with_name(path.name + ".new")
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(path)
    except OSError as error:
        raise CommandError(f"{error.filename or directory}: cannot be written: {error.strerror}") from error
    return len(documents)
