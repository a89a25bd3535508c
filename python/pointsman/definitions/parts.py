"""Files that hold a part of a definition, such as the rules of a router, in the form that it has there."""

from collections.abc import Sequence
from typing import Any

from pointsman.definitions.files import read_nodes
from pointsman.definitions.reading import fill_part
from pointsman.definitions.tree import Fault, FileFaultError, Place


def read_part(name: str, message: Any) -> Sequence[Fault]:
    """Reads the one document of a file into a message.

    Args:
        name: The file, or ``-`` for standard input.
        message: Is filled; it is of a kind that definitions hold.

    Returns:
        What is wrong with the file; without any, the message is whole.
    """
    try:
        nodes = read_nodes(name)
    except FileFaultError as error:
        return [error.fault]
    if len(nodes) != 1:
        return [Fault(Place(name, 1, 1), "", f"holds {len(nodes)} documents; it takes one")]
    return fill_part(message, nodes[0])
