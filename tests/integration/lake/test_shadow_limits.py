"""What a comparison of shadows may take: rows, and the turn of others."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pointsman.dataplane.core import NativeCore
from pointsman.domain.measures.windows import Window
from pointsman.errors import ResourceExhaustedError
from pointsman.lake.conditions import Span
from pointsman.lake.engine import LakeOptions
from pointsman.lake.reader import LakeReader, ShadowQuestion
from pointsman.lake.shadows import limits
from pointsman.lake.snapshot import SnapshotFile

START_US = 1_790_035_200_000_000
ASKED = ShadowQuestion("", 20)


def window(count: int) -> Window:
    return Window(START_US, START_US + count)


def no_labels(_pairs):
    return []


@pytest.mark.parametrize(
    ("span", "rows"),
    [((0, 1000), 130), ((0, 199), 110), ((150, 1000), 80), ((0, 99), 0), ((100, 109), 10), ((5000, 4), 0)],
)
def test_of_a_file_within_a_time_in_part_a_part_counts(span, rows):
    files = [SnapshotFile("a", "a", 100, 199, 100), SnapshotFile("b", "b", 190, 209, 20)]
    files.append(SnapshotFile("c", "c", 200, 200, 10))
    assert limits.rows_within(files, Span(*span)) == rows


def test_more_rows_than_can_be_compared_are_refused_before_they_are_read(lake, monkeypatch):
    lake.copied(lake.record(*(START_US + at for at in range(10))), variant="next")
    lake.ship()
    monkeypatch.setattr(limits, "MOST_ROWS", 19)
    lake.tail.queries.clear()
    with pytest.raises(ResourceExhaustedError, match=r"about 20 rows .* at most 19 .* --since 1d"):
        lake.reader.compare_shadow(lake.router, "next", window(10), no_labels, ASKED)
    assert not lake.tail.queries
    found = lake.reader.compare_shadow(lake.router, "next", window(9), no_labels, ASKED)
    assert found.total.pair_count == 9


def test_one_comparison_is_made_at_a_time_and_other_reads_go_on(lake):
    lake.copied(lake.record(START_US), variant="next")
    folder = lake.folder.parent / "other"
    options = LakeOptions(wait_seconds=0.05)
    reader = LakeReader(lake.database, NativeCore(), lake.tail, lake.folder, folder, options)
    with ThreadPoolExecutor() as pool:

        def others_meanwhile(_pairs):
            second = pool.submit(reader.compare_shadow, lake.router, "next", window(9), no_labels, ASKED)
            with pytest.raises(ResourceExhaustedError, match="another comparison of shadows is under way"):
                second.result()
            assert pool.submit(reader.counts, lake.router, window(9)).result().by_code
            return []

        first = reader.compare_shadow(lake.router, "next", window(9), others_meanwhile, ASKED)
    assert first.total.pair_count == 1
    assert reader.compare_shadow(lake.router, "next", window(9), no_labels, ASKED) == first
    reader.close()
