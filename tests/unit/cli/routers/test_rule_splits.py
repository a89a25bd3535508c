"""``routers metrics`` says of each rule's split whether chance explains how it was served."""

from typing import Any

import pytest
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.v1 import router_pb2


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY", "POINTSMAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)


def test_splits_that_work_and_that_do_not_are_told_by_their_rule(server: Any) -> None:
    told = router_pb2.RouterMetrics(router_id="triage")
    told.variants.add(variant="a", request_count=300)
    told.variants.add(variant="b", request_count=100)
    told.total.request_count = 400
    told.rule_splits.add(rule="large", unit_count=200, sample_ratio_p_value=0.5)
    broken = told.rule_splits.add(unit_count=200, sample_ratio_p_value=1e-9)
    broken.variant_unit_counts.update({"a": 200, "b": 0})
    told.rule_splits.add(rule="few", unit_count=3)
    server.on("RouterService/GetRouterMetrics", told)
    result = CliRunner().invoke(app, ["routers", "metrics", "triage", "--server", server.address])
    assert result.exit_code == 0, result.stderr
    assert "shares of rule large, served and wanted, agree (p = 0.5)" in result.stdout
    assert "The shares of calls that no rule takes differ" in result.stderr
    assert "(p = 1e-09; a 200, b 0)" in result.stderr
    assert "few" not in result.output
