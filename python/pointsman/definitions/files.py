"""The files and folders that a command names, read into documents."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pointsman.definitions.json_tree import read_json
from pointsman.definitions.reading import Document, read_document
from pointsman.definitions.shapes import MAX_DEFINITIONS
from pointsman.definitions.tree import MAX_FILE_BYTES, Fault, FileFaultError, Node, Place, fail
from pointsman.definitions.yaml_tree import read_yaml

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"


@dataclass
class FileSet:
    """What all files together say.

    Attributes:
        documents: In the order of the files and of their places in them.
        faults: What is wrong, in that order; without any the documents are whole.
    """

    documents: list[Document] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_files(names: Sequence[str], *, recursive: bool = False) -> FileSet:
    """Reads definition files.

    Args:
        names: Files, folders, or ``-`` for standard input. A folder stands for its files with the suffixes of
            YAML and JSON, in the order of their names.
        recursive: Whether folders stand for those below them as well.

    Returns:
        Every document of every file, and every fault: one file that cannot be read does not hide the others.
    """
    found = FileSet()
    for name in dict.fromkeys(names):
        try:
            paths = [name] if name == STDIN else _files(Path(name), recursive=recursive)
        except FileFaultError as error:
            found.faults.append(error.fault)
            continue
        for path in paths:
            _read_into(found, str(path))
    if not found.documents and not found.faults:
        found.faults.append(Fault(Place(names[0] if names else STDIN, 1, 1), "", "holds no definition"))
    if len(found.documents) > MAX_DEFINITIONS:
        found.faults.append(
            Fault(
                found.documents[MAX_DEFINITIONS].place,
                "",
                f"is one of {len(found.documents)} definitions; at most {MAX_DEFINITIONS} go together",
            )
        )
    return found


def _read_into(found: FileSet, name: str) -> None:
    try:
        nodes = read_nodes(name)
    except FileFaultError as error:
        found.faults.append(error.fault)
        return
    for node in nodes:
        document = read_document(node)
        found.documents.append(document)
        found.faults += document.faults


def _files(path: Path, *, recursive: bool) -> Iterable[Path]:
    if not path.is_dir():
        if path.suffix.lower() not in SUFFIXES and path.is_file():
            raise fail(Place(str(path), 1, 1), f"is none of {', '.join(SUFFIXES)}; rename it")
        return [path]
    listed = path.rglob("*") if recursive else path.iterdir()
    files = sorted(
        file
        for file in listed
        if file.suffix.lower() in SUFFIXES
        # What is hidden belongs to editors and to git.
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.is_file()
    )
    if not files:
        hint = "" if recursive else "; -R looks into the folders below"
        raise fail(Place(str(path), 1, 1), f"holds no file with {', '.join(SUFFIXES)}{hint}")
    return files


def read_nodes(name: str) -> list[Node]:
    """Answers the documents of a file, or of standard input for ``-``.

    Raises:
        FileFaultError: It cannot be read.
    """
    shown = "stdin" if name == STDIN else name
    content = _content(name, shown)
    suffix = Path(name).suffix.lower()
    # Standard input and pipes have no suffix to go by.
    if suffix == ".json" or (suffix not in SUFFIXES and content.lstrip()[:1] in ("{", "[")):
        return read_json(shown, content)
    return read_yaml(shown, content)


def _content(name: str, shown: str) -> str:
    start = Place(shown, 1, 1)
    try:
        if name == STDIN:
            raw = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise fail(start, f"cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise fail(start, f"has more than {MAX_FILE_BYTES} bytes; divide it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode(errors="replace")) + 1
        raise fail(Place(shown, line, column), "is no UTF-8; save the file in that encoding") from None
