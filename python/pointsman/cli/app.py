"""The command with its global options; the subcommands hang off it."""

from __future__ import annotations

from typing import Annotated

import typer

from pointsman.cli import (
    calls,
    demo,
    feedback,
    keys,
    metrics,
    models,
    predictions,
    revisions,
    routers,
    serve,
    servers,
    traffic,
)
from pointsman.cli.context import CommandContext, OutputFormat
from pointsman.cli.group import CommandGroup

EPILOG = (
    "The global options may stand anywhere on the line. "
    "Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrongly called."
)

app = typer.Typer(
    cls=CommandGroup,
    name="pointsman",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help takes half the time, and a usage error two lines
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def pointsman(
    context: typer.Context,
    server: Annotated[
        str, typer.Option(envvar="POINTSMAN_SERVER", metavar="HOST:PORT", help="The server's gRPC address.")
    ] = "127.0.0.1:8500",
    api_key: Annotated[
        str,
        typer.Option(
            envvar="POINTSMAN_API_KEY",
            metavar="KEY",
            help="The key to call with; the variable keeps it out of ps.",
        ),
    ] = "",
    output: Annotated[
        OutputFormat, typer.Option("-o", "--output", help="How answers are written.")
    ] = OutputFormat.TABLE,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version.", is_eager=True, callback=lambda value: _version(value)
        ),
    ] = False,
) -> None:
    """Route calls to machine-learning models by weight, remember every decision, learn from the feedback."""
    context.obj = CommandContext(server=server, api_key=api_key, output=output)


def _version(asked: bool) -> None:
    if asked:
        import pointsman

        typer.echo(pointsman.__version__)
        raise typer.Exit


app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.add_typer(models.app, name="models")
routers.app.add_typer(traffic.app)
routers.app.add_typer(metrics.app)
routers.app.add_typer(revisions.app)
app.add_typer(routers.app, name="routers")
app.command("predict")(calls.predict)
app.add_typer(predictions.app, name="predictions")
app.add_typer(feedback.app, name="feedback")
app.add_typer(keys.app, name="keys")
app.add_typer(servers.app, name="servers")


def main() -> None:
    """Runs the command; the entry point of the installed script."""
    app()
