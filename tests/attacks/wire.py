"""What attacks have in common: TLS, HTTP/2 frames, and the programs under attack.

The clients speak by Python's ssl and hpack, not by the library that the orchestrator is made of, so that a fault of that library is not on both sides.
"""
import atexit
import json
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def tls(port, host="127.0.0.1", source="127.0.0.1", certificate=None):
    """A TLS connection that believes everybody; certificate: (file, key file)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    if certificate:
        context.load_cert_chain(*certificate)
    plain = socket.create_connection((host, port), timeout=10, source_address=(source, 0))
    return context.wrap_socket(plain)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def request(path, encoder=None):
    """The header block of a call."""
    return (encoder or hpack.Encoder()).encode(
        [(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "muster-orchestrator"), ("te", "trailers"),
         ("content-type", "application/grpc")])


class Connection:
    """HTTP/2 by hand. Does not acknowledge the other side's settings: limits in there hold for who is polite."""

    def __init__(self, port, **how):
        self.socket = tls(port, **how)
        self.sent = 0
        self.send(PREFACE + frame(SETTINGS, 0, 0))

    def send(self, data):
        """False when the other side has ended it."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        self.sent += len(data)
        return True

    def read_away(self):
        """What has come, unread; False at the end."""
        self.socket.settimeout(0.0)
        try:
            while True:
                if not self.socket.recv(65536):
                    return False
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(10)

    def close(self):
        self.socket.close()


class Orchestrator:
    """The program on a data directory of its own, on ports of the system's choice."""

    def __init__(self, binaries, *more):
        self.binaries = pathlib.Path(binaries)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-attack-"))
        self.data = self.folder / "data"
        self.log = self.folder / "orchestrator.log"
        self.run("muster-orchestrator", "init", "--data-dir", self.data, "--address", "127.0.0.1")
        ports = self.folder / "ports.json"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.binaries / "muster-orchestrator", "serve", "--data-dir", self.data, "--session-listen", "127.0.0.1:0",
                 "--bootstrap-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--port-file", ports, "--verify-poll", "1s", *more],
                stdout=subprocess.DEVNULL, stderr=log)
        atexit.register(self.process.kill)
        self.ports = json.loads(await_file(ports, self.process))

    def run(self, program, *arguments, check=True, **how):
        return subprocess.run([self.binaries / program, *map(str, arguments)], check=check, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=120, **how)

    def muster(self, *arguments, **how):
        return self.run("muster", *arguments, "--socket", self.data / "admin.sock", **how)

    def processes(self):
        """The orchestrator's and its children's ids."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [self.process.pid] + [int(pid) for file in children for pid in file.read_text().split()]

    def resident_mib(self):
        """Of all processes together; of none that has just ended."""
        sum_kib = 0
        for pid in self.processes():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            sum_kib += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")), 0)
        return sum_kib / 1024

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        if code == 0:
            shutil.rmtree(self.folder)
        return code


def await_file(path, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if path.exists():
            return path.read_text()
        time.sleep(0.05)
    raise SystemExit(f"error: {path} did not come; look into {path.parent}")


class Peak:
    """The most that a measure came to while it was looked at, every 20 ms."""

    def __init__(self, measure):
        self.most = measure()
        self.measure = measure
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.ended.wait(0.02):
            self.most = max(self.most, self.measure())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.ended.set()
        self.thread.join()


def default_binaries():
    top = pathlib.Path(__file__).resolve().parent.parent.parent
    return os.environ.get("MUSTER_BINARIES", top / "build" / "dev" / "bin")
