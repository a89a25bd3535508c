"""Makes a signature of what the options of ``pointsman models register`` say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pointsman.cli import arguments, commandline

if TYPE_CHECKING:
    from pointsman.client import Signature


def make_signature(source: str, single: dict[str, Any]) -> Signature | None:
    """Makes the signature.

    Args:
        source: JSON or ``@file`` with the fields of a signature; empty for none.
        single: Fields given by options of their own, which go over the JSON; empty ones are not given.

    Returns:
        The signature; None when nothing was said about it.

    Raises:
        commandline.BadParameter: A field is unknown or of a wrong form.
    """
    from pointsman.client import PredictionHolds, Signature, Task, TensorSpec

    said = arguments.json_object(source, "--signature") if source else {}
    said.update({name: value for name, value in single.items() if value not in ("", [], None)})
    known = {field.name for field in dataclasses.fields(Signature)}
    if unknown := sorted(said.keys() - known):
        raise commandline.BadParameter(
            f"{unknown[0]}: there is no such field; there are {', '.join(sorted(known))}",
            param_hint="--signature",
        )
    if not said:
        return None
    try:
        for name in ("inputs", "outputs"):
            said[name] = [TensorSpec(**tensor) for tensor in said.get(name, [])]
        said["task"] = Task(said.get("task", "unspecified"))
        said["prediction_holds"] = PredictionHolds(said.get("prediction_holds", "unspecified"))
        return Signature(**said)
    except (TypeError, ValueError) as error:
        raise commandline.BadParameter(str(error), param_hint="--signature") from None
