"""Makes a signature of what the options of ``pointsman models register`` say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pointsman.cli.line import arguments, commandline

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
        for name in ("labels", "classes"):
            _check_list(said.get(name, []), name)
        for name in ("inputs", "outputs"):
            tensors = said.get(name, [])
            if not isinstance(tensors, list):
                raise TypeError(f"{name}: is {tensors!r}; write a list of tensors")
            said[name] = [
                TensorSpec(**_tensor(tensor, f"{name}[{place}]")) for place, tensor in enumerate(tensors)
            ]
        said["task"] = Task(said.get("task", "unspecified"))
        said["prediction_holds"] = PredictionHolds(said.get("prediction_holds", "unspecified"))
        return Signature(**said)
    except (TypeError, ValueError) as error:
        raise commandline.BadParameter(str(error), param_hint="--signature") from None


def _tensor(said: Any, field: str) -> dict[str, Any]:
    """Checks the fields of one tensor; those that are left out are the backend's to say.

    Args:
        said: What stands there.
        field: Its path, for errors.

    Returns:
        The fields.

    Raises:
        TypeError: One is unknown or of a wrong type.
    """
    from pointsman.client import TensorSpec

    if not isinstance(said, dict):
        raise TypeError(
            f'{field}: is {said!r}; write an object such as {{"name": "x", "features": ["age", "income"]}}'
        )
    known = [known.name for known in dataclasses.fields(TensorSpec)]
    for name, value in said.items():
        if name not in known:
            raise TypeError(f"{field}.{name}: there is no such field; there are {', '.join(known)}")
        if name in ("shape", "features"):
            _check_list(value, f"{field}.{name}", of=int if name == "shape" else str)
        elif not isinstance(value, str):
            raise TypeError(f"{field}.{name}: is {value!r}; write a text")
    return said


def _check_list(said: Any, field: str, of: type = str) -> None:
    """Checks a list of texts or whole numbers: a text alone would be taken for a list of its letters."""
    things = "texts" if of is str else "whole numbers"
    if not isinstance(said, list):
        raise TypeError(f"{field}: is {said!r}; write a list of {things}")
    for place, item in enumerate(said):
        if not isinstance(item, of) or isinstance(item, bool):
            raise TypeError(f"{field}[{place}]: is {item!r}; write {things}")
