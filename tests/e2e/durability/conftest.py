"""One zygote and one backend for all crashes; each test has a data folder of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stage.crash.backend import RowBackend
from stage.crash.scene import Scene, copy_template, make_template
from stage.crash.server import Zygote


@pytest.fixture(scope="session")
def backend() -> Iterator[RowBackend]:
    backend = RowBackend()
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    zygote = Zygote(tmp_path_factory.mktemp("zygote") / "log")
    yield zygote
    zygote.close()


@pytest.fixture(scope="session")
def template(zygote: Zygote, backend: RowBackend, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    make_template(zygote, backend.target, folder)
    return folder


@pytest.fixture
def new_scene(zygote: Zygote, template: Path, tmp_path: Path) -> Callable[[int], Scene]:
    """Makes the scene of a test, by its seed."""

    def make(seed: int) -> Scene:
        copy_template(template, tmp_path)
        return Scene(zygote, tmp_path, seed)

    return make
