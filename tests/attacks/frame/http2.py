"""HTTP/2 by hand: frames that no library would send."""
import os
import socket
import ssl
import struct
import time

import hpack

from . import tls

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1


def frame(kind, flags, stream, payload=b"", length=None):
    """`length`: what the frame says of its payload, when that is a lie."""
    return struct.pack(">I", len(payload) if length is None else length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", name, value) for name, value in pairs))


def request(path, encoder=None, more=()):
    """The header block of a call."""
    return (encoder or hpack.Encoder()).encode(
        [(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "muster-orchestrator"), ("te", "trailers"),
         ("content-type", "application/grpc"), *more])


class Connection:
    """Does not acknowledge the other side's settings: limits in there hold for who is polite."""

    def __init__(self, port, hello=None, **how):
        self.socket = tls.connect(port, **how)
        self.sent, self.received, self.buffer = 0, 0, b""
        self.send(PREFACE + frame(SETTINGS, 0, 0) if hello is None else hello)

    def send(self, data):
        """False when the other side has ended it, or takes in nothing any more."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        self.sent += len(data)
        return True

    def read_away(self):
        """What has come, unread; False at the end."""
        patience = self.socket.gettimeout()
        self.socket.settimeout(0.0)
        try:
            while True:
                data = self.socket.recv(65536)
                if not data:
                    return False
                self.received += len(data)
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(patience)

    def frames(self, seconds):
        """The frames that come in that time, as (kind, flags, stream, payload); ends with (None, …) when the other side ends the connection."""
        until = time.monotonic() + seconds
        while True:
            while len(self.buffer) >= 9 and len(self.buffer) >= 9 + (length := int.from_bytes(self.buffer[:3], "big")):
                head, payload, self.buffer = self.buffer[:9], self.buffer[9:9 + length], self.buffer[9 + length:]
                yield head[3], head[4], struct.unpack(">I", head[5:])[0] & 0x7FFFFFFF, payload
            left = until - time.monotonic()
            if left <= 0:
                return
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except (TimeoutError, ssl.SSLWantReadError):
                return
            except OSError:
                data = b""
            if not data:
                yield None, 0, 0, b""
                return
            self.received += len(data)
            self.buffer += data

    def ends_within(self, seconds):
        """How the other side ended this connection in that time: the words of its GOAWAY, "closed", or "" when it did not."""
        said = ""
        for kind, _, _, payload in self.frames(seconds):
            if kind == GOAWAY:
                code = struct.unpack(">I", payload[4:8])[0]
                said = f"GOAWAY {code} {payload[8:].decode(errors='replace')}".strip()
            elif kind is None:
                return said or "closed"
        return ""

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass

    def abort(self):
        """Ends it with a reset instead of a farewell."""
        plain = socket.socket(fileno=os.dup(self.socket.fileno()))
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.detach()
        plain.close()
