"""What each coarse call over the boundary of ``pointsman._core`` costs."""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

import pyarrow as pa
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from pointsman import _core
from pointsman.v1 import model_pb2, router_pb2, snapshot_pb2

ROUTER_COUNT = 10_000
SALT = bytes(range(16))
SECRET = bytes(range(32))
ENTITIES = [f"user-{number}" for number in range(1_000)]


def router_snapshot(router_id: str, share: int = 70) -> snapshot_pb2.RouterSnapshot:
    return snapshot_pb2.RouterSnapshot(
        router_id=router_id,
        strategy=router_pb2.STRATEGY_WEIGHTED,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        sticky=True,
        variants=[
            router_pb2.Variant(name="a", model_id="echo", model_version="1", weight=share, enabled=True),
            router_pb2.Variant(
                name="b", model_id="echo", model_version="1", weight=100 - share, enabled=True
            ),
        ],
        salt=SALT,
        slot_runs=[0, share * 100, 1, 10_000 - share * 100],
        owner="local",
    )


def complete_update(router_count: int) -> snapshot_pb2.SnapshotUpdate:
    backend = model_pb2.Backend(grpc=model_pb2.GrpcBackend(target="127.0.0.1:9", model_name="echo"))
    return snapshot_pb2.SnapshotUpdate(
        generation=1,
        complete=True,
        changed_routers=[router_snapshot(f"router-{number}") for number in range(router_count)],
        changed_models=[snapshot_pb2.ModelSnapshot(model_id="echo", version="1", backend=backend)],
        access=snapshot_pb2.AccessTable(open=True),
        signing_keys=snapshot_pb2.SigningKeys(
            keys=[snapshot_pb2.SigningKey(key_id=0, secret=SECRET)], current_key_id=0
        ),
    )


def prediction_id() -> str:
    milliseconds = time.time_ns() // 1_000_000
    uuid = milliseconds.to_bytes(6, "big") + bytes([0x70, 0, 0x80, *range(7)])
    incarnation, epoch = b"\x85\x88\x8c\x90\xa0\xb0\x01", b"\x00"
    content = bytes([2, 0]) + uuid + b"\x08router-1" + b"\x01a" + incarnation + epoch
    content += struct.pack("<d", 0.7) + b"\x00"
    tag = hmac.digest(SECRET, content, hashlib.sha256)[:8]
    return base64.urlsafe_b64encode(content + tag).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_core.ServerHandle]:
    data_dir: Path = tmp_path_factory.mktemp("boundary")
    config = {
        "grpc_address": "127.0.0.1:0",
        "threads": 1,
        "data_dir": str(data_dir),
        "control_socket": None,
        "onnx_library": None,
        "server_version": "0.1.0",
        "log_level": "error",
        "limits": {},
    }
    handle = _core.start_server(json.dumps(config))
    yield handle
    handle.stop(0.0)


def test_publishing_one_router_among_ten_thousand(
    benchmark: BenchmarkFixture, server: _core.ServerHandle
) -> None:
    complete = complete_update(ROUTER_COUNT)
    server.publish(complete.SerializeToString())
    generations = count(complete.generation + 1)

    def next_update() -> tuple[tuple[bytes], dict[str, object]]:
        generation = next(generations)
        update = snapshot_pb2.SnapshotUpdate(
            base_generation=generation - 1,
            generation=generation,
            changed_routers=[router_snapshot("router-7", 50 + generation % 40)],
        )
        return (update.SerializeToString(),), {}

    generation, refused = benchmark.pedantic(server.publish, setup=next_update, rounds=200)
    assert refused == []
    assert generation == next(generations) - 1


def test_publishing_ten_thousand_routers_whole(
    benchmark: BenchmarkFixture, server: _core.ServerHandle
) -> None:
    update = complete_update(ROUTER_COUNT)
    generations = count(1_000_000)

    def next_update() -> tuple[tuple[bytes], dict[str, object]]:
        update.generation = next(generations)
        return (update.SerializeToString(),), {}

    generation, refused = benchmark.pedantic(server.publish, setup=next_update, rounds=5)
    assert refused == []
    assert generation == next(generations) - 1


def test_reallocating_slots(benchmark: BenchmarkFixture) -> None:
    runs, moved = benchmark(_core.reallocate_slots, [0, 7_000, 1, 3_000], [50.0, 50.0])
    assert moved == 2_000
    assert sum(runs[1::2]) == 10_000


def test_decoding_a_prediction_id(benchmark: BenchmarkFixture) -> None:
    keys = complete_update(1).signing_keys.SerializeToString()
    decoded = benchmark(_core.decode_prediction_id, prediction_id(), keys)
    assert (decoded.router_id, decoded.variant, decoded.propensity) == ("router-1", "a", 0.7)
    assert decoded.incarnation == 0x582_0203_0405


@pytest.mark.parametrize("sticky", [True, False], ids=["sticky", "random"])
def test_deciding_a_thousand_requests(benchmark: BenchmarkFixture, sticky: bool) -> None:
    engine = _core.Engine(complete_update(1).SerializeToString(), 1)
    turn = cycle(ENTITIES)
    entities = [next(turn) if sticky else None for _ in range(1_000)]
    calls = pa.table({"entity_id": pa.array(entities, pa.string())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, calls.schema) as writer:
        writer.write_table(calls)
    decisions = benchmark(engine.decide, "router-0", sink.getvalue().to_pybytes())
    with pa.ipc.open_stream(decisions) as reader:
        assert set(reader.read_all().column("variant").to_pylist()) == {"a", "b"}
