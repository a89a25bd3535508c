"""Writes ``docs/reference/settings.md`` from the settings' own types, defaults and docstrings."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pointsman.settings import ENVIRONMENT_PREFIX, Settings

PAGE = Path("docs/reference/settings.md")
FLAGS = {"grpc", "http", "data_dir", "threads", "database", "log_format"}
"""Fields that `pointsman serve` also takes as flags."""

INTRODUCTION = """\
# Settings

Settings of `pointsman serve`. A value comes from the first of: the flag, the environment variable, the file
given with `--config` (or `pointsman.toml` in the working directory), the default. This page is written by
`make generate`.
"""


def list_fields(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Answers each leaf of the settings with its path, groups unfolded, in the order of the source."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from list_fields(annotation, (*path, name))
        else:
            yield (*path, name), field


def render_default(value: Any) -> str:
    """Writes a default as the TOML file would; a word for what TOML cannot say."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(render_default(item) for item in value) + "]"
    return f'"{value}"'


def render_field(path: tuple[str, ...], field: FieldInfo) -> str:
    """Writes one setting: name, default, where it is set, what it means."""
    places = [f"`{ENVIRONMENT_PREFIX}{'__'.join(path).upper()}`"]
    if len(path) == 1 and path[0] in FLAGS:
        places.insert(0, f"`--{path[0].replace('_', '-')}`")
    description = "\n\n".join(
        " ".join(paragraph.split()) for paragraph in (field.description or "").split("\n\n")
    )
    return (
        f"\n## `{'.'.join(path)}`\n\n{description}\n\n"
        f"Default `{render_default(field.default)}`; set by {' or '.join(places)}.\n"
    )


def generate(output_root: Path) -> None:
    """Writes the page below a folder.

    Args:
        output_root: The folder that gets ``docs/reference/settings.md``.
    """
    page = output_root / PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        INTRODUCTION + "".join(render_field(path, field) for path, field in list_fields(Settings))
    )


def main() -> None:
    """Reads the command line and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=Path())
    generate(parser.parse_args().output_root)


if __name__ == "__main__":
    main()
