"""How settings are declared."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from pointsman.domain.router_settings import Setting, setting, settings_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Declared:
    name: str = "no setting"
    wait_ms: int = setting(250)
    colour: Colour = setting(Colour.RED, decides_calls=True)
    note: str = setting("", is_published=False)


def test_settings_are_what_is_declared_as_such_in_its_order():
    assert settings_of(Declared) == (
        Setting("wait_ms", int, 250, is_published=True, decides_calls=False),
        Setting("colour", Colour, Colour.RED, is_published=True, decides_calls=True),
        Setting("note", str, "", is_published=False, decides_calls=False),
    )
    assert [one.name for one in settings_of(Declared)] == ["wait", "colour", "note"]
    assert (Declared().wait_ms, Declared(colour=Colour.BLUE).colour) == (250, "blue")


def test_a_value_of_another_type_is_refused_where_it_is_read():
    wait, colour, _ = settings_of(Declared)
    assert colour.value_of(Declared()) is Colour.RED
    # Rows and messages bring what no checker has seen.
    long: Any = "long"
    red: Any = "red"
    with pytest.raises(TypeError, match="wait_ms is 'long', no int"):
        wait.value_of(Declared(wait_ms=long))
    with pytest.raises(TypeError, match="colour is 'red', no Colour"):
        colour.value_of(Declared(colour=red))


def test_a_whole_number_says_its_unit():
    @dataclass
    class Unclear:
        wait: int = setting(1)

    with pytest.raises(TypeError, match="wait: whole numbers are milliseconds; call it wait_ms"):
        settings_of(Unclear)
