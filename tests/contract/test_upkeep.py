"""What happens by itself, and what it holds up."""

from pointsman.control import upkeep

from .test_feedback import an_entry


async def test_old_feedback_goes_piece_by_piece_and_other_changes_come_in_between(bench, cancer, monkeypatch):
    monkeypatch.setattr(upkeep, "_PURGE_ROWS", 10)
    database = bench.plane._database

    def count():
        with database.read() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM feedback").scalar_one()

    journal = bench.data_plane.journal
    journal.bring(*(an_entry(bench, number) for number in range(25)))
    bench.plane._applier.apply_now()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE feedback SET exported = TRUE")
    # By hand from here on: the rounds of the bench would come in between.
    bench.plane._tasks[0].cancel()
    bench.clock.advance_days(92)
    left = []
    for version in range(3, 7):
        await bench.plane._lanes.write(bench.plane._upkeep.round)
        left.append(count())
        await cancer.register(version=str(version))
    assert left == [15, 5, 0, 0]
