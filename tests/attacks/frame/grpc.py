"""gRPC by Python's h2, h2 being no part of the programs under attack. One thread; calls block until an answer or the time is over.

    client = Client(lambda: tls.connect(port, …))
    answer = client.call("CreateToken", zone_id="acme/prod")     # answer.code, .text, .failure, .message
    stream = client.open("Connect"); stream.send(message); stream.read()
"""
import collections
import re
import ssl
import struct
import time
import urllib.parse

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from . import measure
from .http2 import END_HEADERS, END_STREAM, HEADERS, RST_STREAM
from .proto import wire

CODES = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
         "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
         "UNAUTHENTICATED"]
FAILURE = re.compile(r"E-[A-Z]+(?:-[A-Z]+)+")
SECONDS = 20


class Answer:
    """code: gRPC's name of it; CONNECTION when there was no call, because TLS or HTTP/2 said no; NOTHING when time was over."""

    def __init__(self, code, text="", message=None, data=b""):
        self.code, self.text, self.message, self.data = code, text, message, data

    @property
    def failure(self):
        found = FAILURE.search(self.text)
        return found.group(0) if found else ""

    @property
    def ok(self):
        return self.code == "OK"

    def __str__(self):
        return self.failure or (f"{self.code}: {self.text[:90]}" if self.code in ("CONNECTION", "UNKNOWN", "INTERNAL") and self.text else self.code)


class Closed(Exception):
    """The connection has ended; says how."""


class Client:
    """One connection, made at the first call. `connect` returns a socket that speaks HTTP/2."""

    def __init__(self, connect, authority="muster-orchestrator"):
        self.connect, self.authority = connect, authority
        self.socket, self.h2, self.streams, self.unread = None, None, {}, b""

    # -- calls --

    def call(self, method, request=None, /, *, seconds=SECONDS, metadata=(), **fields):
        """One call of a method: its request message, or the message's fields, or bytes as they are."""
        if request is None:
            request = wire().request_of(method)(**fields)
        data = request if isinstance(request, bytes) else request.SerializeToString()
        answer = self.call_path(wire().path(method), data, seconds=seconds, metadata=metadata)
        if answer.ok:
            answer.message = wire().answer_of(method).FromString(answer.data)
        return answer

    def call_path(self, path, data, *, seconds=SECONDS, metadata=()):
        try:
            stream = Stream(self, path, None, metadata)
            stream.send(data)
            stream.end()
            patience = seconds * measure.slowness()
            message = stream.read(patience)
            if message is not None:
                stream.read(patience)
            return stream.status(message or b"")
        except Closed as closed:
            return Answer("CONNECTION", str(closed))

    def open(self, name, metadata=()):
        """A stream. Raises Closed."""
        return Stream(self, wire().path(name), wire().answer_of(name), metadata)

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.h2, self.streams, self.unread = None, None, {}, b""

    # -- the connection --

    def ensure(self):
        if self.socket:
            return
        try:
            self.socket = self.connect()
        except OSError as error:
            raise Closed(f"no connection: {error}") from error
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if not data:
            return
        try:
            self.socket.settimeout(SECONDS)
            self.socket.sendall(data)
        except OSError as error:
            raise self._ended(error) from error

    def pump(self, until):
        """Takes in what has come. Waits for something; False when the time is over."""
        left = until - time.monotonic()
        if left <= 0:
            return False
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except OSError as error:
            raise self._ended(error) from error
        if not data:
            raise self._ended("closed by the other side")
        self.unread += data
        while len(self.unread) >= 9 and len(self.unread) >= (whole := 9 + int.from_bytes(self.unread[:3], "big")):
            frame, self.unread = self.unread[:whole], self.unread[whole:]
            try:
                if self.belated(frame):
                    continue
                events = self.h2.receive_data(frame)
            except h2.exceptions.ProtocolError as error:
                raise self._ended(error) from error
            for event in events:
                self.take(event)
        self.flush()
        return True

    def belated(self, frame):
        """Whether it is more for a call that has ended: gRPC 1.51 ends one a second time whose headers were too large, and h2 the connection for that."""
        kind, flags = frame[3:5]
        stream = self.streams.get(int.from_bytes(frame[5:9], "big"))
        if stream is None or not stream.over or kind not in (HEADERS, RST_STREAM):
            return False
        if kind == HEADERS and not flags & ~(END_STREAM | END_HEADERS):
            self.h2.decoder.decode(frame[9:])  # Its table goes on.
        return True

    def take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            for each in self.streams.values():
                each.over = each.over or f"GOAWAY {event.error_code} {(event.additional_data or b'').decode(errors='replace')}"
        elif stream is None:
            return
        elif isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
            stream.headers.update(dict(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            stream.buffer += event.data
            if event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            stream.over = f"RST_STREAM {h2.errors.ErrorCodes(event.error_code).name if event.error_code < 14 else event.error_code}"
        if isinstance(event, h2.events.StreamEnded):
            stream.over = stream.over or "end"

    def _ended(self, why):
        text = str(why)
        self.close()
        return Closed(text)


class Stream:
    """One call. Messages that were read and not asked for yet wait in `ready`."""

    def __init__(self, client, path, answer_class, metadata=()):
        client.ensure()
        self.client, self.answer_class = client, answer_class
        self.headers, self.buffer, self.ready, self.over = {}, b"", collections.deque(), None
        try:
            self.id = client.h2.get_next_available_stream_id()
            client.streams[self.id] = self
            client.h2.send_headers(self.id, [(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", client.authority),
                                             ("te", "trailers"), ("content-type", "application/grpc"), *metadata])
        except h2.exceptions.ProtocolError as error:
            raise client._ended(error) from error
        client.flush()

    def send(self, message, compressed=False):
        data = message if isinstance(message, bytes) else message.SerializeToString()
        self.send_raw(struct.pack(">BI", compressed, len(data)) + data)

    def send_raw(self, data):
        until = time.monotonic() + SECONDS
        while data and not self.over:
            try:
                room = min(self.client.h2.local_flow_control_window(self.id), self.client.h2.max_outbound_frame_size)
                if room <= 0:
                    if not self.client.pump(until):
                        raise self.client._ended("no room to send")
                    continue
                self.client.h2.send_data(self.id, data[:room])
            except h2.exceptions.NoSuchStreamError:  # It has ended; the status tells how.
                return
            except h2.exceptions.ProtocolError as error:
                raise self.client._ended(error) from error
            data = data[room:]
            self.client.flush()

    def end(self):
        if self.over:
            return
        try:
            self.client.h2.end_stream(self.id)
        except h2.exceptions.ProtocolError:
            return
        self.client.flush()

    def cancel(self):
        if self.client.h2 and not self.over:
            self.client.h2.reset_stream(self.id, 8)
            self.client.flush()

    def read(self, seconds=SECONDS):
        """The next message: of the answer's class, or bytes when there is none. None at the end, or when time is over. Raises Closed."""
        until = time.monotonic() + seconds
        while True:
            if len(self.buffer) >= 5:
                length = struct.unpack(">I", self.buffer[1:5])[0]
                if len(self.buffer) >= 5 + length:
                    data, self.buffer = self.buffer[5:5 + length], self.buffer[5 + length:]
                    return self.answer_class.FromString(data) if self.answer_class else data
            if self.over or self.client.h2 is None or not self.client.pump(until):
                return None

    def status(self, data=b""):
        """How the call ended, or NOTHING when it has not."""
        code = self.headers.get("grpc-status")
        if code is not None:
            name = CODES[int(code)] if code.isdigit() and int(code) < len(CODES) else code
            return Answer(name, urllib.parse.unquote(self.headers.get("grpc-message", "")), data=data)
        if self.over and self.over != "end":
            return Answer("CONNECTION", self.over)
        if self.over:
            return Answer("UNKNOWN", f"HTTP {self.headers.get(':status')} without a status")
        return Answer("NOTHING", "no answer in time")
