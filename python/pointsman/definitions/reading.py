"""Trees as messages: every value as its field wants it, every fault with its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from pointsman.definitions.scalars import (
    WrongSpellingError,
    as_anything,
    as_boolean,
    as_duration,
    as_integer,
    as_number,
    as_text,
    is_nothing,
)
from pointsman.definitions.shapes import API_VERSION, Field, FieldType, Kind, Shape, kinds, shape_of
from pointsman.definitions.tree import Entries, Entry, Fault, Items, Node, Place, Text
from pointsman.v1 import definition_pb2, key_pb2, router_pb2

_ENVELOPE = ("apiVersion", "kind")


@dataclass
class Document:
    """A definition that was read.

    Attributes:
        kind: Its kind; empty when it states none that there is.
        definition: What it says, as far as it could be read.
        place: Where it begins.
        places: Where each of its fields stands, by path.
        faults: What is wrong with it; without any, ``definition`` is whole.
    """

    place: Place
    kind: str = ""
    definition: definition_pb2.Definition = field(default_factory=definition_pb2.Definition)
    places: dict[str, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place_of(self, path: str) -> Place:
        """Answers where a field stands; of one that is not stated, where the thing around it does."""
        while path:
            if path in self.places:
                return self.places[path]
            path = _around(path)
        return self.place


def read_document(node: Node) -> Document:
    """Reads a definition.

    Args:
        node: A document of a file.

    Returns:
        What it says, and every fault in it.
    """
    document = Document(node.place)
    if not isinstance(node, Entries):
        document.faults.append(
            Fault(
                node.place,
                "",
                f"is {_described(node)}; a definition is a map that begins with apiVersion and kind",
            )
        )
        return document
    stated = {entry.key: entry for entry in node.entries}
    kind = _kind(document, node.place, stated)
    if kind is None:
        return document
    document.kind = kind.name
    message = getattr(document.definition, kind.attribute)
    message.SetInParent()
    content = Entries(node.place, tuple(entry for entry in node.entries if entry.key not in _ENVELOPE))
    _Filler(document, also=_ENVELOPE).fill(message, kind.shape, content, "")
    if isinstance(message, router_pb2.Router):
        _note_missing_weights(document, message, stated.get("variants"))
    if isinstance(message, key_pb2.User):
        _note_missing_scopes(document, message, stated.get("scopes"))
    return document


def _note_missing_weights(document: Document, message: router_pb2.Router, variants: Entry | None) -> None:
    """Notes variants without a weight where weights decide: left out it would be 0, which nobody means.

    But of shadows, which get no calls.
    """
    goes_by_weights = message.strategy in (
        router_pb2.STRATEGY_UNSPECIFIED,
        router_pb2.STRATEGY_WEIGHTED,
    ) and not message.WhichOneof("policy")
    if not goes_by_weights or variants is None or not isinstance(variants.value, Items):
        return
    for index, item in enumerate(variants.value.items):
        if not isinstance(item, Entries) or _is_shadow(item):
            continue
        if all(entry.key != "weight" for entry in item.entries):
            document.faults.append(
                Fault(item.place, f"variants[{index}].weight", "is missing; it must be stated")
            )


def _is_shadow(variant: Entries) -> bool:
    """Whether a variant is stated to be a shadow, whose weight can be nothing but 0."""
    roles = (entry.value for entry in variant.entries if entry.key == "role")
    return any(isinstance(role, Text) and role.value == "shadow" for role in roles)


def _note_missing_scopes(document: Document, message: key_pb2.User, scopes: Entry | None) -> None:
    """Notes a user of whom nobody says what its keys may do: left out it would be nothing at all."""
    if scopes is not None or message.admin:
        return
    known = ", ".join(shape_of("User").fields["scopes"].words or ())
    described = f"is missing; say what the user's keys may do at most, of {known}; [] is nothing"
    document.faults.append(Fault(document.place, "scopes", f"{described}, and admin: true is everything"))


def fill_part(message: Any, node: Node) -> list[Fault]:
    """Reads a part of a definition into its message; answers every fault in it."""
    document = Document(node.place)
    if isinstance(node, Entries):
        _Filler(document).fill(message, shape_of(message.DESCRIPTOR.name), node, "")
    else:
        document.faults.append(Fault(node.place, "", f"is {_described(node)}; it takes a map of fields"))
    return document.faults


def _kind(document: Document, place: Place, stated: Mapping[str, Entry]) -> Kind | None:
    """Answers the kind that a document states, and notes what is wrong with its first two fields."""

    def envelope(name: str, known: tuple[str, ...]) -> str:
        described = " or ".join(known)
        entry = stated.get(name)
        if entry is None:
            similar = next((key for key in stated if _plain_name(key) == _plain_name(name)), "")
            hint = f"; {similar!r} is spelled so" if similar else ""
            document.faults.append(Fault(place, name, f"is missing; write {name}: {described}{hint}"))
            return ""
        node = entry.value
        if isinstance(node, Text) and node.value in known:
            return node.value
        told = repr(node.value) if isinstance(node, Text) else _described(node)
        meant = _meant(node.value, known) if isinstance(node, Text) else ""
        document.faults.append(Fault(node.place, name, f"{told} is not known; write {described}{meant}"))
        return ""

    envelope("apiVersion", (API_VERSION,))
    return kinds().get(envelope("kind", tuple(kinds())))


@dataclass
class _Filler:
    """Fills messages, noting places and faults in a document."""

    document: Document
    also: tuple[str, ...] = ()

    def fault(self, place: Place, path: str, description: str) -> None:
        self.document.faults.append(Fault(place, path, description))

    def fill(self, message: Any, shape: Shape, node: Entries, path: str) -> None:
        stated: list[str] = []
        for entry in node.entries:
            inner = f"{path}.{entry.key}" if path else entry.key
            wanted = shape.fields.get(entry.key)
            if wanted is None:
                self.fault(entry.place, inner, self.unknown(entry.key, shape, top=not path))
                continue
            stated.append(entry.key)
            self.document.places[inner] = entry.value.place
            self.set_field(message, wanted, entry.value, inner)
        for name in sorted(shape.required.difference(stated)):
            self.fault(node.place, f"{path}.{name}" if path else name, "is missing; it must be stated")
        several = [name for name in shape.exclusive if name in stated]
        if len(several) > 1:
            self.fault(node.place, path, f"states {' and '.join(several)}; state one of them")

    def unknown(self, key: str, shape: Shape, *, top: bool) -> str:
        """Says what to do about a field that there is none of."""
        if key in shape.output_only:
            return "is set by the server; leave it out"
        known = [*shape.fields, *(self.also if top else ())]
        return f"there is no such field{_meant(key, known) or '; there are ' + ', '.join(known)}"

    def set_field(self, message: Any, wanted: Field, node: Node, path: str) -> None:
        if isinstance(node, Text) and is_nothing(node) and wanted.type is not FieldType.ANYTHING:
            self.fault(node.place, path, "is empty; give it a value, or leave the field out")
        elif wanted.is_map:
            self.set_map(message, wanted, node, path)
        elif wanted.is_list:
            self.set_list(message, wanted, node, path)
        elif wanted.type is FieldType.OBJECT:
            if isinstance(node, Entries):
                inner = getattr(message, wanted.name)
                inner.SetInParent()
                self.fill(inner, shape_of(wanted.message), node, path)
            else:
                self.fault(node.place, path, f"is {_described(node)}; it takes a map of fields")
        elif (value := self.value(wanted, node, path)) is not None:
            if wanted.type in (FieldType.DURATION, FieldType.ANYTHING):
                getattr(message, wanted.name).CopyFrom(value)
            else:
                setattr(message, wanted.name, value)

    def set_list(self, message: Any, wanted: Field, node: Node, path: str) -> None:
        if not isinstance(node, Items):
            self.fault(node.place, path, f"is {_described(node)}; it takes a list")
            return
        target = getattr(message, wanted.name)
        for index, item in enumerate(node.items):
            inner = f"{path}[{index}]"
            self.document.places[inner] = item.place
            if wanted.type is not FieldType.OBJECT:
                value = self.value(wanted, item, inner)
                if value is not None:
                    target.append(value)
            elif isinstance(item, Entries):
                self.fill(target.add(), shape_of(wanted.message), item, inner)
            else:
                # So that the places of those behind it are theirs.
                target.add()
                self.fault(item.place, inner, f"is {_described(item)}; it takes a map of fields")

    def set_map(self, message: Any, wanted: Field, node: Node, path: str) -> None:
        if not isinstance(node, Entries):
            self.fault(node.place, path, f"is {_described(node)}; it takes a map")
            return
        target = getattr(message, wanted.name)
        for entry in node.entries:
            inner = f"{path}[{entry.key!r}]"
            self.document.places[inner] = entry.value.place
            if not entry.key.isprintable() and not _is_encodable(entry.key):
                self.fault(entry.place, inner, "has half of a pair of surrogates in its name")
                continue
            value = self.value(wanted, entry.value, inner)
            if value is None:
                continue
            if wanted.type is FieldType.ANYTHING:
                target[entry.key].CopyFrom(value)
            else:
                target[entry.key] = value

    def value(self, wanted: Field, node: Node, path: str) -> Any:
        """Answers the value of a field that is no object; None when it is none, which is noted."""
        try:
            if wanted.type is FieldType.ANYTHING:
                return _anything(node)
            if not isinstance(node, Text):
                raise WrongSpellingError(f"is {_described(node)}; {_TAKES[wanted.type]}")
            return _scalar(wanted, node)
        except WrongSpellingError as error:
            self.fault(error.place or node.place, path, str(error))
            return None


_TAKES = {
    FieldType.TEXT: "it takes a text",
    FieldType.BOOLEAN: "it takes true or false",
    FieldType.INTEGER: "it takes a whole number",
    FieldType.NUMBER: "it takes a number",
    FieldType.WORD: "it takes one word",
    FieldType.DURATION: "it takes seconds, such as 1.5s",
}


def _scalar(wanted: Field, node: Text) -> Any:
    match wanted.type:
        case FieldType.TEXT:
            return as_text(node)
        case FieldType.BOOLEAN:
            return as_boolean(node)
        case FieldType.INTEGER:
            return as_integer(node, wanted.bits)
        case FieldType.NUMBER:
            return as_number(node)
        case FieldType.DURATION:
            return as_duration(node)
        case _:
            words = wanted.words or {}
            word = as_text(node)
            if word not in words:
                raise WrongSpellingError(
                    f"{word!r} is none of {', '.join(words)}{_meant(word, tuple(words))}"
                )
            return words[word]


def _anything(node: Node) -> Value:
    """Makes a value of any kind."""
    match node:
        case Text():
            content = as_anything(node)
            if content is None:
                return Value(null_value=NULL_VALUE)
            if isinstance(content, bool):
                return Value(bool_value=content)
            return Value(string_value=content) if isinstance(content, str) else Value(number_value=content)
        case Items(items=items):
            return Value(list_value=ListValue(values=[_anything(item) for item in items]))
        case Entries(entries=entries):
            return Value(struct_value=Struct(fields={entry.key: _anything(entry.value) for entry in entries}))


def _described(node: Node) -> str:
    match node:
        case Items():
            return "a list"
        case Entries():
            return "a map"
        case Text(value=""):
            return "empty"
        case _:
            return repr(node.value[:80])


def _meant(given: str, known: tuple[str, ...] | list[str]) -> str:
    """Answers the hint at the name that was probably meant; empty when none is near."""
    import difflib

    plain = {_plain_name(name): name for name in known}
    found = difflib.get_close_matches(_plain_name(given), plain, 1, 0.7)
    return f"; did you mean {plain[found[0]]!r}?" if found else ""


def _plain_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


_LAST_STEP = re.compile(r"(\.[^.\[\]]+|\[(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\]]*)\])\Z")


def _around(path: str) -> str:
    """Answers the path of the thing around a field; empty around the outermost."""
    found = _LAST_STEP.search(path)
    return path[: found.start()] if found else ""
