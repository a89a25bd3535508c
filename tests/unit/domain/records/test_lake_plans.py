"""Plans of compaction and retention."""

from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.domain.records.lake_plans import (
    MAX_BYTES,
    MAX_ROWS,
    MIN_FILES,
    erased_path,
    expired,
    is_small,
    merged_path,
    merges,
)

DATE = "2026-01-31"
FOLDER = f"predictions/router=r/model=m/date={DATE}"


def a_file(start, row_count=10, byte_count=1000, **fields):
    values = {
        "kind": LakeKind.PREDICTIONS,
        "path": f"{FOLDER}/01234567-{start:020}.parquet",
        "router_id": "r",
        "model_id": "m",
        "date": DATE,
        "journal_id": "0123456789abcdef0123456789abcdef",
        "start_position": start,
        "end_position": start + 1,
        "row_count": row_count,
        "byte_count": byte_count,
        "min_time_us": start,
        "max_time_us": start,
    }
    return LakeFile(**(values | fields))


def starts(groups):
    return [[file.start_position for file in group] for group in groups]


def test_a_date_that_grows_is_merged_from_eight_files_on_and_one_that_is_over_from_two():
    files = [a_file(number) for number in range(MIN_FILES)]
    assert starts(merges(files[:-1], DATE)) == []
    assert starts(merges(reversed(files), DATE)) == [list(range(MIN_FILES))]
    assert starts(merges(files[:2], "2026-02-01")) == [[0, 1]]
    assert merges(files[:1], "2026-02-01") == []


def test_only_neighbours_of_one_router_model_date_and_journal_are_merged():
    files = [a_file(number) for number in range(4)]
    files[1] = a_file(1, row_count=600_000, byte_count=30 * 2**20)
    files += [a_file(9, path=f"predictions/router=r/model=other/date={DATE}/x.parquet")]
    files += [a_file(8, journal_id="another")]
    assert starts(merges(files, "2026-02-01")) == [[2, 3]]


def test_files_of_routers_that_came_one_after_the_other_are_merged_apart():
    files = [a_file(number, router_incarnation=number % 3) for number in range(6)]
    planned = merges(files, "2026-02-01")
    assert starts(planned) == [[0, 3], [1, 4], [2, 5]]
    names = [merged_path(group).rpartition("/")[2] for group in planned]
    assert [name[50:] for name in names] == [".parquet", "-r1.parquet", "-r2.parquet"]
    assert erased_path(names[2]).endswith("-r2-e1.parquet")


FILES = st.lists(st.tuples(st.integers(1, 2 * MAX_ROWS), st.integers(1, 2 * MAX_BYTES)), max_size=40).map(
    lambda sizes: [a_file(place, *size) for place, size in enumerate(sizes)]
)


@given(FILES, st.booleans())
def test_merging_goes_on_until_nothing_is_left_to_merge_and_stays_within_the_limits(files, past):
    today = "2026-02-01" if past else DATE
    rounds = 0
    while planned := merges(files, today):
        rounds += 1
        assert rounds < 50
        for group in planned:
            assert len(group) > 1
            assert all(is_small(file) for file in group)
            merged = a_file(
                group[0].start_position,
                sum(file.row_count for file in group),
                sum(file.byte_count for file in group),
                path=merged_path(group),
                end_position=group[-1].end_position,
            )
            assert merged.row_count <= MAX_ROWS
            assert merged.byte_count <= MAX_BYTES
            assert merged.path not in {file.path for file in files}
            files = [file for file in files if file not in group] + [merged]


def test_names_say_what_a_file_holds():
    group = [a_file(5), a_file(6), a_file(7)]
    assert merged_path(group) == f"{FOLDER}/01234567-{5:020}-{8:020}.parquet"
    once = erased_path(group[0].path)
    assert once == f"{FOLDER}/01234567-{5:020}-e1.parquet"
    assert erased_path(once) == f"{FOLDER}/01234567-{5:020}-e2.parquet"


def test_what_is_too_old_and_what_is_too_much_goes_the_oldest_first():
    files = [a_file(number, byte_count=100) for number in range(10)]
    assert [file.start_position for file in expired(files, 3, 10_000)] == [2, 1, 0]
    assert [file.start_position for file in expired(files, 0, 750)] == [2, 1, 0]
    assert expired(files, 0, 1000) == []


@given(FILES, st.integers(0, 40), st.integers(0, 10 * MAX_BYTES))
def test_what_is_kept_is_within_the_limits(files, oldest_us, max_bytes):
    kept = [file for file in files if file not in expired(files, oldest_us, max_bytes)]
    assert sum(file.byte_count for file in kept) <= max_bytes
    assert all(file.max_time_us >= oldest_us for file in kept)
