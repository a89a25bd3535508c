"""Settings: what is not given stays; an override that says nothing takes away what was set."""

import math

import pytest

from pointsman.control.drift.alert_settings import known_algorithms
from pointsman.domain.drift.alerts import (
    AlertChanges,
    AlertSettings,
    AlgorithmOverride,
    changed,
    check_recipients,
    check_settings,
)
from pointsman.domain.violations import Violations
from pointsman.errors import InvalidArgumentError

OVERRIDE = AlgorithmOverride(0.15, 0.3)


def test_no_changes_change_nothing():
    settings = AlertSettings(enabled=False, overrides={"psi": OVERRIDE}, recipients=("a@b",))
    assert changed(settings, AlertChanges()) == settings


def test_what_is_given_replaces_what_was():
    changes = AlertChanges(enabled=False, recipients=(), overrides={"ks_test": OVERRIDE})
    settings = changed(AlertSettings(overrides={"psi": OVERRIDE}, recipients=("a@b",)), changes)
    assert not settings.enabled
    assert settings.recipients == ()
    assert settings.overrides == {"psi": OVERRIDE, "ks_test": OVERRIDE}


def test_an_empty_override_takes_away_that_of_its_algorithm():
    changes = AlertChanges(overrides={"psi": AlgorithmOverride()})
    assert changed(AlertSettings(overrides={"psi": OVERRIDE}), changes).overrides == {}


def test_an_algorithm_that_cannot_run_is_refused_with_what_to_install() -> None:
    wanted = AlertSettings(algorithms=("psi", "ks_test"))
    with pytest.raises(InvalidArgumentError) as caught:
        check_settings(wanted, {"psi": {}, "ks_test": {}}, {"ks_test": "pip install it"})
    (violation,) = caught.value.fields
    assert violation.field == "algorithms.enabled[1]"
    assert violation.description.endswith("'ks_test' cannot run on this server: pip install it")


@pytest.mark.parametrize(
    ("algorithm", "parameter", "value", "fault"),
    [
        ("psi", "epsilon", 0.0, "0 is not above 0"),
        ("psi", "epsilon", math.nan, "nan is not above 0"),
        ("adwin", "delta", 1.0, "1 is not below 1"),
        ("page_hinkley", "least", 2.5, "2.5 is not a whole number"),
        ("page_hinkley", "threshold", math.inf, "inf is not finite"),
        ("domain_classifier", "folds", 1.0, "1 is not above 1"),
        ("pca_reconstruction", "variance", 2.0, "2 is not below 1"),
    ],
)
def test_a_parameter_that_no_analysis_could_run_with_is_refused(algorithm, parameter, value, fault) -> None:
    wanted = AlertSettings(overrides={algorithm: AlgorithmOverride(params={parameter: value})})
    with pytest.raises(InvalidArgumentError) as caught:
        check_settings(wanted, known_algorithms())
    (violation,) = caught.value.fields
    assert violation.field == f"algorithms.overrides.{algorithm}.params.{parameter}"
    assert violation.description == fault


@pytest.mark.parametrize(
    "address", ["a@b", "first.last+tag@mail.example.com", "o'neill@example.com", "x@xn--e1afmkfd.example"]
)
def test_an_address_is_taken(address: str) -> None:
    found = Violations()
    check_recipients(found, "recipients", (address,))
    found.raise_if_any()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b",
        "a@",
        "x@[",
        "a@b@c",
        "team:a@b.c",
        "a@b(c",
        "\u00e9@x.de",
        "a@b..c",
        "a@-b",
        ".a@b",
        "a b@c",
        "a@b\n",
        "a@b\r\nBcc: c@d",
        "a,b@c",
        "<a@b>",
        '"a"@b',
        "a@" + "b" * 64,
        "a" * 255 + "@b",
    ],
)
def test_what_mail_programs_would_read_otherwise_is_no_address(address: str) -> None:
    found = Violations()
    check_recipients(found, "recipients", ("a@b", address))
    with pytest.raises(InvalidArgumentError) as caught:
        found.raise_if_any()
    assert [one.field for one in caught.value.fields] == ["recipients[1]"], address
