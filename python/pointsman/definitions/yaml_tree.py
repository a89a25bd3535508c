"""Reads YAML into trees: no tags, no types, no duplicate keys, bounded aliases.

The parser's events are taken, not its objects: what YAML 1.1 makes of ``no``, ``1.10``, ``010`` or ``12:30``
never comes up. A plain text stays as it is spelled until its field says what it takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pointsman.definitions.tree import (
    Entries,
    Entry,
    Items,
    Node,
    NodeCount,
    Place,
    Spelling,
    Text,
    check_depth,
    check_new,
    fail,
)


def read_yaml(file: str, content: str) -> list[Node]:
    """Reads the documents of a YAML file; empty ones are left out.

    Args:
        file: The file's name, for messages.
        content: Its text.

    Raises:
        FileFaultError: It is no YAML, or some that is not taken here.
    """
    return list(_Reader(file, content).documents())


@dataclass
class _Reader:
    file: str
    content: str
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    nodes: NodeCount = field(default_factory=NodeCount)

    def documents(self) -> Iterator[Node]:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            events = yaml.parse(self.content, Loader=loader)
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    self.anchors.clear()
                    node = self.node(next(events), events, 1)
                    if not _is_nothing(node):
                        yield node
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = self.place(mark) if mark else Place(self.file, 1, 1)
            raise fail(place, f"is no YAML: {error.problem or error.context}") from None
        except yaml.reader.ReaderError as error:
            raise fail(self.place_at(error.position), f"is no YAML: {error.reason}") from None

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        """Makes the node that begins with an event."""
        import yaml

        place = self.place(event.start_mark)
        check_depth(place, depth)
        if isinstance(event, yaml.AliasEvent):
            return self.aliased(event.anchor, place)
        if event.tag is not None and not (event.tag == "!" and isinstance(event, yaml.ScalarEvent)):
            raise fail(
                place, f"has the tag {event.tag!r}, and tags are not read; quote a text to keep it one"
            )
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        before = self.nodes.count
        self.nodes.add(place)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            plain = not event.style and event.tag is None
            node = Text(place, event.value, Spelling.PLAIN if plain else Spelling.QUOTED)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Items(place, tuple(self.items(events, depth)))
        else:
            node = Entries(place, tuple(self.entries(events, depth)))
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = (node, self.nodes.count - before)
        return node

    def items(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        import yaml

        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, events, depth + 1)

    def entries(self, events: Iterator[Any], depth: int) -> Iterator[Entry]:
        import yaml

        seen: dict[str, Place] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            key = self.node(event, events, depth + 1)
            if not isinstance(key, Text):
                raise fail(key.place, "is a list or a map where the name of a field stands")
            if key.spelling is Spelling.PLAIN and key.value == "<<":
                raise fail(
                    key.place, "'<<' merges maps in YAML 1.1 only; write the fields out, or use an alias"
                )
            check_new(key.value, key.place, seen)
            seen[key.value] = key.place
            yield Entry(key.value, key.place, self.node(next(events), events, depth + 1))

    def aliased(self, anchor: str, place: Place) -> Node:
        """Answers what an alias repeats; faults in it are told where it stands itself."""
        if anchor in self.open_anchors:
            raise fail(place, f"*{anchor} stands inside of what it repeats")
        found = self.anchors.get(anchor)
        if found is None:
            raise fail(place, f"*{anchor} repeats nothing; no &{anchor} stands before it in this document")
        node, count = found
        self.nodes.add(place, count)
        return node

    def place(self, mark: Any) -> Place:
        return Place(self.file, mark.line + 1, mark.column + 1)

    def place_at(self, position: int) -> Place:
        before = self.content[:position]
        return Place(self.file, before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Text) and node.spelling is Spelling.PLAIN and node.value == ""
