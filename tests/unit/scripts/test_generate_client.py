"""The half of the client that waits says what the asynchronous half says, without a word of asyncio."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_client", ROOT / "scripts/generate_client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("asynchronous", "waiting"),
    [
        (
            "async def get(self) -> int:\n    return await self.at(1)\n",
            "def get(self) -> int:\n    return self.at(1)\n",
        ),
        ("async with AsyncClient() as c:\n    pass\n", "with Client() as c:\n    pass\n"),
        ("async for item in anext(pages):\n    pass\n", "for item in next(pages):\n    pass\n"),
        ("found = [item async for item in pages]\n", "found = [item for item in pages]\n"),
        (
            "from pointsman.client._async.keys import AsyncKeys\n",
            "from pointsman.client._sync.keys import Keys\n",
        ),
        ("class _AsyncPages(AsyncIterator[int]):\n    pass\n", "class _Pages(Iterator[int]):\n    pass\n"),
        ("async def __aenter__(self) -> Self: ...\n", "def __enter__(self) -> Self: ...\n"),
        (
            '"""Example: ``await client.get()`` of AsyncClient."""\n',
            '"""Example: ``client.get()`` of Client."""\n',
        ),
        ("x = f'{{a}} {await b()}'\n", "x = f'{{a}} {b()}'\n"),
        ("long(\n    await a,\n    # why: await b\n    b,\n)\n", "long(\n    a,\n    # why: b\n    b,\n)\n"),
    ],
)
def test_what_is_awaited_is_called(generator: ModuleType, asynchronous: str, waiting: str) -> None:
    assert generator.waiting_source(asynchronous) == waiting


@pytest.mark.parametrize("source", ["import asyncio\n", "# on the loop of asyncio\n", "awaiting = 1\n"])
def test_what_has_no_twin_is_refused_with_its_line(generator: ModuleType, source: str) -> None:
    with pytest.raises(generator.LeftoverError, match=r"line 2: .*scripts/generate_client\.py"):
        generator.waiting_source("x = 1\n" + source)


def test_a_name_that_only_looks_like_one_of_ours_stays(generator: ModuleType) -> None:
    assert generator.waiting_name("synchronise") == "synchronise"
    assert generator.waiting_name("iterator") == "iterator"


def test_the_files_in_the_tree_are_current(generator: ModuleType, tmp_path: Path) -> None:
    written = generator.generate(tmp_path)
    kept = {path.name for path in (ROOT / "python/pointsman/client").glob("_sync/*.py")}
    assert {path.name for path in written} == kept
    for path in written:
        assert path.read_text() == (ROOT / path.relative_to(tmp_path)).read_text(), "run make generate"


def test_every_text_that_is_exchanged_occurs(generator: ModuleType) -> None:
    sources = [path.read_text() for path in (ROOT / "python/pointsman/client").glob("_async/*.py")]
    for said in generator.TEXTS:
        assert any(said in source for source in sources), said
