"""The table of method × caller, where a call may change something: a server each."""

import pytest

from .access_scene import Scene, begin_call, code_of
from .access_table import CELLS, EXPECTED, OK, changes_nothing, is_read, user_of


@pytest.mark.parametrize(("method", "caller"), [cell for cell in CELLS if not changes_nothing(*cell)])
async def test_with_the_scope_the_rule_decides(bench, method, caller):
    fields = await Scene(bench).fields(method, caller)
    call = begin_call(user_of(bench, method, caller), method, fields)
    assert await code_of(call) is EXPECTED[method][caller]


@pytest.mark.parametrize("method", [method for method in EXPECTED if not is_read(method)])
async def test_an_admin_needs_no_scope(bench, method):
    fields = await Scene(bench).fields(method, "owner")
    assert await code_of(begin_call(bench.user("admin", "", admin=True), method, fields)) is OK
