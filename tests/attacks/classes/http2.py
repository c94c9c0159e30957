"""HTTP/2 and gRPC against the rules: floods, bombs, lies, half-open connections. At the door as a stranger; at the workers' listener as a bad worker."""
import concurrent.futures
import functools
import gzip
import itertools
import socket
import struct
import time

import floods
import hpack
from frame import http2, measure
from frame.attack import Succeeded, all_held, attack, held
from frame.certificates import Identity, new_key, request
from frame.http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS,
                         WINDOW_UPDATE, Connection, frame, settings)
from frame.proto import field

PATH = "/muster.worker.v1.Bootstrap/Enroll"
SECONDS = 3
MOST_MIB = 256  # Of orchestrator and door together, beyond rest.
ENDLESS = 2**30


@functools.cache
def block(path=PATH, more=()):
    return http2.request(path, more=more)


def call(stream, path=PATH, more=(), flags=END_HEADERS):
    return frame(HEADERS, flags, stream, block(path, tuple(more)))


def message(data, compressed=False, length=None):
    return struct.pack(">BI", compressed, len(data) if length is None else length) + data


def comes_in(world, seconds=20):
    """An honest machine comes in, if not at the first try: the door may have been started again."""
    name, token, until = world.server(), world.token(), time.monotonic() + seconds
    begin = time.monotonic()
    while True:
        made = world.enroll(token, name, seconds=5)
        if isinstance(made, Identity):
            return f"an honest machine came in after {time.monotonic() - begin:.1f} s"
        if time.monotonic() > until:
            raise Succeeded(f"nobody comes in any more: {made}")
        time.sleep(0.1)


def flooded(world, writes, *, connections=2, seconds=SECONDS, port="bootstrap", certificate=None, read=True, most=MOST_MIB, hello=None):
    """Sends what `writes` makes over some connections, anew when one is ended, and holds memory against its limit."""
    rest, before = world.orchestrator.resident_mib(), measure.cpu_seconds(world.orchestrator.processes())

    def one(at):
        until, sent = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            try:
                connection = Connection(world.ports[port], source=f"127.0.0.{2 + at}", certificate=certificate, hello=hello)
            except OSError:
                time.sleep(0.02)
                continue
            for data in writes():
                connection.socket.settimeout(1)
                if time.monotonic() > until or not connection.send(data) or read and not connection.read_away():
                    break
            sent += connection.sent
            connection.close()
        return sent

    with measure.Peak(world.orchestrator.resident_mib) as peak, concurrent.futures.ThreadPoolExecutor(connections) as pool:
        sent = sum(pool.map(one, range(connections))) / 2**20
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    held(peak.most - rest <= most, f"{sent:.1f} MiB sent, {peak.most - rest:.0f} MiB more memory")
    return f"{sent:.1f} MiB sent, {peak.most - rest:.0f} MiB more, {took:.1f} s of a processor; {comes_in(world)}"


def refused_with(world, *frames, seconds=2, hello=None, **how):
    """Frames that no peer may send: how the connection, or the call, ended; "ignored" when neither did."""
    connection = Connection(world.ports["bootstrap"], hello=hello, **how)
    connection.send(b"".join(frames))
    said, decoder = "", hpack.Decoder()
    for kind, _, stream, payload in connection.frames(seconds):
        if kind == GOAWAY:
            said = f"GOAWAY {struct.unpack('>I', payload[4:8])[0]}"
        elif kind == RST_STREAM:
            said = f"RST_STREAM {struct.unpack('>I', payload)[0]}"
        elif kind == HEADERS and stream:
            status = dict(decoder.decode(payload)).get("grpc-status")
            held(status not in (None, "0"), f"it is answered as a good call, {status}")
            said = f"status {status}"
        elif kind is None:
            said = said or "closed"
        if said:
            break
    connection.close()
    return said or "ignored"


# -- floods --


@attack("http2", "calls without end that never go on", "256 MiB more at most", quick=True)
def streams(world):
    return flooded(world, lambda: (b"".join(call(1 + 2 * at) for at in range(first, first + 200)) for first in range(0, ENDLESS, 200)))


@attack("http2", "calls opened and reset at once (CVE-2023-44487)", "256 MiB more at most")
def rapid_reset(world):
    return flooded(world, lambda: (b"".join(call(1 + 2 * at) + frame(RST_STREAM, 0, 1 + 2 * at, b"\0\0\0\x08") for at in range(first, first + 200))
                                   for first in range(0, ENDLESS, 200)))


@attack("http2", "calls that the server is made to reset (CVE-2025-8671)", "256 MiB more at most")
def made_you_reset(world):
    return flooded(world, lambda: (b"".join(call(1 + 2 * at) + frame(WINDOW_UPDATE, 0, 1 + 2 * at, b"\0\0\0\0") for at in range(first, first + 100))
                                   for first in range(0, ENDLESS, 100)))


@attack("http2", "header frames without end, small headers (CVE-2024-27316)", "256 MiB more at most", quick=True)
def continuation(world):
    header = b"\x00\x06x-more\x7f\xe1\x1e" + b"v" * 4000
    return flooded(world, lambda: itertools.chain([frame(HEADERS, 0, 1, http2.request(PATH))], itertools.repeat(frame(CONTINUATION, 0, 1, header * 4))))


@attack("http2", "header frames without end and without content (CVE-2019-9518)", "no memory, and others are served")
def empty_continuation(world):
    return flooded(world, lambda: itertools.chain([frame(HEADERS, 0, 1, http2.request(PATH))], itertools.repeat(frame(CONTINUATION, 0, 1) * 500)))


@attack("http2", "one header of 256 MiB", "256 MiB more at most")
def endless_header(world):
    return flooded(world, lambda: itertools.chain([frame(HEADERS, 0, 1, http2.request(PATH) + b"\x00\x06x-long\x7f\x81\xff\xff\x7f" + b"v" * 100)],
                                                  itertools.repeat(frame(CONTINUATION, 0, 1, b"v" * 16000))))


@attack("http2", "a bomb of headers: 4 kB in the table, named 16,000 times in each call (CVE-2016-6581)", "refused by the size that it unfolds to", quick=True)
def header_bomb(world):
    def writes():
        encoder = hpack.Encoder()
        yield frame(HEADERS, END_HEADERS, 1, http2.request(PATH, encoder) + b"\x40\x06x-bomb\x7f\xb1\x1e" + b"v" * 4000)
        for stream in range(3, ENDLESS, 2):
            yield frame(HEADERS, END_HEADERS, stream, http2.request(PATH, encoder) + b"\xbe" * 15000)

    return flooded(world, writes)


@attack("http2", "the header table made small and large again, 8,000 times in a block", "no memory, or an end of the connection")
def table_sizes(world):
    return flooded(world, lambda: (frame(HEADERS, END_HEADERS, stream, b"\x20\x3f\xe1\x1f" * 4000 + http2.request(PATH)) for stream in range(1, ENDLESS, 2)))


@attack("http2", "a header table of 4 GiB announced, then filled", "256 MiB more at most")
def large_table(world):
    def writes():
        for at in range(1, ENDLESS, 2):
            yield frame(HEADERS, END_HEADERS, at, http2.request(PATH) + b"".join(b"\x40\x06" + f"{at * 50 + i:06}"[-6:].encode() + b"\x7f\x81\x01" + b"v" * 256
                                                                                   for i in range(40)))

    return flooded(world, writes, hello=http2.PREFACE + settings((1, 2**32 - 1)))


@attack("http2", "a million pings, answers unread (CVE-2019-9512)", "256 MiB more at most")
def pings(world):
    return flooded(world, lambda: itertools.repeat(frame(PING, 0, 0, b"12345678") * 800), read=False)


@attack("http2", "settings without end, acknowledgements unread (CVE-2019-9515)", "256 MiB more at most")
def settings_flood(world):
    return flooded(world, lambda: itertools.repeat(settings((4, 65535), (3, 100)) * 500), read=False)


@attack("http2", "priorities in circles, of streams that nobody opened (CVE-2019-9513)", "no memory")
def priorities(world):
    return flooded(world, lambda: (b"".join(frame(PRIORITY, 0, 1 + 2 * at, struct.pack(">IB", 1 + 2 * (at + 1), 255)) for at in range(first, first + 500))
                                   for first in range(0, ENDLESS, 500)))


@attack("http2", "data without content, padding alone, on one call (CVE-2019-9518)", "no memory")
def empty_data(world):
    return flooded(world, lambda: itertools.chain([call(1)], itertools.repeat((frame(DATA, 0, 1) + frame(DATA, PADDED, 1, b"\0")) * 300)))


@attack("http2", "frames of kinds that do not exist, 16 kB each", "taken in and forgotten")
def unknown_frames(world):
    return flooded(world, lambda: itertools.chain([call(1)], itertools.repeat(frame(0xBE, 0xFF, 1, b"x" * 16000))))


@attack("http2", "data for calls that have ended", "256 MiB more at most")
def data_after_end(world):
    return flooded(world, lambda: itertools.chain([call(1) + frame(RST_STREAM, 0, 1, b"\0\0\0\x08")], itertools.repeat(frame(DATA, 0, 1, b"x" * 16000))))


@attack("http2", "messages of which only the last byte is missing, on every call that is allowed", "64 kB each, no more", quick=True)
def unfinished_messages(world):
    def writes():
        for stream in range(1, 4001, 2):
            yield call(stream) + b"".join(frame(DATA, 0, stream, part) for part in chunks(message(b"x" * 60_000, length=60_001)))

    def chunks(data):
        return [data[at:at + 16000] for at in range(0, len(data), 16000)]

    return flooded(world, writes)


@attack("http2", "messages that unfold: 60 kB of gzip that are 60 MiB", "refused before they are unfolded, or 256 MiB more at most", quick=True)
def gzip_bomb(world):
    bomb = message(gzip.compress(bytes(60 << 20), 9), compressed=True)

    def writes():
        for stream in range(1, ENDLESS, 2):
            yield call(stream, more=[("grpc-encoding", "gzip")]) + b"".join(
                frame(DATA, END_STREAM if at + 16000 >= len(bomb) else 0, stream, bomb[at:at + 16000]) for at in range(0, len(bomb), 16000))

    return flooded(world, writes)


@attack("http2", "window updates without end, of one byte", "no memory, and others are served")
def window_updates(world):
    return flooded(world, lambda: itertools.chain([call(1)], itertools.repeat(frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1") * 900)))


@attack("http2", "refused calls whose answers are never read", "256 MiB more at most")
def unread_answers(world):
    body = message(field(1, "A" * 43) + field(4, "x" * 250) + field(2, request(new_key())))
    return flooded(world, lambda: (b"".join(call(1 + 2 * at) + frame(DATA, END_STREAM, 1 + 2 * at, body) for at in range(first, first + 20))
                                   for first in range(0, ENDLESS, 20)), read=False)


@attack("http2", "the floods of door_memory one after the other, while another machine comes in", "each machine is served within 20 s", seconds=120)
def all_floods(world):
    seen = []
    for each in floods.ALL:
        end = time.monotonic() + 2
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = [pool.submit(each, world.ports["bootstrap"], end, f"127.0.0.{2 + at}") for at in range(2)]
            seen.append(comes_in(world))
            for one in running:
                one.result()
    return f"{len(seen)} machines came in"


# -- a worker that is in, and bad: what many connections of it cost is not bounded (docs/security.md), but nobody else may suffer --


def as_worker(world, writes):
    """Cut off after a megabyte; others are served meanwhile, and what it cost is given back."""
    member, other = world.member(), world.member()
    rest = world.orchestrator.resident_mib()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        flood = pool.submit(flooded, world, writes, port="session", certificate=member.files(), most=1024)
        begin = time.monotonic()
        said = world.session_says(other, other.name)
        took = time.monotonic() - begin
        seen = flood.result()
    held(said == "Welcome" and took < 5, f"another worker: {said} after {took:.1f} s")
    until = time.monotonic() + 20
    while world.orchestrator.resident_mib() - rest > MOST_MIB and time.monotonic() < until:
        time.sleep(0.2)
    left = world.orchestrator.resident_mib() - rest
    held(left <= MOST_MIB, f"{left:.0f} MiB are kept")
    return f"{seen}; another worker after {took:.1f} s; {left:.0f} MiB kept"


@attack("http2", "as a worker: calls without end that never go on", "cut off; others are served, the memory comes back", alone=True)
def worker_streams(world):
    path = "/muster.worker.v1.Session/Connect"
    return as_worker(world, lambda: (b"".join(call(1 + 2 * at, path) for at in range(first, first + 200)) for first in range(0, ENDLESS, 200)))


@attack("http2", "as a worker: calls opened and reset", "cut off; others are served, the memory comes back", alone=True)
def worker_resets(world):
    path = "/muster.worker.v1.Session/Connect"
    return as_worker(world, lambda: (b"".join(call(1 + 2 * at, path) + frame(RST_STREAM, 0, 1 + 2 * at, b"\0\0\0\x08") for at in range(first, first + 200))
                                     for first in range(0, ENDLESS, 200)))


@attack("http2", "as a worker: header frames without end", "cut off; others are served, the memory comes back", alone=True)
def worker_continuation(world):
    header = b"\x00\x06x-more\x7f\xe1\x1e" + b"v" * 4000
    return as_worker(world, lambda: itertools.chain([frame(HEADERS, 0, 1, http2.request("/muster.worker.v1.Session/Connect"))],
                                                    itertools.repeat(frame(CONTINUATION, 0, 1, header * 4))))


@attack("http2", "as a worker: messages that unfold, 60 kB to 60 MiB", "cut off; others are served, the memory comes back", alone=True)
def worker_gzip_bomb(world):
    bomb = message(gzip.compress(bytes(60 << 20), 9), compressed=True)

    def writes():
        for stream in range(1, ENDLESS, 2):
            yield call(stream, "/muster.worker.v1.Session/Connect", [("grpc-encoding", "gzip")]) + b"".join(
                frame(DATA, 0, stream, bomb[at:at + 16000]) for at in range(0, len(bomb), 16000))

    return as_worker(world, writes)


@attack("http2", "as an operator: 100 lists and reports, with a window of nothing", "256 MiB more at most; others are answered", alone=True)
def operator_zero_window(world):
    operator = world.operator("viewer")
    world.muster("server", "import", world.write("many.csv", "tenant,zone,name\n" + "".join(f"acme,prod,many-{at}\n" for at in range(5000))))
    rest = world.orchestrator.resident_mib()
    connections = [Connection(world.ports["admin"], certificate=operator.files(), hello=http2.PREFACE + settings((4, 0))) for _ in range(4)]
    body = message(b"")
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for connection in connections:
            for at in range(100):
                connection.send(call(1 + 2 * at, "/muster.admin.v1.ServerService/ListServers") + frame(DATA, END_STREAM, 1 + 2 * at, body))
        answer = world.admin(world.operator("viewer")).call("ListServers", seconds=30)
        held(answer.ok, f"another operator: {answer}")
        time.sleep(2)
    for connection in connections:
        connection.close()
    return held(peak.most - rest <= MOST_MIB, f"{peak.most - rest:.0f} MiB more")


# -- frames that lie --


@attack("http2", "frames that no client may send: pushed promises, even and falling stream numbers, stream 0's data", "an end of the call or the connection, or nothing; no good answer", quick=True)
def forbidden(world):
    return all_held(refused_with(world, *frames) for frames in (
        [call(1), frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + block())], [call(2)], [frame(DATA, 0, 0, b"x")], [frame(HEADERS, END_HEADERS, 0, block())],
        [frame(PING, 0, 1, b"12345678")], [frame(PING, 0, 0, b"123")], [frame(SETTINGS, 0, 1)], [frame(SETTINGS, 0, 0, b"12345")], [settings((4, 2**31))],
        [settings((5, 1))], [frame(CONTINUATION, END_HEADERS, 1, block())], [frame(HEADERS, 0, 1, block()), frame(DATA, 0, 1, b"x")],
        [frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff" + block())], [call(1), frame(RST_STREAM, 0, 1, b"12")]))


@attack("http2", "frames larger than what was agreed; lengths beyond what comes", "GOAWAY or closed, no memory")
def oversized(world):
    rest = world.orchestrator.resident_mib()
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        seen = [refused_with(world, call(1), frame(DATA, 0, 1, bytes(1 << 24)[:-1])) for _ in range(4)]
        waiting = []
        for _ in range(30):
            connection = Connection(world.ports["bootstrap"])
            connection.send(call(1) + frame(DATA, 0, 1, b"x", length=16384))
            waiting.append(connection)
        seen.append(comes_in(world))
        for connection in waiting:
            connection.close()
    held(peak.most - rest < 64, f"{peak.most - rest:.0f} MiB more")
    return all_held(seen)


@attack("http2", "windows beyond 2^31, twice; an increment of nothing for the connection", "an end of the call or the connection, or nothing; no good answer")
def window_overflow(world):
    huge = struct.pack(">I", 2**31 - 1)
    return all_held(refused_with(world, *frames) for frames in (
        [frame(WINDOW_UPDATE, 0, 0, huge) * 3], [call(1), frame(WINDOW_UPDATE, 0, 1, huge) * 3], [frame(WINDOW_UPDATE, 0, 0, bytes(4))]))


@attack("http2", "headers against the rules: capitals, line ends, pseudo-headers twice or late, Connection, Transfer-Encoding", "no call is answered as a good one")
def bad_headers(world):
    good = [(":method", "POST"), (":scheme", "https"), (":path", PATH), (":authority", "x"), ("te", "trailers"), ("content-type", "application/grpc")]
    body = message(field(1, "A" * 43) + field(4, "web") + field(2, request(new_key())))
    seen = []
    for headers in ([*good, ("X-Upper", "1")], [*good, ("x", "a\r\nb: c")], [*good, ("x\r\ny", "1")], [good[0], *good], good[2:], [*good[1:], (":method", "GET")],
                    [("te", "trailers"), *good], [*good, (":path", "/other")], [*good, (":status", "200")], [(":method", "CONNECT"), *good[1:]],
                    [*good, ("content-length", "99999999999999999999")], [*good[:2], (":path", PATH + "\0"), *good[3:]], [*good[:2], (":path", ""), *good[3:]]):
        connection = Connection(world.ports["bootstrap"])
        connection.send(frame(HEADERS, END_HEADERS, 1, hpack.Encoder().encode(headers)) + frame(DATA, END_STREAM, 1, body))
        decoder, status = hpack.Decoder(), "ended"
        for kind, _, _, payload in connection.frames(5):
            if kind == HEADERS:
                status = dict(decoder.decode(payload)).get("grpc-status", status)
                if status != "ended":
                    break
            if kind in (RST_STREAM, GOAWAY, None):
                break
        connection.close()
        seen.append(f"status {status}" if status != "ended" else status)
        held(status != "0", "answered as a good call")
    world.muster("audit", "list")
    return all_held(seen) + f"; {comes_in(world)}"


@attack("http2", "paths that are no methods: of other listeners, with ../, 8 kB long, of gRPC's own services", "UNIMPLEMENTED")
def paths(world):
    from frame.proto import wire
    client, seen = world.bootstrap(), []
    names = ["/muster.worker.v1.Session/Connect", "/muster.worker.v1.Session/Renew", "/muster.door.v1.Door/Ask", "/", "/../admin", PATH + "/", PATH.lower(),
             "/" + "x" * 7000, "/grpc.channelz.v1.Channelz/GetTopChannels", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]
    for path in names + [f"/{method.containing_service.full_name}/{method.name}" for method in wire().admin_methods()]:
        answer = client.call_path(path, b"", seconds=5)
        seen.append(held(answer.code in ("UNIMPLEMENTED", "CONNECTION", "RESOURCE_EXHAUSTED"), f"{path}: {answer}") and answer.code)
    return f"{len(seen)} paths: {all_held(seen)}"


@attack("http2", "messages whose length is a lie: 4 GiB, more than comes, less than comes, two in one call", "an error, no memory")
def message_lengths(world):
    rest, seen = world.orchestrator.resident_mib(), []
    good = field(1, "A" * 43) + field(4, "web") + field(2, request(new_key()))
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for body in (message(good, length=2**32 - 1), message(good, length=len(good) + 1), message(good, length=1), message(good) * 2, b"\xff" * 50, b"\0\0",
                     message(good, compressed=True), message(b"\x0a\xff\xff\xff\xff\x0f" + good)):
            connection = Connection(world.ports["bootstrap"])
            connection.send(call(1) + frame(DATA, END_STREAM, 1, body))
            decoder, status = hpack.Decoder(), "none"
            for kind, _, _, payload in connection.frames(5):
                if kind == HEADERS:
                    status = dict(decoder.decode(payload)).get("grpc-status", status)
                if kind in (RST_STREAM, GOAWAY, None) or status != "none":
                    break
            connection.close()
            held(status != "0", "answered as a good call")
            seen.append(f"status {status}")
    held(peak.most - rest < 64, f"{peak.most - rest:.0f} MiB more")
    return all_held(seen)


@attack("http2", "half-open: TLS and no preface, half a preface, a preface and silence, a call that never ends", "ended when their time is over", seconds=120)
def half_open(world):
    port = world.ports["bootstrap"]
    openings = {"no preface": b"", "half a preface": http2.PREFACE[:10], "a false preface": b"GET / HTTP/1.1\r\n\r\n", "no settings": http2.PREFACE}
    connections = {name: Connection(port, hello=data or b" "[:0]) for name, data in openings.items()}
    connections["silence"] = Connection(port)
    begin, seen, left = time.monotonic(), {}, dict(connections)
    while left and time.monotonic() - begin < 45:
        for name, connection in list(left.items()):
            if connection.ends_within(0.2):
                seen[name] = time.monotonic() - begin
                del left[name]
    for connection in connections.values():
        connection.close()
    held(not left, f"{', '.join(left)}: open after 45 s")
    return ", ".join(f"{name} {took:.0f} s" for name, took in seen.items())


@attack("http2", "the other side's end is never read: half-closed by the client", "ended, and its descriptor is free again", seconds=60)
def half_closed(world):
    before = measure.descriptors(world.orchestrator.door() or world.orchestrator.pid)
    connections = [Connection(world.ports["bootstrap"], source=f"127.0.0.{2 + at % 20}") for at in range(60)]
    for connection in connections:
        socket.socket.shutdown(connection.socket, socket.SHUT_WR)
    time.sleep(2)
    after = measure.descriptors(world.orchestrator.door() or world.orchestrator.pid)
    for connection in connections:
        connection.close()
    return held(after <= before + 10, f"{after - before} descriptors more")
