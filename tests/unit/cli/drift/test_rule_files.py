"""Files of rules: the page's example says what the table of tiers says, and what is wrong is named."""

from pathlib import Path

import pytest

from pointsman.cli.drift.rule_files import rules_of
from pointsman.cli.line.context import CommandError
from pointsman.client._requests import update_alert_rules
from pointsman.control.convert.drift_alerting import rules_from
from pointsman.domain.drift.alerting.judging import judge
from pointsman.domain.drift.alerting.rules import AlertRule, check_rules
from stage.page_scenes import ROOT
from stage.pages import read

MONTH_US = 30 * 86_400_000_000
CHANNELS = ("email", "slack", "retrain", "oncall")


@pytest.fixture
def documented(tmp_path: Path) -> dict[str, AlertRule]:
    """The rules of the page, as the server has them."""
    (block,) = (
        one for one in read(ROOT / "docs/how-to/drift-alerts.md") if "name: many-features" in one.text
    )
    (tmp_path / "rules.yaml").write_text(block.text)
    wanted = rules_of(str(tmp_path / "rules.yaml"))
    request = update_alert_rules("credit", wanted).request
    found = rules_from(request.rules)  # type: ignore[attr-defined]
    check_rules(found, CHANNELS, ["psi", "ks_test"])
    return {rule.name: rule for rule in found}


RULE = "name: a, figure: score"


def a_body(psi: float = 0.0, ks: float = 0.0, auc: float = 0.85, rejected: float = 0.2) -> dict[str, object]:
    """A result of four features, of which ``ks`` have a small p-value."""
    p_values = [0.009 if number < ks else 0.5 for number in range(4)]
    names = ["credit_score", "income", "age", "debt"]
    return {
        "status": "ok",
        "features": {
            name: {
                "status": "ok",
                "algorithms": {
                    "psi": {"score": psi if name == "credit_score" else 0.9, "pValue": 0.5, "status": "ok"},
                    "ks_test": {"score": 0.0, "pValue": p_value, "status": "ok"},
                },
            }
            for name, p_value in zip(names, p_values, strict=True)
        },
        "performance": {"roc_auc": {"reference": 0.85, "realised": auc, "sampleSize": 500}},
        "classRates": {"reject": {"reference": 0.2, "current": rejected}},
    }


@pytest.mark.parametrize(
    ("rule", "body", "tier", "channels"),
    [
        ("credit-score", a_body(psi=0.10), "", ()),
        ("credit-score", a_body(psi=0.11), "notify", ("slack",)),
        ("credit-score", a_body(psi=0.26), "retrain", ("retrain",)),
        ("many-features", a_body(ks=2), "", ()),
        ("many-features", a_body(ks=3), "page", ("oncall",)),
        ("auc", a_body(auc=0.835), "", ()),
        ("auc", a_body(auc=0.825), "review", ("email",)),
        ("rejections", a_body(rejected=0.225), "", ()),
        ("rejections", a_body(rejected=0.235), "business", ("email",)),
        ("rejections", a_body(rejected=0.165), "business", ("email",)),
    ],
)
def test_the_page_s_rules_are_the_tiers_of_the_loan_model(
    documented: dict[str, AlertRule], rule: str, body: dict[str, object], tier: str, channels: tuple[str, ...]
) -> None:
    level = judge(documented[rule], body, MONTH_US, ()).level
    assert level is not None
    met = documented[rule].tiers[level - 1] if level else None
    assert (met.name if met else "", met.channels if met else ()) == (tier, channels)


def test_performance_over_a_month_is_not_judged_by_a_week(documented: dict[str, AlertRule]) -> None:
    found = judge(documented["auc"], a_body(auc=0.5), MONTH_US // 4, ())
    assert (found.level, found.reason) == (None, "not judged: the window has 7.5 days, the rule needs 30")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- name: a", "rules[0].figure: is missing"),
        ("- {name: a, figure: scores}", "rules[0].figure: 'scores' is none of status, score"),
        ("- {name: a, figure: score, tier: []}", "rules[0]: 'tier' is not known"),
        ("- {name: a, figure: score, tiers: {}}", "rules[0].tiers: is no list"),
        ("- {name: a, figure: status, tiers: [{status: bad, name: x}]}", "rules[0].tiers[0].status: 'bad'"),
        ("- 5", "rules[0]: is no object"),
        ("7", ":1:1: rules: is no list"),
        (f"- {{{RULE}, channels: [slack]}}", "rules[0]: 'channels' is not known"),
        ("{rulez: []}", "'rulez' is not known; known are rules"),
        ("{}", "rules: is missing"),
        ("[", ":1:"),
        ("- {name: a, figure: score}\n---\n- {name: b, figure: score}", "holds 2 documents"),
        (f"- {{{RULE}, tiers: [{{name: x, threshold: 1, threshold: 2}}]}}", "'threshold' stands in line 1"),
        (
            f"- {{{RULE}, leastFeatures: 2, least_features: 3}}",
            "rules[0].least_features: is there as 'leastFeatures' and 'least_features'",
        ),
        (f"- {{{RULE}, repeatHours: 1:30}}", "rules[0].repeat_hours: '1:30' is no number"),
        (f"- {{{RULE}, least_features: 1.5}}", "rules[0].least_features: '1.5' is no whole number"),
        (f"- {{{RULE}, tiers: [{{name: x, channels: slack}}]}}", "rules[0].tiers[0].channels: is no list"),
        (f"- {{{RULE}, tiers: [{{name: x, threshold: [1]}}]}}", "tiers[0].threshold: is a list or an object"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(CommandError) as caught:
        rules_of(str(file))
    assert told in str(caught.value)
    assert str(file) in str(caught.value)


def test_texts_and_numbers_are_read_as_those_of_definitions(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "- name: no\n  figure: score\n  features: [on, 010, 1.10]\n  repeatHours: 0\n"
        "  tiers: [{name: 1, threshold: 1e-2, channels: [slack]}]\n"
    )
    (rule,) = rules_of(str(file))
    assert (rule.name, list(rule.features), rule.repeat_hours) == ("no", ["on", "010", "1.10"], 0)
    assert [(tier.name, tier.threshold, tier.channels) for tier in rule.tiers] == [("1", 0.01, ["slack"])]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        rules_of(str(tmp_path / "none.yaml"))


def test_what_was_shown_as_json_can_be_given_back(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(
        '{"model_id": "m", "is_default": false, "channels": ["slack"], "rules": [{"name": "a", '
        '"figure": "score", "leastFeatures": 2, "window_days": null, "state": {"firing": true}, '
        '"tiers": [{"name": "t", "threshold": 0.5, "status": "unspecified", "channels": []}]}]}'
    )
    (rule,) = rules_of(str(file))
    assert (rule.least_features, rule.window_days, rule.state) == (2, None, None)
    assert (rule.tiers[0].threshold, rule.tiers[0].status) == (0.5, "unspecified")
