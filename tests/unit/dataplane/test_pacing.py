"""Work that leaves its processor to others."""

import pytest

from pointsman.dataplane.pacing import pacing


def test_work_goes_on_where_a_thread_of_the_program_is_paced_already() -> None:
    done = []
    with pacing():
        with pacing():
            done.append("beside another that is paced")
        done.append("paced")
    with pytest.raises(LookupError), pacing():
        raise LookupError
    with pacing():
        done.append("again")
    assert done == ["beside another that is paced", "paced", "again"]
