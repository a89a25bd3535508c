"""Writes the JSON schema of definition files and ``docs/reference/definitions.md`` from the proto files."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.proto_comments import read_comments

from pointsman.definitions.json_schema import make_schema
from pointsman.definitions.shapes import Field, FieldType, Shape, default_of, kinds, shape_of

SOURCE_ROOT = Path(__file__).resolve().parent.parent
SCHEMA = Path("python/pointsman/definitions/schema.json")
PAGE = Path("docs/reference/definitions.md")
_PROTOS = ("pointsman/v1/key.proto", "pointsman/v1/model.proto", "pointsman/v1/router.proto")

OWN_COMMENTS = {
    ("Router", "status"): "Whether it shall be in service. Not stated, it stays as it is.",
    ("Router", "permissions"): "Who may read and call it besides its owner.",
    (
        "ModelVersion",
        "stage",
    ): "Where the version shall stand in its life. Not stated, it stays where it stands.",
    (
        "ModelVersion",
        "permissions",
    ): "Who may read and call the model besides its owner: all its versions alike, so that no two documents "
    "may state different ones. Not stated, they stay as they are; a new model has none.",
    (
        "User",
        "scopes",
    ): "What the user's keys may do at most; must be stated unless admin is true. [] lets them do nothing.",
    ("Router", "strategy"): "How it picks a variant; not stated, weighted. It cannot be changed.",
}
"""What fields mean in a definition where the call's own comment says something else."""

HEAD = """\
# Definition files

One document states one object. `apiVersion: pointsman/v1` and `kind` come first, then the fields of the
kind, which are those of the API under the same names. Files are YAML (`.yaml`, `.yml`; several documents
with `---` between) or JSON (`.json`; one object, or a list of objects). How to keep them in git:
[Keep definitions in git](../how-to/definitions.md).

- **A document is the whole definition**: a field that it leaves out has its default, given below. Only
  `status` of a router, and `stage` and `permissions` of a model, stay as they are when they are not stated.
- **Nothing is guessed**: an unknown field, a second key of the same name, a tag (`!x`), a merge key (`<<`)
  and a value of another type are refused, with file, line, column and field. Text stays as it is spelled
  (`1.10` stays `1.10`, `no` is no boolean). Booleans are `true` and `false`. Numbers are written as in JSON.
  In `defaults`, which takes any value, a text that some reader of YAML takes for something else needs quotes.
- **Limits**: 1000 documents are applied together; a file has at most 16 MiB, a million values (with what
  aliases repeat) and a depth of 64.
- **Not in files**: owners (whoever creates an object owns it), keys and all else that is secret, and what
  only a server sets. Of keys, files say who their users are and what all keys of one may do at most.

In an editor with the YAML language server, write the schema to a file with
`pointsman schema > pointsman.schema.json` and begin definition files with

```yaml
# yaml-language-server: $schema=pointsman.schema.json
```
"""


def comments_of_definitions() -> Callable[[str, str], str]:
    """Answers a function that says what messages and fields are, as their proto files do.

    Raises:
        SystemExit: The compiler refused a file.
    """
    found = read_comments(*_PROTOS)

    def comment(message: str, field: str) -> str:
        own = OWN_COMMENTS.get((message, field))
        return own or found[".".join(("pointsman.v1", message, *([field] if field else [])))]

    return comment


def make_page(comments: Callable[[str, str], str]) -> str:
    """Answers the reference page."""
    parts = [HEAD]
    shown: set[str] = set()
    for kind in kinds().values():
        parts.append(f"## kind: {kind.name}\n\n{comments(kind.shape.name, '')}\n")
        waiting = [kind.shape]
        while waiting:
            shape = waiting.pop(0)
            if shape.name in shown:
                continue
            shown.add(shape.name)
            if shape is not kind.shape:
                parts.append(f"### {shape.name}\n\n{comments(shape.name, '')}\n")
            parts.append(_table(shape, comments))
            waiting += [shape_of(field.message) for field in shape.fields.values() if field.message]
    return "\n".join(parts)


def _table(shape: Shape, comments: Callable[[str, str], str]) -> str:
    rows = ["| field | takes | default | |", "| --- | --- | --- | --- |"]
    for name, field in shape.fields.items():
        default = "required" if name in shape.required else _default(shape, field)
        comment = comments(shape.name, name).replace("|", "\\|")
        rows.append(f"| `{name}` | {_takes(field)} | {default} | {comment} |")
    return "\n".join(rows) + "\n"


def _default(shape: Shape, field: Field) -> str:
    default = default_of(shape, field)
    return (
        f"`{json.dumps(default) if not isinstance(default, str) else default}`" if default is not None else ""
    )


def _takes(field: Field) -> str:
    if field.type is FieldType.OBJECT:
        one = f"[{field.message}](#{field.message.lower()})"
    elif field.type is FieldType.WORD:
        one = ", ".join(f"`{word}`" for word in field.words or {})
    else:
        one = {
            FieldType.BOOLEAN: "true or false",
            FieldType.INTEGER: "whole number",
            FieldType.DURATION: "seconds, as `1.5s`",
            FieldType.ANYTHING: "any value",
        }.get(field.type, field.type.value)
    if field.is_map:
        return f"map of names to: {one}"
    return f"list of: {one}" if field.is_list else one


def generate(output_root: Path) -> None:
    """Writes both files below a folder."""
    comments = comments_of_definitions()
    schema = json.dumps(make_schema(comments), indent=2, ensure_ascii=False) + "\n"
    for path, text in ((SCHEMA, schema), (PAGE, make_page(comments))):
        target = output_root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def main() -> int:
    """Reads the command line and writes the files; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=SOURCE_ROOT)
    generate(parser.parse_args().output_root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
