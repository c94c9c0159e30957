"""An HTTP server that answers with any bytes: half answers, endless ones, slow ones.

    server = Server(lambda request: answer(200, b"[]"))
    server.url, server.requests

The function gets a Request and returns bytes, or yields pieces of them; None closes the connection unanswered.
"""
import dataclasses
import json
import socket
import ssl
import threading


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: dict  # Names in lower case.
    body: bytes
    raw: bytes


def answer(status, body=b"", content_type="application/json", headers=(), reason="X", length=None):
    """The bytes of one answer. Header values may be bytes that are no text."""
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status} {reason}".encode()]
    if content_type:
        lines.append(b"Content-Type: " + content_type.encode())
    lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    for name, value in headers:
        lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def as_json(thing, **how):
    return answer(200, json.dumps(thing), **how)


class Server:
    """Listens from its making until stop(). certificate: (file, key file) for TLS."""

    def __init__(self, respond, host="127.0.0.1", port=0, certificate=None):
        self.respond = respond
        self.requests = []
        self.received = b""  # All that anybody sent, also what was no request.
        self.sent = 0
        self.connections = 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*map(str, certificate))
        self.stopping = threading.Event()
        self.listener = socket.create_server((host, port))
        self.host, self.port = host, self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://{self.host}:{self.port}"

    def stop(self):
        self.stopping.set()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(60)
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            buffer = b""
            while not self.stopping.is_set():
                request, buffer = self._read(connection, buffer)
                if request is None:
                    return
                self.requests.append(request)
                said = self.respond(request)
                if said is None:
                    return
                for piece in [said] if isinstance(said, bytes) else said:
                    if self.stopping.is_set():
                        return
                    connection.sendall(piece)
                    self.sent += len(piece)
                if not isinstance(said, bytes):
                    return
        except OSError:
            pass
        finally:
            connection.close()

    def _read(self, connection, buffer):
        def more():
            data = connection.recv(65536)
            self.received += data
            return data

        while b"\r\n\r\n" not in buffer:
            data = more()
            if not data:
                return None, b""
            buffer += data
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = (lines[0] + "  ").split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0") or 0)
        while len(buffer) < length:
            data = more()
            if not data:
                return None, b""
            buffer += data
        return Request(method, path, headers, buffer[:length], head + b"\r\n\r\n" + buffer[:length]), buffer[length:]
