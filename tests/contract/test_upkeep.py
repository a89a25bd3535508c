"""What happens by itself, and what it holds up."""

from pointsman.control import upkeep

from .by_hand import run_once
from .test_feedback import an_entry


async def test_old_feedback_goes_piece_by_piece_and_other_changes_come_in_between(bench, cancer, monkeypatch):
    monkeypatch.setattr(upkeep, "_PURGE_ROWS", 10)
    database = bench.plane.parts.database

    def count():
        with database.read() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM feedback").scalar_one()

    journal = bench.replica.journal
    journal.bring(*(an_entry(bench, number) for number in range(25)))
    bench.plane.parts.applier.apply_now()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE feedback SET exported = TRUE")
    bench.clock.advance_days(92)
    left, more = [], []
    for version in range(3, 6):
        more.append(await bench.plane.parts.lanes.write(run_once, bench.plane, "old-feedback"))
        left.append(count())
        await cancer.register(version=str(version))
    assert left == [15, 5, 0]
    assert more == [True, True, False]


async def test_every_job_of_a_control_plane_runs_and_works(bench, cancer):
    await cancer.deploy()
    for name, figures in bench.plane.jobs.figures().items():
        while run_once(bench.plane, name):
            pass
        assert not figures.error, name
    names = set(bench.plane.jobs.figures())
    assert {"changes", "database-watch", "erasures", "journal-hold", "presence"} <= names
    assert 'pointsman_job_runs_total{job="presence",outcome="failed"} 0' in bench.plane.metrics()
