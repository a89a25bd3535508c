"""ONNX files come in pieces, are checked, and are there at once and whole; what nobody names goes again."""

import asyncio
import errno
import hashlib
import os
import random
from dataclasses import replace

import grpc
import pytest

from pointsman.v1 import model_pb2

from .by_hand import run_once
from .conftest import Bench, start_plane

CHUNK_BYTES = 1000
NAMES_DATA = b"\x3a\x16\x2a\x14\x6a\x12\x0a\x08location\x12\x06a.data"
"""A model whose weights lie in a.data: ModelProto.graph.initializer.external_data."""


def a_model(length=5000, seed=0):
    """Bytes of the form of a model: a producer's name and nothing else."""
    return b"\x12" + bytes([length & 0x7F | 0x80, length >> 7]) + random.Random(seed).randbytes(length)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def a_piece(content, offset=None, end=None, **fields):
    """A piece of a file; without an offset the question how far it is."""
    fields = {"sha256": sha256(content), "size_bytes": len(content)} | fields
    if offset is not None:
        fields |= {"offset": offset, "chunk": content[offset : offset + CHUNK_BYTES if end is None else end]}
    return model_pb2.UploadModelFileRequest(**fields)


def send(user, *arguments, **fields):
    return user.models.UploadModelFile(a_piece(*arguments, **fields))


async def upload(user, content):
    """Sends all of a file that is not there, as clients do."""
    state = await send(user, content)
    while not state.is_complete:
        state = await send(user, content, state.received_bytes)
    return state


def onnx(path, **fields):
    return model_pb2.Backend(onnx=model_pb2.OnnxBackend(path=path, **fields))


@pytest.fixture
def folder(bench):
    """The folder of uploaded files."""
    limits = replace(bench.plane.parts.uploads._limits, reserve_bytes=0)
    bench.plane.parts.uploads._limits = limits
    return bench.socket_path.parent / "models" / "uploaded"


def limit(bench, **limits):
    bench.plane.parts.uploads._limits = replace(bench.plane.parts.uploads._limits, **limits)


def whole(folder):
    return {file.name for file in folder.glob("*.onnx")}


def parts(folder):
    return list(folder.glob(".parts/*.part"))


async def test_a_file_comes_in_pieces_and_is_there_whole_for_this_user_alone(bench, folder):
    content = a_model()
    asked = await send(bench.local, content)
    assert (asked.received_bytes, asked.is_complete, asked.chunk_bytes) == (0, False, 1024 * 1024)
    assert await send(bench.local, content, 0) == model_pb2.UploadModelFileResponse(
        path=f"uploaded/{sha256(content)}.onnx", received_bytes=1000, chunk_bytes=asked.chunk_bytes
    )
    assert whole(folder) == set()
    done = await upload(bench.local, content)
    assert (done.received_bytes, done.is_complete) == (len(content), True)
    file = folder.parent / done.path
    assert file.read_bytes() == content
    assert parts(folder) == []
    modes = [place.stat().st_mode & 0o777 for place in (file, folder, folder / ".parts")]
    assert modes == [0o600, 0o700, 0o700]


async def test_an_uploaded_file_is_registered_by_its_path(bench, folder):
    content = a_model()
    path = (await upload(bench.local, content)).path
    bench.replica.files[path] = sha256(content)
    registered = await bench.local.register(backend=onnx(path, sha256=sha256(content)))
    assert (registered.backend.onnx.path, registered.backend.onnx.sha256) == (path, sha256(content))


async def test_what_the_server_has_is_passed_over(bench, folder):
    content = a_model()
    await send(bench.local, content, 0)
    assert (await send(bench.local, content, 0)).received_bytes == 1000
    assert (await send(bench.local, content, 500)).received_bytes == 1500
    assert (await upload(bench.local, content)).is_complete
    assert (folder / f"{sha256(content)}.onnx").read_bytes() == content
    # A whole file is not sent again, whatever comes.
    assert (await send(bench.local, content)).is_complete
    assert (await send(bench.local, content, 0)).is_complete
    assert parts(folder) == []


async def test_an_upload_goes_on_after_a_restart(tmp_path, replica, clock, database_url):
    content = a_model()
    for attempt in range(2):
        plane = start_plane(tmp_path, replica, database_url, clock=clock)
        await plane.start()
        async with grpc.aio.insecure_channel(f"unix:{tmp_path / 'control.sock'}") as channel:
            bench = Bench(plane, replica, channel, clock, database_url, tmp_path / "control.sock")
            limit(bench, reserve_bytes=0)
            state = await send(bench.local, content)
            assert state.received_bytes == 1000 * attempt
            if attempt:
                assert (await upload(bench.local, content)).is_complete
            else:
                await send(bench.local, content, 0)
        await plane.stop(1)
    replica.stop(0)
    assert (tmp_path / "models/uploaded" / f"{sha256(content)}.onnx").read_bytes() == content


async def test_a_gap_is_refused_with_the_place_to_go_on_from(bench, folder, failing):
    content = a_model()
    failure = await failing(send(bench.local, content, 1000))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "UPLOAD_GAP")
    assert failure.metadata["received_bytes"] == "0"
    assert parts(folder) == []
    await send(bench.local, content, 0)
    failure = await failing(send(bench.local, content, 2000))
    assert failure.metadata["received_bytes"] == "1000"
    assert (await upload(bench.local, content)).is_complete


async def test_other_bytes_than_those_of_the_digest_are_not_kept(bench, folder, failing):
    content = a_model()
    altered = content[:-1] + b"?"
    failure = await failing(send(bench.local, altered, 0, len(altered), sha256=sha256(content)))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UPLOAD_DIFFERS")
    assert sha256(altered) in failure.fields["chunk"]
    assert (whole(folder), parts(folder)) == (set(), [])
    assert (await upload(bench.local, content)).is_complete


async def test_another_user_does_not_spoil_an_upload(bench, folder, failing):
    ann, eve = bench.user("ann"), bench.user("eve")
    content = a_model()
    await send(eve, b"?" * len(content), 0, sha256=sha256(content))
    assert (await upload(ann, content)).is_complete
    assert (folder / f"{sha256(content)}.onnx").read_bytes() == content


async def test_a_length_that_is_not_the_files_is_refused(bench, folder, failing):
    content = a_model()
    failure = await failing(send(bench.local, content, 0, size_bytes=10))
    assert (failure.code, list(failure.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["chunk"])
    await upload(bench.local, content)
    failure = await failing(send(bench.local, content, size_bytes=len(content) + 1))
    assert (failure.code, list(failure.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["size_bytes"])
    assert str(len(content)) in failure.message


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sha256": "../../../etc/passwd"}, "sha256"),
        ({"sha256": "../" + "a" * 61}, "sha256"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "a" * 63}, "sha256"),
        ({"sha256": "a" * 64 + "\n"}, "sha256"),
        ({"sha256": ""}, "sha256"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"offset": -1}, "offset"),
        ({"chunk": b"x" * (1024 * 1024 + 1), "size_bytes": 2**22}, "chunk"),
    ],
)
async def test_a_field_that_is_wrong_is_named_and_nothing_is_written(bench, folder, failing, fields, field):
    failure = await failing(send(bench.local, a_model(), **fields))
    assert (failure.code, list(failure.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, [field])
    assert not folder.exists()


async def test_a_file_above_the_limit_is_refused_before_it_is_sent(bench, folder, failing):
    limit(bench, max_file_bytes=1000)
    failure = await failing(send(bench.local, a_model()))
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "UPLOAD_TOO_LARGE")
    assert "uploads.max_file_bytes" in failure.message


async def test_a_file_without_room_is_refused_with_what_is_missing(bench, folder, failing):
    limit(bench, reserve_bytes=2**60)
    for offset in (None, 0):
        failure = await failing(send(bench.local, a_model(), offset))
        assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "NO_SPACE")
        assert int(failure.metadata["missing_bytes"]) > 2**59
        assert failure.metadata["missing_bytes"] in failure.message
    assert parts(folder) == []


async def test_a_disk_that_takes_no_more_leaves_what_was_there(bench, folder, failing, monkeypatch):
    content = a_model()
    await send(bench.local, content, 0)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        failure = await failing(send(bench.local, content, 1000))
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "NO_SPACE")
    assert (await send(bench.local, content)).received_bytes == 1000
    assert (await upload(bench.local, content)).is_complete


async def test_unfinished_uploads_are_limited_and_one_that_rests_gives_way(bench, folder, failing):
    limit(bench, max_unfinished=2)
    for seed in range(2):
        await send(bench.local, a_model(seed=seed), 0)
    failure = await failing(send(bench.local, a_model(seed=2), 0))
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_UPLOADS")
    bench.clock.advance_days(1 / 24)
    await send(bench.local, a_model(seed=1), 1000)
    assert (await upload(bench.local, a_model(seed=2))).is_complete
    assert (await send(bench.local, a_model(seed=0))).received_bytes == 0
    assert (await send(bench.local, a_model(seed=1))).received_bytes == 2000


async def test_those_who_send_a_file_at_the_same_time_all_get_it(bench, folder):
    content = a_model(16000)
    users = [bench.user("ann"), bench.user("ann"), bench.user("bob")]
    states = await asyncio.gather(*(upload(user, content) for user in users))
    assert [state.is_complete for state in states] == [True] * 3
    assert whole(folder) == {f"{sha256(content)}.onnx"}
    assert (folder / f"{sha256(content)}.onnx").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "told"), [(NAMES_DATA, "'a.data'"), (b"this is no model", "no ONNX file")]
)
async def test_what_is_no_model_by_itself_is_not_kept(bench, folder, failing, content, told):
    failure = await failing(send(bench.local, content, 0))
    assert (failure.code, list(failure.fields)) == (grpc.StatusCode.INVALID_ARGUMENT, ["chunk"])
    assert told in failure.message
    assert (whole(folder), parts(folder)) == (set(), [])


async def test_a_file_that_was_altered_on_disk_is_sent_again(bench, folder):
    content = a_model()
    file = folder.parent / (await upload(bench.local, content)).path
    file.write_bytes(b"?" * len(content))
    assert not (await send(bench.local, content)).is_complete
    assert (await upload(bench.local, content)).is_complete
    assert file.read_bytes() == content


async def test_who_may_not_write_uploads_nothing(bench, folder, failing):
    failure = await failing(send(bench.user("ann", "mlops:read,mlops:predict"), a_model(), 0))
    assert failure.code is grpc.StatusCode.PERMISSION_DENIED
    assert not folder.exists()


async def test_files_that_no_version_names_and_unfinished_uploads_go_after_a_day(bench, folder):
    used, unused = a_model(seed=1), a_model(seed=2)
    for content in (used, unused):
        await upload(bench.local, content)
    await send(bench.local, a_model(seed=3), 0)
    path = f"uploaded/{sha256(used)}.onnx"
    bench.replica.files[path] = sha256(used)
    await bench.local.register(backend=onnx(path))
    bench.clock.advance_days(0.9)
    run_once(bench.plane, "uploaded-files")
    assert (len(whole(folder)), len(parts(folder))) == (2, 1)
    bench.clock.advance_days(0.2)
    run_once(bench.plane, "uploaded-files")
    assert (whole(folder), parts(folder)) == ({f"{sha256(used)}.onnx"}, [])
    await bench.local.models.DeleteModelVersion(
        model_pb2.DeleteModelVersionRequest(model_id="cancer", version="1")
    )
    run_once(bench.plane, "uploaded-files")
    assert list(folder.glob("*.onnx")) == list(folder.glob(".parts/*.asked")) == []


async def test_a_file_that_is_named_in_another_way_stays(bench, folder):
    names = []
    for seed, way in enumerate(("./uploaded//{}", "link-{}", "around/{}")):
        content = a_model(seed=seed)
        name = (await upload(bench.local, content)).path.removeprefix("uploaded/")
        names.append(name)
        (folder.parent / f"link-{name}").symlink_to(f"uploaded/{name}")
        path = way.format(name)
        bench.replica.files[path] = sha256(content)
        await bench.local.register(version=str(seed), backend=onnx(path))
    (folder.parent / "around").symlink_to("uploaded")
    other = folder / "mine.onnx"
    other.write_bytes(b"")
    os.utime(other, (0, 0))
    bench.clock.advance_days(3)
    run_once(bench.plane, "uploaded-files")
    assert whole(folder) == {*names, "mine.onnx"}


async def test_a_file_that_was_just_asked_for_stays_and_looks_as_before(bench, folder):
    content = a_model()
    file = folder.parent / (await upload(bench.local, content)).path
    before = file.stat()
    bench.clock.advance_days(1.5)
    await upload(bench.local, content)
    run_once(bench.plane, "uploaded-files")
    assert file.stat() == before
    bench.clock.advance_days(0.9)
    bench.replica.files[f"uploaded/{file.name}"] = sha256(content)
    bench.replica.on_probe = lambda _: run_once(bench.plane, "uploaded-files")
    bench.clock.advance_days(0.2)
    await bench.local.register(backend=onnx(f"uploaded/{file.name}"))
    assert file.exists(), "a registration under way keeps its file"


async def test_a_models_folder_behind_a_link_takes_its_first_upload(bench, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if folder.parent.is_dir():
        folder.parent.rmdir()
    folder.parent.symlink_to(elsewhere)
    content = a_model()
    state = await upload(bench.user("ann"), content)
    assert state.is_complete
    assert (elsewhere / "uploaded" / f"{sha256(content)}.onnx").read_bytes() == content
