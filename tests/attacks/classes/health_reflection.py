"""Health and reflection: who may ask, what is told, what many open streams cost; and the plain HTTP of --health-listen."""
import socket
import time

from frame import http2, measure, tls
from frame.attack import all_held, attack, held, refused, tried
from frame.certificates import request
from frame.grpc import Closed
from frame.programs import await_that
from frame.proto import wire
from frame.world import Options

PROBE = "127.0.0.77"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def free_port():
    with socket.create_server((PROBE, 0)) as free:
        return free.getsockname()[1]


def WORLD():
    """The program tells nobody the port of its probes: it is chosen here."""
    return Options(flags=("--health-listen", f"{PROBE}:{free_port()}"))


def probe_address(world):
    world.orchestrator
    host, _, port = world.options.flags[1].rpartition(":")
    return host, int(port)


def http(world, request, seconds=8):
    with socket.create_connection(probe_address(world), timeout=seconds) as connection:
        back = b""
        try:
            connection.sendall(request)  # It may be ended before all of it is taken.
            while data := connection.recv(65536):
                back += data
        except OSError:
            pass
        return back.decode(errors="replace")


def watches(client, count, name="Health/Watch", request=None):
    """As many streams as a client may open at once by the other side's settings, `count` at most: those that were answered and stay, and those that were
    refused. Who does not wait for the settings opens more, and is cut off for it (impolite_watches)."""
    streams, until = [], time.monotonic() + 10 * measure.slowness()
    client.ensure()
    while client.h2.remote_settings.max_concurrent_streams > 1 << 31 and client.pump(until):
        pass
    most = client.h2.remote_settings.max_concurrent_streams
    tried(most <= 1 << 31, "its settings did not come")
    for _ in range(min(count, most)):
        stream = client.open(name)
        stream.send(request or wire().HealthCheckRequest())
        streams.append(stream)
    answered, refused = [], []
    for stream in streams:
        try:
            told = stream.read(10 * measure.slowness()) is not None  # Or its end, before that.
        except Closed:
            told = False
        (answered if told and not stream.over else refused).append(stream)
    return [stream for stream in answered if not stream.over and client.socket], refused


def impolite_watches(world, listener, certificate, count, path="/grpc.health.v1.Health/Watch", body=b""):
    """A connection that opens that many streams and keeps to no limit, for it never acknowledges one; and how many of them were answered with a message."""
    connection = http2.Connection(world.ports[listener], source=world.address(), certificate=certificate)
    block, message = http2.request(path), b"\0" + len(body).to_bytes(4, "big") + body
    sent = connection.send(b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, 1 + 2 * at, block) + http2.frame(http2.DATA, http2.END_STREAM, 1 + 2 * at, message)
                                    for at in range(count)))
    answered, ended = set(), set()
    for kind, flags, stream, _ in connection.frames(3):
        if kind == http2.DATA:
            answered.add(stream)
        if kind == http2.RST_STREAM or kind == http2.HEADERS and flags & http2.END_STREAM:
            ended.add(stream)
        if kind is None or kind == http2.GOAWAY:
            answered.clear()  # It is cut off: nothing stays.
            break
    return connection, sent, len(answered - ended)


@attack("health_reflection", "reflection at the workers' listener and at the door", "UNIMPLEMENTED", quick=True)
def reflection_of_workers(world):
    seen = []
    for client in (world.session(world.member()), world.bootstrap()):
        stream = client.open(REFLECTION)
        stream.send(wire().ServerReflectionRequest(list_services="*"))
        stream.read(5)
        seen.append(refused(stream.status(), "UNIMPLEMENTED"))
    return all_held(seen)


@attack("health_reflection", "reflection and health with a certificate of another listener's: a worker's at the operators', an operator's at the workers'", "refused; who may is told", quick=True)
def with_the_others_certificate(world):
    member, operator = world.member(), world.operator("viewer")

    def services(identity):
        stream = world.admin(identity).open(REFLECTION)
        stream.send(wire().ServerReflectionRequest(list_services="*"))
        said = stream.read(5)
        return bytes(said.list_services_response) if said is not None else stream.status()

    def health(client):
        answer = client.call("Health/Check", seconds=5)
        return answer if not answer.ok else b"told"

    tried(b"muster.admin" in services(operator), "an operator is not told, either")
    tried(health(world.admin(operator)) == b"told" and health(world.session(member)) == b"told", "health is told to nobody")
    return all_held(refused(answer, "E-AUTH-REQUIRED", "E-CERT-UNKNOWN", "UNAUTHENTICATED", "PERMISSION_DENIED")
                    for answer in (services(member), health(world.admin(member)), health(world.session(operator)), world.admin(member).call("WhoAmI")))


@attack("health_reflection", "health at the door: of services of other listeners, of names of 60 kB, of no UTF-8", "UNKNOWN or refused; nothing of them is told")
def health_names(world):
    client, seen = world.bootstrap(), []
    for name in ("muster.worker.v1.Session", "muster.admin.v1.ServerService", "x" * 60_000, "", "\0", "muster.worker.v1.Bootstrap"):
        answer = client.call("Health/Check", service=name, seconds=5)
        seen.append(f"{name[:28]!r}: {answer}")
        held(not name.startswith(("muster.admin", "muster.worker.v1.S", "x")) or not answer.ok, seen[-1])
    tried(answer.ok and answer.message.status == 1, f"its own service: {answer}")
    return all_held(seen)


OF_ONE = 8  # Watching streams of one peer, by its key, over all its connections (docs/security.md).


@attack("health_reflection", "a worker opens health streams on 6 connections, as many as it may, and 1,000 on each of two that keep to no limit", "8 for one peer, no thread more; others are served", quick=True)
def many_watches(world):
    member, rude_one, other = world.member(), world.member(), world.member()
    pid, rest = world.orchestrator.pid, world.orchestrator.resident_mib()
    before = measure.threads(pid)
    clients = [world.session(member) for _ in range(6)]
    each = [watches(client, 1000) for client in clients]
    answered, turned_away = (sum(len(one[at]) for one in each) for at in (0, 1))
    impolite = [impolite_watches(world, "session", rude_one.files(), 1000) for _ in range(2)]
    tried(answered >= 1 and turned_away >= 30 and all(sent for _, sent, _ in impolite), f"{answered} answered, {turned_away} turned away; sent: {[sent for _, sent, _ in impolite]}")
    after = measure.threads(pid)
    said = world.session_says(other, other.name)
    grown = world.orchestrator.resident_mib() - rest
    for one in (*clients, *(connection for connection, _, _ in impolite)):
        one.close()
    rude = sum(stay for _, _, stay in impolite)
    held(answered <= OF_ONE and rude <= OF_ONE, f"{answered} stay over 6 connections; {rude} over two that keep to no limit")
    held(said == "Welcome" and after - before <= 4 and grown < 128, f"{after - before} threads, {grown:.0f} MiB more, another worker: {said}")
    return f"{answered} stay, {turned_away} turned away; {rude} stay where no limit is kept; {after - before} threads and {grown:.0f} MiB more"


@attack("health_reflection", "a viewer opens 100 reflection streams on each of 6 connections and says nothing more", "8 for one peer, no thread more; operators and root are served")
def many_reflections(world):
    viewer = world.operator("viewer")
    pid = world.orchestrator.pid
    before = measure.threads(pid)
    clients = [world.admin(viewer) for _ in range(6)]
    each = [watches(client, 100, REFLECTION, wire().ServerReflectionRequest(list_services="*")) for client in clients]
    answered, turned_away = (sum(len(one[at]) for one in each) for at in (0, 1))
    tried(answered >= 1 and turned_away >= 100, f"{answered} answered, {turned_away} turned away")
    after = measure.threads(pid)
    answer = world.admin(world.operator("viewer")).call("ListServers", seconds=5)
    root = world.admin().call("GetStatus", seconds=5)
    for client in clients:
        client.close()
    held(answer.ok and root.ok, f"another operator: {answer}, root: {root}; {after - before} threads more")
    held(answered <= OF_ONE and after - before <= 4, f"{answered} stay, {after - before} threads more")
    gone = await_that(lambda: measure.threads(pid) <= before + 4, 20)
    return held(gone, f"{answered} stay, {turned_away} turned away, {after - before} threads more, then {measure.threads(pid) - before}")


@attack("health_reflection", "health streams that stay open when the operator is revoked and the worker evicted", "nothing but the listener's status is told over them; all else is refused")
def watch_after_revocation(world):
    operator, member, seen = world.operator("viewer"), world.member(), []
    clients = {"operator": world.admin(operator), "worker": world.session(member)}
    streams = {}
    for who, client in clients.items():
        streams[who] = client.open("Health/Watch")
        streams[who].send(wire().HealthCheckRequest())
        streams[who].end()
        first = streams[who].read(5)
        tried(first is not None and first.status == 1, f"{who}: {streams[who].status()}")
    world.muster("operator", "revoke", operator.name, "--yes")
    world.muster("server", "evict", member.server_id)
    for who, stream in streams.items():
        told = []
        try:
            while (said := stream.read(3)) is not None:
                told.append(said)
        except Closed:
            pass
        held(all(len(said.SerializeToString()) <= 2 for said in told), f"{who}: {told}")
        seen.append(f"{who}: {len(told)} statuses more, {'ended' if stream.over or clients[who].socket is None else 'stays'}")
    after = refused(clients["operator"].call("ListServers"), "E-AUTH-REVOKED")
    again = refused(world.session(member).call("Session/Renew", certificate_request_pem=request(member.key)), "E-CERT-REVOKED")
    return "; ".join(seen) + f"; then {after}, {again}"


@attack("health_reflection", "the orchestrator is stopped while streams are open on every listener", "ends in time, with 0", alone=True)
def stop_with_watches(world):
    clients = [world.session(world.member()), world.admin(world.operator("viewer")), world.bootstrap(), world.admin()]
    streams = [stream for client in clients for stream in watches(client, 3)[0]]
    streams += watches(clients[1], 5, REFLECTION, wire().ServerReflectionRequest(list_services="*"))[0]
    tried(len(streams) >= 8, f"{len(streams)} streams are open")
    begin = time.monotonic()
    code = world.orchestrator.stop(40)
    took = time.monotonic() - begin
    world.orchestrator.start()
    return held(code == 0 and took < 20 * measure.slowness(), f"{len(streams)} streams, ended with {code} after {took:.1f} s")


@attack("health_reflection", "the plain probe: other paths, ../, POST with a body, 1 MiB of headers, HTTP/2, smuggled requests", "404, 405, or ended; nothing of a tenant", quick=True)
def probe_requests(world):
    world.member()
    world.orchestrator
    seen = []
    for sent in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /../../etc/passwd HTTP/1.0\r\n\r\n", b"GET /metrics HTTP/1.0\r\n\r\n",
                    b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", b"GET /healthz HTTP/1.1\r\n" + b"X: " + b"x" * (1 << 20) + b"\r\n\r\n",
                    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
                    b"\x16\x03\x01\x02\x00\x01" + bytes(200), b"GET /readyz?" + b"a" * 3000 + b" HTTP/1.0\r\n\r\n", b"DELETE /readyz HTTP/1.0\r\n\r\n"):
        back = http(world, sent)
        held("acme" not in back and "root:" not in back and "secret" not in back and back.count("HTTP/1") <= 1, back)
        seen.append(back.split(" ", 2)[1] if back.startswith("HTTP") else "ended")
    held(http(world, b"GET /healthz HTTP/1.0\r\n\r\n").startswith("HTTP/1.0 200"), "the probe is gone")
    return all_held(seen)


# 64 connections at once, 5 s for each: the 301st has its turn after four times that.
PROBE_SECONDS = 25


@attack("health_reflection", "300 slow and silent connections to the plain probe", "an honest probe is answered when those before it have had their 5 s; no descriptor is kept", seconds=60)
def probe_slow(world):
    before = measure.descriptors(world.orchestrator.pid)
    quick = time.monotonic()
    http(world, b"GET /healthz HTTP/1.0\r\n\r\n")
    quick = time.monotonic() - quick
    slow = [socket.create_connection(probe_address(world)) for _ in range(300)]
    for connection in slow:
        connection.sendall(b"GET /heal")
    begin = time.monotonic()
    back = http(world, b"GET /healthz HTTP/1.0\r\n\r\n", 45)
    took = time.monotonic() - begin
    most = measure.descriptors(world.orchestrator.pid) - before
    for connection in slow:
        connection.close()
    held(back.startswith("HTTP/1.0 200") or back.startswith("HTTP/1.1 200"), back or "no answer")
    tried(took > 2 * quick, f"after {took:.2f} s, as without them: they were in nobody's way")
    held(took < PROBE_SECONDS * measure.slowness() and most < 100, f"after {took:.0f} s, {most} descriptors")
    gone = await_that(lambda: measure.descriptors(world.orchestrator.pid) <= before + 10, 20)
    return held(gone, f"answered after {took:.0f} s, {most} descriptors at most, then {measure.descriptors(world.orchestrator.pid) - before}")


@attack("health_reflection", "health asked 4,000 times in a row by a worker, pipelined", "answered, limited, or cut off; others are served")
def health_flood(world):
    member, other = world.member(), world.member()
    connection = http2.Connection(world.ports["session"], source=world.address(), certificate=member.files())
    block, asked = http2.request("/grpc.health.v1.Health/Check"), 0
    for first in range(0, 4000, 100):
        data = b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, 1 + 2 * at, block) + http2.frame(http2.DATA, http2.END_STREAM, 1 + 2 * at, bytes(5))
                        for at in range(first, first + 100))
        if not connection.send(data) or not connection.read_away():
            break
        asked += 100
    tried(asked >= 1000, f"asked {asked} times")
    begin = time.monotonic()
    said = world.session_says(other, other.name)
    took = time.monotonic() - begin
    connection.close()
    return held(said == "Welcome" and took < 5 * measure.slowness(), f"asked {asked} times, {'all' if asked == 4000 else 'then cut off'}; another worker: {said} after {took:.1f} s")


@attack("health_reflection", "the plain probe and the health of TLS listeners are looked at for versions, names, paths", "nothing")
def banners(world):
    member = world.member()
    told = http(world, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n") + http(world, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
    client = world.session(member)
    stream = client.open("Health/Check")
    stream.send(wire().HealthCheckRequest())
    stream.end()
    stream.read(5)
    told += str(stream.headers)
    with tls.connect(world.ports["bootstrap"]) as connection:
        names = str(connection.getpeercert(True))
    leaks = [word for word in ("0.1.0", "grpc/", "Beast", str(world.folder), "muster.db", socket.gethostname()) if word and word in told]
    return held(not leaks and str(world.folder) not in names, f"it tells {leaks}" if leaks else "nothing")
