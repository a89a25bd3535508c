"""``pointsman demo``: shows two real models sharing real traffic."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from typing import Annotated

from pointsman.cli.line import commandline, late
from pointsman.cli.line.context import CommandError


class StrategyName(StrEnum):
    """What the demo shows."""

    WEIGHTED = "weighted"
    CANARY = "canary"
    BANDIT = "bandit"
    RULES = "rules"
    SHADOW = "shadow"
    DRIFT = "drift"


def demo(
    strategy: Annotated[
        StrategyName, commandline.Option(help="How its router splits traffic; drift: its second half alone.")
    ] = StrategyName.BANDIT,
    keep_running: Annotated[
        bool, commandline.Option("--keep-running", help="Leave the server up at the end, until Ctrl-C.")
    ] = False,
    seed: Annotated[int, commandline.Option(min=0, help="Makes training and traffic repeatable.")] = 7,
    duration: Annotated[
        float, commandline.Option(metavar="SECONDS", min=2.0, help="How long traffic is sent.")
    ] = 20.0,
    no_drift: Annotated[
        bool, commandline.Option("--no-drift", help="Leave out the second half, which shows drift.")
    ] = False,
) -> None:
    """Watch models share traffic: a bandit find the best of three, rules decide, or a split change half-way.

    Trains them on scikit-learn's breast-cancer data, starts a server of its own on free ports of this
    machine, and ends with a summary whose counts it has recounted itself. Before that a feature and a label
    rule change: drift is found, told by e-mail to a mail server of the demo, and reported as a page. Needs
    the extra: pip install 'pointsman[demo]'.
    """
    late.stop()
    if no_drift and strategy is StrategyName.DRIFT:
        raise CommandError("--no-drift: leaves nothing of --strategy drift; give one of the two")
    install = "install it with: pip install 'pointsman[demo]'"
    for package in ("sklearn", "skl2onnx"):
        if find_spec(package) is None:
            raise CommandError(f"the demo needs {package}; {install}")
    if not no_drift and find_spec("aiosmtpd") is None:
        raise CommandError(f"the demo needs aiosmtpd; {install}, or leave drift out with --no-drift")
    from pointsman.demo import DemoError, run_demo

    try:
        run_demo(
            strategy=strategy.value,
            seed=seed,
            duration_seconds=duration,
            keep_running=keep_running,
            with_drift=not no_drift,
        )
    except DemoError as error:
        raise CommandError(str(error)) from error
