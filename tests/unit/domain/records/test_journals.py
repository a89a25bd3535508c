"""Where two copies of a journal's folder part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.records.journals import (
    JournalEnds,
    JournalStart,
    LeftBehind,
    first_unknown,
    parted_at,
    successor_id,
)


def start(
    name: str, predictions: int, feedback: int | None = None, *, is_known: bool = False
) -> JournalStart:
    ends = JournalEnds(predictions, predictions if feedback is None else feedback)
    return JournalStart(name, ends, is_known=is_known)


NOTHING = JournalEnds(0, 0)


def test_a_new_folder_and_one_that_goes_on_are_no_copies() -> None:
    assert parted_at([start("a", 0)], [], NOTHING) is None
    assert parted_at([start("a", 0), start("b", 9)], [start("a", 0)], JournalEnds(9, 9)) is None
    assert (
        parted_at([start("a", 0), start("b", 9)], [start("a", 0), start("b", 9)], JournalEnds(50, 50)) is None
    )


def test_a_restored_folder_parts_where_the_copy_was_made() -> None:
    known = [start("a", 0), start("b", 20, 30)]
    assert parted_at([start("a", 0), start("c", 20, 30)], known, NOTHING) == JournalEnds(20, 30)


def test_of_two_first_own_openings_the_shorter_logs_count() -> None:
    known = [start("a", 0), start("b", 40, 10)]
    assert parted_at([start("a", 0), start("c", 20, 30)], known, NOTHING) == JournalEnds(20, 10)


def test_an_original_whose_copy_was_started_parts_where_that_one_began() -> None:
    assert parted_at([start("a", 0)], [start("a", 0), start("b", 20)], NOTHING) == JournalEnds(20, 20)


@pytest.mark.parametrize("stored", [JournalEnds(10, 0), JournalEnds(0, 10)])
def test_what_is_stored_beyond_a_logs_end_came_from_another_folder(stored: JournalEnds) -> None:
    own = [start("a", 0), start("b", 9)]
    assert parted_at(own, [start("a", 0)], stored) == JournalEnds(9, 9)


def test_a_log_that_was_cut_since_an_opening_parts_at_its_cut() -> None:
    own = [start("a", 0), start("b", 30), start("c", 0)]
    assert parted_at(own, [start("a", 0)], JournalEnds(30, 30)) == NOTHING


def test_a_folder_without_its_list_parts_where_it_was_opened() -> None:
    assert parted_at([start("c", 70)], [start("a", 0), start("b", 20)], JournalEnds(60, 60)) == JournalEnds(
        70, 70
    )


def test_openings_that_a_database_forgot_are_not_taken_for_a_copys() -> None:
    own = [start("a", 0, is_known=True), start("b", 20, is_known=True), start("c", 30)]
    assert first_unknown(own, {"x"}) == start("c", 30)
    assert parted_at(own, [start("a", 0)], JournalEnds(25, 25)) is None


def test_a_successor_has_the_same_id_at_every_attempt_and_no_other_has_it() -> None:
    assert successor_id("j", "a") == successor_id("j", "a")
    assert len({successor_id("j", "a"), successor_id("j", "b"), successor_id("k", "a")}) == 3
    assert len(successor_id("j", "a")) == 32


def test_a_journal_holds_what_lies_behind_its_position() -> None:
    journal = LeftBehind("j", 0, stored=JournalEnds(10, 50), ends=JournalEnds(30, 40))
    assert journal.waiting_bytes == JournalEnds(20, 0)


GROWTH = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5)


@given(GROWTH, GROWTH, GROWTH)
def test_both_of_two_folders_part_at_what_they_have_in_common(common, mine, theirs) -> None:
    def grown(name: str, ends: JournalEnds, growth: list[tuple[int, int]]) -> list[JournalStart]:
        starts = []
        for number, (predictions, feedback) in enumerate(growth):
            ends = JournalEnds(ends.predictions + predictions, ends.feedback + feedback)
            starts.append(JournalStart(f"{name}{number}", ends))
        return starts

    shared = grown("s", NOTHING, common)
    # The copy is opened as it was made; what it was made of may have grown before its next opening.
    at = shared[-1].ends
    copied = grown("m", at, [(0, 0), *mine])
    went_on = grown("t", at, theirs)
    assert parted_at([*shared, *copied], [*shared, *went_on], NOTHING) == at
    assert parted_at([*shared, *went_on], [*shared, *copied], NOTHING) == at
