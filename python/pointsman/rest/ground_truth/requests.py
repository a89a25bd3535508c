"""What a request says of the file that it brings."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from pointsman.rest.content_types import read_content_type
from pointsman.rest.ground_truth.bodies import FORM_TYPE
from pointsman.rest.problems import FieldError, Problem, ProblemError

CONTENT_TYPES: Mapping[str, str] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/x-ndjson": "json_lines",
    "application/jsonl": "json_lines",
    "application/json-lines": "json_lines",
}
"""Types of bodies, each with the format that it is."""

FORMATS = ("csv", "tsv", "json_lines")
_ENDINGS = {"csv": "csv", "tsv": "tsv", "jsonl": "json_lines", "ndjson": "json_lines"}
_NAMES = {"modelId": "modelId", "model_id": "modelId", "format": "format"}


def read_query(query: str) -> tuple[str, str]:
    """Answers the model and the format that a query names; an empty format where it names none.

    Args:
        query: As it was sent.

    Raises:
        FieldError: A parameter is unknown, stands twice, or is missing.
    """
    found: dict[str, str] = {}
    for given, value in parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace"):
        name = _NAMES.get(given)
        if name is None:
            raise FieldError(given[:100], "is no parameter; there are modelId and format")
        if name in found:
            raise FieldError(name, "stands there twice; leave one out")
        found[name] = value
    if not found.get("modelId"):
        raise FieldError("modelId", "is missing; name the model, as ?modelId=credit")
    form = found.get("format", "")
    if form and form not in FORMATS:
        raise FieldError("format", f"{form[:100]!r} is none of {', '.join(FORMATS)}")
    return found["modelId"], form


def media_type_of(content_type: str) -> str:
    """Answers the type of a body without its parameters.

    Raises:
        ProblemError: It is none that is taken.
    """
    found = read_content_type(content_type)
    if found.media_type not in (*CONTENT_TYPES, FORM_TYPE) or not found.is_utf8:
        taken = ", ".join((*CONTENT_TYPES, FORM_TYPE))
        detail = f"Content-Type {content_type[:100]!r} is not taken; send one of {taken}, in UTF-8"
        headers = {"accept-post": taken}
        raise ProblemError(Problem("INVALID_ARGUMENT", detail, status=415, headers=headers))
    return found.media_type


def format_of_part(headers: Mapping[str, str], asked: str) -> str:
    """Answers the format of the file of a form: as asked, else by its name, else by its type.

    Args:
        headers: Those of its part.
        asked: What the query says; empty for nothing.

    Raises:
        ProblemError: Nothing says it.
    """
    named = read_content_type(headers.get("content-disposition", "")).parameters.get("filename", "")
    ending = named.lower().rpartition(".")[2]
    media_type = read_content_type(headers.get("content-type", "")).media_type
    form = asked or _ENDINGS.get(ending) or CONTENT_TYPES.get(media_type, "")
    if not form:
        detail = "nothing says how the file is written; add the parameter format, as format=csv"
        raise ProblemError(Problem("INVALID_ARGUMENT", detail))
    return form
