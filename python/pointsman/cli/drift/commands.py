"""``pointsman drift`` and the groups below it."""

from __future__ import annotations

from pointsman.cli.line import commandline

app = commandline.Group(help="Compare what a model is given and answers with what is normal for it.")
app.add("analyze", "pointsman.cli.drift.analyses:analyze")
app.add("results", "pointsman.cli.drift.analyses:results")
app.add("report", "pointsman.cli.drift.reports:report")
app.add("baseline", "pointsman.cli.drift.baselines:app")
app.add("ground-truth", "pointsman.cli.drift.ground_truth:app")
app.add("log", "pointsman.cli.drift.predictions:log")
app.add("predictions", "pointsman.cli.drift.predictions:predictions")
app.add("performance", "pointsman.cli.drift.predictions:performance")
app.add("alerts", "pointsman.cli.drift.alerting:app")
