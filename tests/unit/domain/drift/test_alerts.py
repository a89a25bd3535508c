"""Settings: what is not given stays; an override that says nothing takes away what was set."""

from pointsman.domain.drift.alerts import AlertChanges, AlertSettings, AlgorithmOverride, changed

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
