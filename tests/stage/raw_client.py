"""A client that sends what no gRPC library would."""

import contextlib
import socket
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import h2.config
import h2.connection
import h2.events
import h2.settings

from .oip import INFER

PATIENCE_SECONDS = 15.0
FRAME_HEADER_BYTES = 9
GOAWAY = 7


@dataclass
class RawAnswer:
    """What came back on one stream."""

    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""
    reset: int | None = None
    is_complete: bool = False

    @property
    def status(self) -> int:
        assert "grpc-status" in self.headers, self
        return int(self.headers["grpc-status"])

    @property
    def message(self) -> str:
        return urllib.parse.unquote(self.headers.get("grpc-message", ""))


class RawClient:
    """One HTTP/2 connection.

    ``stream_window`` is how many bytes of an answer it has room for; HTTP/2's own number unless given.
    """

    def __init__(self, address: str, stream_window: int | None = None) -> None:
        host, port = address.rsplit(":", 1)
        self._authority = address
        self._socket = socket.create_connection((host, int(port)), PATIENCE_SECONDS)
        self._connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        if stream_window is not None:
            window = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: stream_window}
            self._connection.local_settings = h2.settings.Settings(client=True, initial_values=window)
        self._connection.initiate_connection()
        self._answers: dict[int, RawAnswer] = {}
        self._unread = b""
        self.is_going_away = False
        self.is_closed = False
        self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hangs up."""
        self._socket.close()

    def open(self, path: str = INFER, metadata: Iterable[tuple[str, str]] = ()) -> int:
        """Starts a call and answers its stream."""
        stream = self._connection.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", self._authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            *metadata,
        ]
        self._answers[stream] = RawAnswer()
        self._connection.send_headers(stream, headers)
        self._flush()
        return stream

    def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Sends data as the server's window allows; stops when the server answered and wants no more."""
        answer = self._answers[stream]
        while data:
            window = min(
                self._connection.local_flow_control_window(stream), self._connection.max_outbound_frame_size
            )
            if window <= 0:
                self._receive()
                if answer.is_complete or self.is_closed:
                    return
                continue
            piece, data = data[:window], data[window:]
            self._connection.send_data(stream, piece)
            self._flush()
        if end:
            self._connection.end_stream(stream)
            self._flush()

    def cancel(self, stream: int) -> None:
        """Tells the server that the call is not wanted any more."""
        self._connection.reset_stream(stream, 8)
        self._flush()

    def has_answered(self, stream: int) -> bool:
        """Whether the end of a stream has come in."""
        return self._answers[stream].is_complete

    def answer(self, stream: int) -> RawAnswer:
        """Waits for the end of a stream."""
        answer = self._answers[stream]
        while not answer.is_complete and not self.is_closed:
            self._receive()
        assert answer.is_complete, f"the connection closed first: {answer}"
        return answer

    def call(
        self, *pieces: bytes, path: str = INFER, metadata: Iterable[tuple[str, str]] = (), end: bool = True
    ) -> RawAnswer:
        """Makes a call with one data frame or more for each piece."""
        stream = self.open(path, metadata)
        for index, piece in enumerate(pieces):
            self.send(stream, piece, end=end and index == len(pieces) - 1)
        if end and not pieces:
            self._connection.end_stream(stream)
            self._flush()
        return self.answer(stream)

    def wait_for_close(self) -> None:
        """Waits until the server ends the connection."""
        while not self.is_closed:
            self._receive()

    def receive(self) -> None:
        """Takes in what the server says next."""
        self._receive()

    def _flush(self) -> None:
        self._socket.sendall(self._connection.data_to_send())

    def _receive(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            self.is_closed = True
            return
        for event in self._connection.receive_data(self._without_goaway(data)):
            self._take(event)
        # A server that has gone takes no more acknowledgements.
        with contextlib.suppress(OSError):
            self._flush()

    def _without_goaway(self, data: bytes) -> bytes:
        """Takes GOAWAY frames out: the library forgets the streams that such a server still finishes."""
        self._unread += data
        whole = b""
        while len(self._unread) >= FRAME_HEADER_BYTES:
            length = FRAME_HEADER_BYTES + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < length:
                break
            frame, self._unread = self._unread[:length], self._unread[length:]
            if frame[3] == GOAWAY:
                self.is_going_away = True
            else:
                whole += frame
        return whole

    def _take(self, event: h2.events.Event) -> None:
        answer = self._answers.get(getattr(event, "stream_id", 0) or 0)
        if answer is None:
            return
        if isinstance(event, h2.events.ResponseReceived | h2.events.TrailersReceived):
            answer.headers |= {name.decode(): value.decode() for name, value in event.headers}
        elif isinstance(event, h2.events.DataReceived):
            answer.data += event.data
            self._connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            answer.is_complete = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = int(event.error_code)
            answer.is_complete = True
