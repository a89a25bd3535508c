"""Algorithms of other distributions, and the one table of those built in."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pointsman_drift import (
    Algorithm,
    AlgorithmError,
    ColumnPair,
    Measurement,
    NotMeasured,
    Status,
    Thresholds,
    algorithms,
    compare,
)
from pointsman_drift.algorithms import registry

ROOT = Path(__file__).resolve().parents[1]
Install = Callable[[str], None]


def measure_range(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    if not pair.current.values:
        return NotMeasured("no values")
    change = abs(pair.current.most - pair.reference.most) / parameters["unit"]
    return Measurement(change, change, pair.reference.rows, pair.current.rows)


def measure_nothing(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement:
    raise ZeroDivisionError("by zero")


OWN = Algorithm("largest", measure_range, Thresholds(1, 2), "change of the largest", parameters={"unit": 1.0})
TAKEN = Algorithm("psi", measure_range, Thresholds(1, 2), "none")
BROKEN = Algorithm("broken", measure_nothing, Thresholds(1, 2), "none")
NONE = 7


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Makes a name of this module the entry point of an installed distribution."""

    def installed(name: str) -> None:
        registry._known.cache_clear()
        monkeypatch.setitem(sys.modules, "drift_extension", sys.modules[__name__])
        entry = EntryPoint("own", f"drift_extension:{name}", registry.GROUP)
        monkeypatch.setattr(
            registry, "entry_points", lambda group: [entry] if group == registry.GROUP else []
        )

    yield installed
    registry._known.cache_clear()


def test_an_entry_point_adds_an_algorithm(install: Install) -> None:
    install("OWN")
    result = compare({"x": [1.0, 2.0] * 50}, {"x": [1.0, 4.0] * 50}, algorithms=["largest"])
    figure = result.figure("x", "largest")
    assert (figure.score, figure.status, figure.p_value) == (2.0, Status.ALERT, None)
    other = {"algorithms": ["largest"], "parameters": {"largest": {"unit": 2.0}}}
    assert compare({"x": [1.0, 2.0] * 50}, {"x": [1.0, 4.0] * 50}, **other).status is Status.WARNING  # type: ignore[arg-type]


def test_entry_points_are_read_once(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("OWN")
    first = algorithms()
    monkeypatch.setattr(registry, "entry_points", lambda group: pytest.fail(f"{group} is read again"))
    assert algorithms() == first
    assert "largest" in first


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TAKEN", "'psi'.*name is taken"),
        ("ABSENT", "cannot be loaded"),
        ("NONE", "is a int, not an Algorithm"),
    ],
)
def test_what_cannot_be_added_is_told(install: Install, name: str, words: str) -> None:
    install(name)
    with pytest.raises(AlgorithmError, match=words):
        algorithms()


def test_an_algorithm_that_fails_is_named_with_the_column(install: Install) -> None:
    install("BROKEN")
    with pytest.raises(AlgorithmError, match="'broken' failed on column 'x': by zero"):
        compare({"x": [1.0] * 50}, {"x": [1.0] * 50})


def test_the_documented_table_is_that_of_the_registry() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.+)\|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    types = {"all": 2, "numeric": 1, "categorical": 1, "": 2}
    found = {}
    for name, rest in rows:
        kind, columns, warning, alert, parameters, _ = (cell.strip() for cell in rest.split("|"))
        values = {key: float(value) for key, value in re.findall(r"`(\w+)` ([\d.]+\d|\d)", parameters)}
        found[name] = (kind, types[columns], float(warning), float(alert), values)
    wanted = {
        name: (
            one.kind.value,
            len(one.types),
            one.thresholds.warning,
            one.thresholds.alert,
            dict(one.parameters),
        )
        for name, one in algorithms().items()
    }
    assert found == wanted
    assert len(wanted) == 14


def test_the_library_needs_nothing_of_pointsman() -> None:
    script = (
        "import sys, pointsman_drift; print([m for m in sys.modules if m.partition('.')[0] == 'pointsman'])"
    )
    path = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    output = subprocess.run(
        [sys.executable, "-c", script], env=path, capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    assert not [one for one in sources if re.search(r"^\s*(import|from) pointsman\b", one, re.MULTILINE)]
    for heavy in ("pandas", "polars", "sklearn", "river"):
        assert not [one for one in sources if re.search(rf"^(import|from) {heavy}", one, re.MULTILINE)]
