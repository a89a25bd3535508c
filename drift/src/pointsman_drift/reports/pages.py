"""The page around a report: what it looks like, what its script may do, and that it fits."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pointsman_drift.errors import DriftError
from pointsman_drift.reports.html import Html, escaped

MOST_BYTES = 2_000_000
"""A page is smaller than this."""


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading."""

    title: str
    body: Html


def page(title: str, facts: Mapping[str, Html], sections: Sequence[Section], made_by: str) -> bytes:
    """Makes a page of one file.

    A policy inside it forbids browsers to fetch anything, and any script but its own.

    Args:
        title: Its heading.
        facts: What stands at its head, by what it is.
        sections: Its parts.
        made_by: What made it.

    Raises:
        DriftError: It is too large; whoever makes sections bounds them.
    """
    style, script = _read("page.css"), _read("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    told = "".join(f"<dt>{escaped(name)}</dt><dd>{value}</dd>" for name, value in facts.items())
    parts = "".join(f"<section><h2>{escaped(one.title)}</h2>{one.body}</section>" for one in sections)
    text = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escaped(title)}</title><style>{style}</style></head>"
        f"<body><main><h1>{escaped(title)}</h1><dl>{told}</dl>{parts}</main>"
        f"<footer><p>{escaped(made_by)}</p></footer><script>{script}</script></body></html>\n"
    )
    found = text.encode()
    if len(found) >= MOST_BYTES:
        raise DriftError(
            f"the report has {len(found)} bytes, and {MOST_BYTES} are the limit; give fewer facts"
        )
    return found


@cache
def _read(name: str) -> str:
    return (files("pointsman_drift.reports") / name).read_text("utf-8")
