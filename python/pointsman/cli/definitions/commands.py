"""``pointsman apply``, ``diff``, ``validate``, ``export`` and ``schema``: definitions kept in files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pointsman.cli.definitions import output
from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandError, context_of
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.cli.line.context import CommandContext
    from pointsman.client import AppliedDefinitions
    from pointsman.definitions.files import FileSet

SAME, DIFFERENT, TROUBLE = 0, 1, 2
"""What ``diff`` ends with, as ``diff`` and ``kubectl diff`` do."""

Files = Annotated[
    list[str],
    commandline.Option(
        "-f",
        "--file",
        metavar="FILE|DIR|-",
        help="A YAML or JSON file, a folder of them, or standard input; once for each.",
    ),
]
Recursive = Annotated[bool, commandline.Option("-R", "--recursive", help="Look into the folders below, too.")]


def apply(
    context: commandline.Context,
    file: Files,
    recursive: Recursive = False,
    validate_only: Annotated[
        bool, commandline.Option("--validate-only", help="Check only; change nothing.")
    ] = False,
    expect_generation: Annotated[
        int | None,
        commandline.Option(
            metavar="N", min=0, help="Refuse when the state is not of this generation, as diff told it."
        ),
    ] = None,
) -> None:
    """Bring models, routers and users of keys to what files say: all of it, or nothing.

    A field that a file leaves out gets its default. What no file names stays as it is.
    """
    options = context_of(context)
    found = _read(file, recursive)
    applied = _send(options, found, validate_only=validate_only, expected_generation=expect_generation)
    if options.as_json:
        printing.print_json(applied)
    else:
        output.print_applied(applied, is_done=not validate_only)


def diff(context: commandline.Context, file: Files, recursive: Recursive = False) -> None:
    """Show what apply would change.

    Exit codes: 0 nothing, 1 something, 2 the files cannot be applied or the server cannot be asked.
    """
    options = context_of(context)
    try:
        applied = _send(options, _read(file, recursive), validate_only=True)
    except commandline.Exit:
        raise commandline.Exit(TROUBLE) from None
    except Exception as error:
        from pointsman.cli.line.failures import explain
        from pointsman.client import ClientError

        if not isinstance(error, (ClientError, CommandError)):
            raise
        commandline.echo(explain(error, context, server=options.server), err=True)
        raise commandline.Exit(TROUBLE) from error
    if options.as_json:
        printing.print_json(applied)
    else:
        output.print_applied(applied, is_done=False)
    raise commandline.Exit(DIFFERENT if applied.is_change else SAME)


def validate(
    context: commandline.Context,
    file: Files,
    recursive: Recursive = False,
    online: Annotated[
        bool, commandline.Option("--online", help="Ask the server as well; it changes nothing.")
    ] = False,
) -> None:
    """Check definition files, without a server unless asked to."""
    options = context_of(context)
    found = _read(file, recursive)
    if online:
        _send(options, found, validate_only=True)
    facts = {"valid": True, "definitions": len(found.documents)}
    if options.as_json:
        printing.print_json(facts)
    else:
        commandline.echo(f"{output.counted(len(found.documents), 'definition')} valid")


def export(
    context: commandline.Context,
    names: Annotated[
        list[str] | None,
        commandline.Argument(
            metavar="OBJECT",
            help="router/ID, model/ID, model/ID/VERSION or user/ID; without any, everything.",
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        commandline.Option("-d", "--directory", metavar="DIR", help="Write a file for each object."),
    ] = None,
) -> None:
    """Write definitions of what is there: YAML, or JSON with -o json. Secrets are not among it."""
    from pointsman.definitions.plain import document_of, wish_of
    from pointsman.definitions.shapes import kinds
    from pointsman.definitions.writing import write_json, write_yaml

    options = context_of(context)
    kind_of = {kind.shape.name: kind for kind in kinds().values()}
    documents = []
    with options.connect() as client:
        for message in client.definitions.messages():
            kind = kind_of[message.DESCRIPTOR.name]
            documents.append(document_of(kind, wish_of(message)))
    documents.sort(key=output.place_in_export)
    documents = output.chosen(documents, names or [])
    if directory is None:
        text = write_json(documents) if options.as_json else write_yaml(documents)
        sys.stdout.write(text)
        return
    written = output.write_files(documents, directory, as_json=options.as_json)
    commandline.echo(f"{output.counted(written, 'file')} written to {directory}", err=True)


def schema() -> None:
    """Write the JSON schema of definition files, for editors."""
    from importlib.resources import files

    sys.stdout.write((files("pointsman.definitions") / "schema.json").read_text())


def _read(names: Sequence[str], recursive: bool) -> FileSet:
    """Reads and checks files; tells every fault and ends when there is any.

    Raises:
        commandline.Exit: There are faults.
    """
    from pointsman.control.definitions.checks import check_definitions
    from pointsman.dataplane.core import NativeCore
    from pointsman.definitions.files import read_files

    found = read_files(names, recursive=recursive)
    faults = list(found.faults)
    if not faults:
        definitions = [document.definition for document in found.documents]
        _, objections = check_definitions(definitions, NativeCore.target_fault)
        faults = output.placed(
            found, [(v.field, v.description) for error in objections.errors for v in error.fields]
        )
    if faults:
        output.tell_faults(faults)
        raise commandline.Exit(1)
    return found


def _send(
    options: CommandContext,
    found: FileSet,
    *,
    validate_only: bool,
    expected_generation: int | None = None,
) -> AppliedDefinitions:
    """Asks the server; what it refuses is told where it stands in the files.

    Raises:
        ClientError: The server refused all of it, or could not be asked.
        commandline.Exit: It refused definitions.
    """
    from pointsman.client import ClientError

    definitions = [document.definition for document in found.documents]
    with options.connect() as client:
        try:
            return client.definitions.apply(
                definitions, validate_only=validate_only, expected_generation=expected_generation
            )
        except ClientError as error:
            told = [(violation.field, violation.description) for violation in error.violations]
            if not any(field.startswith("definitions[") for field, _ in told):
                raise
            output.tell_faults(output.placed(found, told))
            raise commandline.Exit(1) from error
