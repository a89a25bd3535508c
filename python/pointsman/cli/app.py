"""The command with its global options; the subcommands hang off it."""

from __future__ import annotations

from typing import Annotated

from pointsman.cli.line import commandline, completion, garbage, late
from pointsman.cli.line.context import DEFAULT_SERVER, CommandContext, OutputFormat
from pointsman.cli.line.group import RootGroup

EPILOG = (
    "The global options may stand anywhere on the line. "
    "Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrongly called."
)


def pointsman(
    context: commandline.Context,
    server: Annotated[
        str,
        commandline.Option(envvar="POINTSMAN_SERVER", metavar="HOST:PORT", help="The server's gRPC address."),
    ] = DEFAULT_SERVER,
    api_key: Annotated[
        str,
        commandline.Option(
            envvar="POINTSMAN_API_KEY",
            metavar="KEY",
            help="The key to call with; the variable keeps it out of ps.",
        ),
    ] = "",
    output: Annotated[
        OutputFormat, commandline.Option("-o", "--output", help="How answers are written.")
    ] = OutputFormat.TABLE,
    wide: Annotated[
        bool, commandline.Option("--wide", help="Show tables with all columns and whole cells.")
    ] = False,
    version: Annotated[
        bool,
        commandline.Option(
            "--version",
            help="Show the version.",
            is_eager=True,
            expose_value=False,
            callback=lambda _, __, asked: _version(asked),
        ),
    ] = False,
    install_completion: Annotated[
        bool,
        commandline.Option(
            "--install-completion",
            help="Install completion for the shell that SHELL names.",
            is_eager=True,
            expose_value=False,
            callback=lambda _, __, asked: completion.install(asked),
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        commandline.Option(
            "--show-completion",
            help="Show that completion, to copy or to change it.",
            is_eager=True,
            expose_value=False,
            callback=lambda _, __, asked: completion.show(asked),
        ),
    ] = False,
) -> None:
    """Route calls to machine-learning models by weight, remember every decision, learn from the feedback."""
    context.obj = CommandContext(server=server, api_key=api_key, output=output, wide=wide)


def _version(asked: bool) -> None:
    if asked:
        import pointsman

        commandline.echo(pointsman.__version__)
        raise commandline.Exit


app = RootGroup(pointsman, epilog=EPILOG)
app.add("serve", "pointsman.cli.serving.serve:serve")
app.add("demo", "pointsman.cli.demo:demo")
app.add("predict", "pointsman.cli.calls:predict")
app.add("models", "pointsman.cli.models.commands:app")
app.add("routers", "pointsman.cli.routers.commands:app")
app.add("predictions", "pointsman.cli.records.predictions:app")
app.add("shadows", "pointsman.cli.records.shadows:app")
app.add("explain", "pointsman.cli.records.replays:explain")
app.add("replay", "pointsman.cli.records.replays:replay")
app.add("feedback", "pointsman.cli.feedback.commands:app")
app.add("drift", "pointsman.cli.drift.commands:app")
app.add("keys", "pointsman.cli.access.keys:app")
app.add("users", "pointsman.cli.access.users:app")
app.add("servers", "pointsman.cli.serving.servers:app")
app.add("apply", "pointsman.cli.definitions.commands:apply")
app.add("diff", "pointsman.cli.definitions.commands:diff")
app.add("validate", "pointsman.cli.definitions.commands:validate")
app.add("export", "pointsman.cli.definitions.commands:export")
app.add("schema", "pointsman.cli.definitions.commands:schema")


def main() -> None:
    """Runs the command; the entry point of the installed script."""
    garbage.look_seldom()
    late.start()
    try:
        app.main(prog_name="pointsman", complete_var=completion.VARIABLE)
    finally:
        garbage.look_no_more()
