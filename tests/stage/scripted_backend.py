"""A backend that speaks HTTP/2 well until a ModelInfer arrives, and then does what a test's script says."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from tritonclient.grpc import service_pb2

from .oip import INFER, SERVICE, framed
from .ports import free_port

Headers = Iterable[tuple[str, str]]

GOOD_HEADERS = ((":status", "200"), ("content-type", "application/grpc"))
GOOD_TRAILERS = (("grpc-status", "0"),)


@dataclass
class Exchange:
    """One call that a script answers."""

    connection: h2.connection.H2Connection
    socket: socket.socket
    stream: int
    metadata: dict[str, str]

    def headers(self, headers: Headers = GOOD_HEADERS, *, end: bool = False) -> None:
        self.connection.send_headers(self.stream, list(headers), end_stream=end)
        self.flush()

    def data(self, data: bytes, *, end: bool = False) -> None:
        while data:
            piece, data = data[:16_000], data[16_000:]
            self.connection.send_data(self.stream, piece, end_stream=end and not data)
        self.flush()

    def trailers(self, trailers: Headers = GOOD_TRAILERS) -> None:
        self.headers(trailers, end=True)

    def answer(self, message: bytes) -> None:
        self.headers()
        self.data(framed(message))
        self.trailers()

    def reset(self) -> None:
        self.connection.reset_stream(self.stream, 2)
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.connection.data_to_send())

    def die(self) -> None:
        """Ends the connection without a word."""
        self.socket.shutdown(socket.SHUT_RDWR)


Script = Callable[[Exchange], None]


def echo(exchange: Exchange) -> None:
    """Answers like a model."""
    exchange.answer(service_pb2.ModelInferResponse(model_name="m").SerializeToString())


class ScriptedBackend:
    """Listens on a port of its own, or on a given one; the script may be changed at any time."""

    def __init__(self, script: Script = echo, port: int = 0) -> None:
        self.script = script
        self.calls = 0
        self.reset_streams = threading.Semaphore(0)
        self._listener = socket.create_server(("127.0.0.1", port or free_port()), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.target = f"127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stops listening and breaks every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connected in list(self._open):
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        self._open.add(connected)
        with connected, contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            self._speak(connected)
        self._open.discard(connected)

    def _speak(self, connected: socket.socket) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        many = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 10_000}
        connection.local_settings = h2.settings.Settings(client=False, initial_values=many)
        connection.initiate_connection()
        connected.sendall(connection.data_to_send())
        heads: dict[int, dict[str, str]] = {}
        while data := connected.recv(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    heads[event.stream_id] = {
                        name.decode(): value.decode(errors="replace") for name, value in event.headers
                    }
                elif isinstance(event, h2.events.DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamReset):
                    self.reset_streams.release()
                elif isinstance(event, h2.events.StreamEnded):
                    head = heads.pop(event.stream_id)
                    self._answer(Exchange(connection, connected, event.stream_id, head))
            connected.sendall(connection.data_to_send())

    def _answer(self, exchange: Exchange) -> None:
        path = exchange.metadata[":path"]
        if path == INFER:
            self.calls += 1
            self.script(exchange)
        elif path == SERVICE + "ModelReady":
            exchange.answer(service_pb2.ModelReadyResponse(ready=True).SerializeToString())
        else:
            exchange.answer(service_pb2.ModelMetadataResponse(name="m", platform="x").SerializeToString())


class RawBackend:
    """Accepts connections and does with each what a function says: for peers that speak no HTTP/2."""

    def __init__(self, serve: Callable[[socket.socket], None], port: int = 0) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", port or free_port()), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.target = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(connected,), daemon=True).start()

    def _speak(self, connected: socket.socket) -> None:
        with connected, contextlib.suppress(OSError):
            self._serve(connected)
