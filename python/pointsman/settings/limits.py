"""What clients, calls and backends may take up."""

from typing import Annotated

from pydantic import Field

from pointsman.settings.groups import Count, Group, Seconds


class Limits(Group):
    """What one client, one call or one backend may take up. None is unlimited."""

    max_connections: Count = 10_000
    """Open client connections. Each holds a file descriptor and its HTTP/2 windows; further ones are closed
    at once.
    """

    max_streams_per_connection: Count = 1_000
    """Calls at a time on one connection, so that a single client cannot fill the server."""

    max_header_list_bytes: Annotated[int, Field(ge=1_024, le=2**24)] = 65_536
    """Bytes of metadata of one call, names and values together. Checked before anything is decoded."""

    max_message_bytes: Annotated[int, Field(ge=1_024, le=2**31 - 1)] = 16 * 1024 * 1024
    """Bytes of one message, compressed or not: 16 MiB holds a 2048 × 2048 FP32 tensor. At most
    2147483647, a byte less than 2 GiB, for gRPC holds lengths in 32 bits with a sign. For administrative
    changes 4 MiB are the most, for questions, health and reflection 64 KiB whatever this says.
    """

    max_in_flight_per_backend: Count = 1_024
    """Calls at a time at one backend. More are queued, so that a slow backend is not buried. The control
    plane takes at most 256, a quarter of them from one key and a sixteenth from one connection.
    """

    max_queued_per_backend: Annotated[int, Field(ge=0, le=1_000_000)] = 1_024
    """Calls that wait for a backend at its limit. Past it a call is answered RESOURCE_EXHAUSTED at once."""

    connect_timeout_seconds: Seconds = 2.0
    """Seconds to connect to a backend's endpoint before it counts as dead and the next one is tried."""

    default_deadline_seconds: Seconds = 30.0
    """Seconds a call may take when neither the client nor the router says so. A call without an end leaks."""

    max_deadline_seconds: Seconds = 3_600.0
    """Seconds a call may take whatever its client says: a deadline years away holds memory and places."""

    message_timeout_seconds: Seconds = 30.0
    """Seconds from a call's head to the last byte of its message, whatever its deadline: who sends slowly
    holds memory.
    """

    stalled_answer_seconds: Seconds = 10.0
    """Seconds a client may take nothing of its answer before the call is reset. Unread answers hold memory
    and room on connections to backends; while others need that room, one second is the most."""

    keepalive_interval_seconds: Seconds = 30.0
    """Seconds of silence on a client's connection before it is pinged, to notice peers that vanished."""

    keepalive_timeout_seconds: Seconds = 10.0
    """Seconds to wait for the answer to a ping before the connection is closed."""

    max_connection_age_seconds: Seconds = 1_800.0
    """Seconds after which a client is asked to reconnect, so that load finds new servers behind a balancer.
    """

    connection_age_jitter_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the connection age, 0 to 1, added or taken off at random: clients shall not reconnect all at
    once.
    """

    body_budget_bytes: Annotated[int, Field(ge=2**20, le=2**40)] = 256 * 1024 * 1024
    """Bytes of buffered and recorded bodies in memory, over all calls. Past it buffering is
    RESOURCE_EXHAUSTED. What has arrived counts, not what is announced. Administrative changes may fill a
    quarter of it, administrative questions a sixteenth, health and reflection together another sixteenth.
    """

    record_queue_length: Annotated[int, Field(ge=1, le=100_000_000)] = 65_536
    """Predictions waiting to be written to the journal. When it is full new ones are dropped and counted; no
    call ever waits.
    """

    onnx_threads: Annotated[int, Field(ge=1, le=256)] = 2
    """Threads that run ONNX models which are too slow to run on the thread of the call."""


class HttpLimits(Group):
    """What clients of the HTTP port may take up. Health is answered whatever else goes on."""

    max_connections: Annotated[int, Field(ge=1, le=100_000)] = 256
    """Open connections. Past it the oldest without a request in progress is closed, so that who asks at once
    is answered.
    """

    max_requests: Count = 64
    """Requests at a time, ``/health``, ``/livez``, ``/readyz`` and the API's description aside. Past it one
    is answered 503.
    """

    max_body_bytes: Annotated[int, Field(ge=1_024, le=2**31)] = 8 * 1024 * 1024
    """Bytes of one body, as it is sent. What is longer is for the gRPC port, which reads in pieces."""

    body_budget_bytes: Annotated[int, Field(ge=2**20, le=2**40)] = 64 * 1024 * 1024
    """Bytes of bodies in memory, over all requests. Past it one is answered 503. While a body is read, what
    it says takes several times as much.
    """

    head_seconds: Seconds = 10.0
    """Seconds for the head of a request to arrive whole. Then its connection is closed."""

    request_seconds: Seconds = 60.0
    """Seconds for a request to be answered, and for its client to take the answer. A call of the API gets
    95 % of it, whatever its client says, so that its end can still be told.
    """

    idle_seconds: Seconds = 30.0
    """Seconds that a connection may be open without a request."""

    upload_seconds: Annotated[float, Field(ge=1, le=86_400)] = 3600.0
    """Seconds for the upload of a file of outcomes, however long it is. Each part of it must come, and be
    taken, within ``request_seconds``.
    """
