"""Writes ``docs/reference/cli.md`` from the commands' own declarations."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import click

from pointsman.cli import app

PAGE = Path("docs/reference/cli.md")


def generate(output_root: Path) -> None:
    """Writes the page below a folder.

    Args:
        output_root: The folder that gets ``docs/reference/cli.md``.
    """
    page = output_root / PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(describe(app, click.Context(app, info_name="pointsman"), 1)).rstrip() + "\n")


def describe(command: click.Command, context: click.Context, depth: int) -> Iterator[str]:
    """Answers the lines about a command and those below it.

    Args:
        command: The command.
        context: Its context, whose path is how the command is typed.
        depth: 1 for the root.
    """
    # As for all commands of the line: what the root sets, those below it take over.
    context.help_option_names = app.context_settings["help_option_names"]
    yield from (f"{'#' * depth} `{context.command_path}`", "")
    if command.help:
        yield from (command.help.strip(), "")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield from ("**Usage**:", "", "```console", f"$ {usage}", "```", "")
    parameters = command.get_params(context)
    for title, kind in (("Arguments", click.Argument), ("Options", click.Option)):
        records = [one.get_help_record(context) for one in parameters if isinstance(one, kind)]
        if records:
            yield from (f"**{title}**:", "")
            yield from (f"* `{record[0]}`: {record[1]}" for record in records if record)
            yield ""
    if command.epilog:
        yield from (command.epilog, "")
    if not isinstance(command, click.Group):
        return
    below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    found = [(name, one) for name, one in below if one is not None and not one.hidden]
    yield from ("**Commands**:", "")
    yield from (f"* `{name}`: {one.get_short_help_str(limit=110)}" for name, one in found)
    yield ""
    for name, one in found:
        yield from describe(one, click.Context(one, info_name=name, parent=context), depth + 1)


def main() -> None:
    """Reads the command line and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=Path())
    generate(parser.parse_args().output_root)


if __name__ == "__main__":
    main()
