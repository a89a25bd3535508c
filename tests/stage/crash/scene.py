"""A server with a durable bandit and a buffered split, both recording, that lives, dies and lives again."""

import asyncio
import math
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from pointsman.v1 import model_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.waiting import eventually

from .backend import FEATURES
from .kept import Kept, read_kept
from .oracle import REWARD, Findings, compare
from .server import CrashServer, Zygote
from .told import Told
from .traffic import Traffic

DURABLE, BUFFERED = "durable", "buffered"
ROUTERS = (DURABLE, BUFFERED)
EXPORT_SECONDS = 30.0


class Scene:
    """A data folder, who serves it, and what clients were told.

    Args:
        zygote: Who makes servers.
        folder: Where the data is.
        seed: Of what clients do.

    Attributes:
        told: What clients were told.
        reads: How many reads were answered.
    """

    def __init__(self, zygote: Zygote, folder: Path, seed: int) -> None:
        self.folder = folder
        self.told = Told()
        self.random = random.Random(seed)
        self.reads = 0
        self._zygote = zygote

    def start(self, **how: Any) -> CrashServer:
        """Starts a server and waits until it serves."""
        server = self._zygote.start(self.folder, **how)
        server.wait_until_serving()
        return server

    async def live(self, server: CrashServer, seconds: float, *, holds_database: bool = False) -> None:
        """Sends traffic for a while, then kills the server in the middle of it.

        Args:
            server: The server.
            seconds: When it is killed.
            holds_database: Whether nothing can be written into the database meanwhile, so that what is
                acknowledged is in the journal only.
        """
        traffic = self._traffic()
        traffic.waits = not holds_database
        with self._held_database() if holds_database else nullcontext():
            calling = asyncio.create_task(traffic.run(server.grpc))
            # Not to wait for anything: the moment of death is what is drawn at random.
            await asyncio.wait([calling], timeout=seconds)
            killed = server.kill()
        traffic.end()
        await calling
        early = [failure for failed, failure in traffic.failures if failed < killed]
        assert not early, early[0]
        self._ended(traffic, killed)

    async def live_until_death(self, server: CrashServer) -> int:
        """Sends traffic until the server dies by itself; answers what ended it."""
        traffic = self._traffic()
        await traffic.run(server.grpc)
        code = server.wait()
        # Nobody knows when; clients notice late on a busy machine, but they were answered until then.
        life = self.told.life
        answers = (made.answered for made in self.told.predictions.values() if made.life == life)
        self._ended(traffic, max(answers))
        return code

    async def live_well(self, server: CrashServer, seconds: float) -> None:
        """Sends traffic for a while, lets it end and then the server."""
        traffic = self._traffic()
        calling = asyncio.create_task(traffic.run(server.grpc))
        await asyncio.wait([calling], timeout=seconds)
        traffic.end()
        await calling
        assert not traffic.failures, traffic.failures[0]
        server.end()
        self._ended(traffic, math.inf)

    def kept(self, server: CrashServer) -> Kept:
        """Reads what is there."""
        return read_kept(server, self.folder, ROUTERS)

    def findings(self, kept: Kept) -> Findings:
        """Compares what is there with what was told."""
        return compare(self.told, kept, {DURABLE})

    def check(self, server: CrashServer) -> Findings:
        """Insists that nothing is lost and nothing is there twice."""
        findings = self.findings(self.kept(server))
        assert not findings.problems, "\n".join(findings.problems)
        return findings

    def check_lake(self, server: CrashServer) -> Findings:
        """The same, once everything has reached the lake's files."""
        assert server.ask("ship")["shipped"]
        server.ask("settle")

        def exported() -> Kept | None:
            kept = self.kept(server)
            return kept if len(kept.exported) == len(kept.feedback) else None

        kept = eventually(exported, EXPORT_SECONDS, "the export of all feedback")
        findings = self.findings(kept)
        assert not findings.problems, "\n".join(findings.problems)
        assert kept.tail_count == 0
        assert kept.learnt, "no bandit learnt anything"
        return findings

    @contextmanager
    def _held_database(self) -> Iterator[None]:
        place = self.folder / "data" / "pointsman.db"
        with closing(sqlite3.connect(place, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    def _traffic(self) -> Traffic:
        return Traffic(self.told, ROUTERS, self.random)

    def _ended(self, traffic: Traffic, when: float) -> None:
        self.told.ends.append(when)
        self.reads += traffic.read_count


def make_template(zygote: Zygote, target: str, folder: Path) -> None:
    """Makes a data folder with models and routers.

    Args:
        zygote: Who makes servers.
        target: Where the models' backend answers.
        folder: The folder.
    """
    server = zygote.start(folder)
    server.wait_until_serving()
    control = Control(server.grpc)
    x = model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, len(FEATURES)], features=FEATURES)
    y = model_pb2.TensorSpec(name="y", datatype="FP32", shape=[-1, 1])
    signature = model_pb2.Signature(inputs=[x], outputs=[y], task=model_pb2.TASK_REGRESSION)
    for version in ("a", "b"):
        control.register("m", version, grpc_backend(target, "m"), signature=signature)
    bandit = router_pb2.Bandit(metric=REWARD, ucb1=router_pb2.Ucb1(alpha=1.0))
    learning: dict[str, Any] = {"strategy": router_pb2.STRATEGY_BANDIT, "bandit": bandit}
    for router_id, durability, strategy in (
        (DURABLE, router_pb2.RECORD_DURABILITY_DURABLE, learning),
        (BUFFERED, router_pb2.RECORD_DURABILITY_BUFFERED, {}),
    ):
        recording = router_pb2.Recording(durability=durability)
        weight = 0.0 if strategy else 50.0
        control.create(router_id, {"a": weight, "b": weight}, "m", recording=recording, **strategy)
        control.deploy(router_id)
    control.close()
    server.end()


def copy_template(template: Path, folder: Path) -> None:
    """Makes a folder of its own out of the template."""
    shutil.copytree(template / "data", folder / "data", ignore=shutil.ignore_patterns("*.sock"))
